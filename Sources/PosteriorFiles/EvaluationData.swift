/// Labelled inputs that a posterior file carries to be evaluated on.
public struct EvaluationData: Sendable, Hashable {
  /// The inputs in C order; bytes have been divided by 255.
  public let inputs: [Double]
  /// `[n]` followed by the shape of one input.
  public let shape: [Int]
  /// One class per input, from 0.
  public let labels: [Int]

  /// Number of examples.
  public var count: Int { labels.count }

  /// Keeps inputs and labels together.
  public init(inputs: [Double], shape: [Int], labels: [Int]) {
    self.inputs = inputs
    self.shape = shape
    self.labels = labels
  }

  /// The numbers that stored inputs mean: bytes divided by 255; values in single precision that lie outside the bounds
  /// by no more than their rounding moved onto them.
  public init(_ stored: StoredEvaluationData, inputShape: [Int], inputBounds: ClosedRange<Double>) {
    let inputs: [Double] =
      switch stored.inputs {
      case .bytes(let values): values.map { Double($0) / 255 }
      case .floats(let values): values.map { min(max(Double($0), inputBounds.lowerBound), inputBounds.upperBound) }
      }
    self.init(inputs: inputs, shape: [stored.labels.count] + inputShape, labels: stored.labels)
  }
}

extension ClosedRange<Double> {
  /// These bounds of inputs, and what rounding may add: a millionth of their width, or the rounding of the bounds
  /// themselves to single precision. What lies there is moved onto the bounds.
  package var withRounding: ClosedRange<Double> {
    let slack = 1e-6 * (upperBound - lowerBound)
    return Swift.min(
      lowerBound - slack, Double(Float(lowerBound).nextDown))...Swift.max(
        upperBound + slack, Double(Float(upperBound).nextUp))
  }
}

/// Inputs as they are stored: bytes of an image, or numbers in single precision.
public enum StoredInputs: Sendable, Hashable {
  /// Each byte means its value divided by 255.
  case bytes([UInt8])
  /// Each number means itself.
  case floats([Float])

  /// Why bytes cannot be the inputs of a network with these bounds; nil when they can.
  ///
  /// A byte means its value divided by 255. Bounds beyond 0 to 1 say that the network takes other numbers, which bytes
  /// then perhaps were meant to be: black images, attacked by hundreds of times their range.
  package static func byteProblem(within bounds: ClosedRange<Double>) -> String? {
    guard bounds != 0...1 else { return nil }
    return "are bytes, which mean values from 0 to 1; input_bounds are \(plain(bounds.lowerBound)) to "
      + "\(plain(bounds.upperBound)): store them as float32"
  }

  /// Number of values.
  public var count: Int {
    switch self {
    case .bytes(let values): values.count
    case .floats(let values): values.count
    }
  }
}

/// Labelled inputs in the representation of the file.
public struct StoredEvaluationData: Sendable, Hashable {
  /// The inputs in C order.
  public var inputs: StoredInputs
  /// One class per input, from 0.
  public var labels: [Int]

  /// Keeps inputs and labels together.
  public init(inputs: StoredInputs, labels: [Int]) {
    self.inputs = inputs
    self.labels = labels
  }
}
