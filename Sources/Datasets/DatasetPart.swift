public import PosteriorFiles
public import RobustnessCore

/// Labelled inputs of one kind: those to train on, or those to test on.
///
/// Inputs are kept as they are stored, one byte or four bytes for each number, and become `Double` where they are used.
public struct DatasetPart: Sendable, Hashable {
  /// The inputs in C order: bytes, each of which means its value divided by 255, or numbers in single precision.
  public let inputs: StoredInputs
  /// Shape of one input; (channels, rows, columns) for images.
  public let inputShape: [Int]
  /// The class of each input, from 0.
  public let labels: [Int]
  /// The smallest and the largest value that an input may have.
  public let inputBounds: ClosedRange<Double>
  /// Names the data: the digest that the posterior format calls `data_sha256`, in hexadecimal.
  public let sha256: String
  /// How these examples were chosen from more, if they were.
  public let selection: ExampleSelection?

  /// Keeps inputs and labels together, and computes their digest.
  ///
  /// - Parameters:
  ///   - inputs: As many numbers as `inputShape` and `labels` ask for.
  ///   - inputShape: Shape of one input.
  ///   - labels: One class for each input, from 0.
  ///   - inputBounds: The smallest and the largest value that an input may have.
  ///   - selection: How these examples were chosen from more, if they were.
  public init(
    inputs: StoredInputs, inputShape: [Int], labels: [Int], inputBounds: ClosedRange<Double>,
    selection: ExampleSelection? = nil
  ) {
    precondition(inputs.count == labels.count * inputShape.reduce(1, *), "one input of the shape for each label")
    self.inputs = inputs
    self.inputShape = inputShape
    self.labels = labels
    self.inputBounds = inputBounds
    self.selection = selection
    sha256 = StoredEvaluationData(inputs: inputs, labels: labels).sha256(inputShape: inputShape)
  }

  /// Number of examples.
  public var count: Int { labels.count }
  /// Numbers in one input.
  public var inputSize: Int { inputShape.reduce(1, *) }

  /// What a posterior file stores.
  public var stored: StoredEvaluationData { StoredEvaluationData(inputs: inputs, labels: labels) }

  /// The examples named by `indices`, in that order, as numbers between the bounds; their identifiers are the indices.
  ///
  /// Eight bytes for each number: all of MNIST takes 376 MB.
  ///
  /// - Parameter indices: Positions in this part; nil for all.
  public func examples(_ indices: [Int]? = nil) -> Examples {
    let indices = indices ?? Array(0..<count)
    let size = inputSize
    var values: [Double] = []
    values.reserveCapacity(indices.count * size)
    for index in indices {
      precondition((0..<count).contains(index), "example \(index) of \(count)")
      let range = index * size..<(index + 1) * size
      switch inputs {
      case .bytes(let bytes): for value in bytes[range] { values.append(Double(value) / 255) }
      case .floats(let floats):
        // Rounding to single precision may have moved a number across the bounds.
        for value in floats[range] {
          values.append(min(max(Double(value), inputBounds.lowerBound), inputBounds.upperBound))
        }
      }
    }
    return Examples(
      inputs: Tensor(shape: [indices.count] + inputShape, elements: values), labels: indices.map { labels[$0] },
      identifiers: indices)
  }

  /// Number of examples of each of the first `classCount` classes.
  public func classCounts(_ classCount: Int) -> [Int] {
    var counts = [Int](repeating: 0, count: classCount)
    for label in labels { counts[label] += 1 }
    return counts
  }
}
