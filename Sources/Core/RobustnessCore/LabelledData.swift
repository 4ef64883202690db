/// Labelled inputs as they are stored: what is read from a file, trained on, evaluated on and written.
///
/// Inputs become `Double` where an attack or a report needs them: as ``values``, or as ``Examples``.
public struct LabelledData: Sendable, Hashable {
  /// The inputs one after the other, each in C order.
  public let inputs: StoredNumbers
  /// Shape of one input; (channels, rows, columns) for images.
  public let inputShape: [Int]
  /// The class of each input, from 0.
  public let labels: [Int]
  /// The smallest and the largest value that an input may have; from −∞ to ∞ where nobody has said.
  public let inputBounds: ClosedRange<Double>

  /// Keeps inputs and labels together.
  ///
  /// - Parameters:
  ///   - inputs: As many numbers as `inputShape` and `labels` ask for.
  ///   - inputShape: Shape of one input.
  ///   - labels: One class for each input, from 0.
  ///   - inputBounds: The smallest and the largest value that an input may have.
  public init(
    inputs: StoredNumbers, inputShape: [Int], labels: [Int],
    inputBounds: ClosedRange<Double> = -.infinity ... .infinity
  ) {
    precondition(inputs.count == labels.count * inputShape.reduce(1, *), "one input of the shape for each label")
    self.inputs = inputs
    self.inputShape = inputShape
    self.labels = labels
    self.inputBounds = inputBounds
  }

  /// Number of examples.
  public var count: Int { labels.count }
  /// Numbers in one input.
  public var inputSize: Int { inputShape.reduce(1, *) }
  /// `[n]` and the shape of one input.
  public var shape: [Int] { [count] + inputShape }

  /// The numbers that the inputs mean: bytes divided by 255; of others, what rounding has moved across the bounds lies
  /// on them.
  public var values: [Double] {
    if case .bytes = inputs { return inputs.values }
    return inputs.values.map { min(max($0, inputBounds.lowerBound), inputBounds.upperBound) }
  }

  /// The examples named by `indices`, in that order, as they are stored.
  public func subset(_ indices: [Int]) -> LabelledData {
    precondition(indices.allSatisfy { (0..<count).contains($0) }, "an index beyond the \(count) examples")
    return LabelledData(
      inputs: inputs.rows(indices, size: inputSize), inputShape: inputShape, labels: indices.map { labels[$0] },
      inputBounds: inputBounds)
  }

  /// The same numbers in another box: ``values`` lie within it.
  public func within(_ inputBounds: ClosedRange<Double>) -> LabelledData {
    LabelledData(inputs: inputs, inputShape: inputShape, labels: labels, inputBounds: inputBounds)
  }

  /// The examples named by `indices`, in that order, as numbers between the bounds; their identifiers are the indices.
  ///
  /// Eight bytes for each number: all of MNIST takes 376 MB.
  ///
  /// - Parameter indices: Positions of examples; nil for all.
  public func examples(_ indices: [Int]? = nil) -> Examples {
    let chosen = indices.map(subset) ?? self
    return Examples(
      inputs: Tensor(shape: chosen.shape, elements: chosen.values), labels: chosen.labels, identifiers: indices)
  }
}
