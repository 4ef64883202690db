import PosteriorFiles
public import RobustnessCore

/// Labelled inputs of one kind: those to train on, or those to test on.
///
/// Inputs are kept as they are stored, one byte or four bytes for each number as a rule, and become `Double` where they
/// are used.
public struct DatasetPart: Sendable, Hashable {
  /// Inputs, labels and bounds: what a posterior file stores.
  public let data: LabelledData
  /// Names the data: the digest that the posterior format calls `data_sha256`, in hexadecimal.
  public let sha256: String
  /// How these examples were chosen from more, if they were.
  public let selection: ExampleSelection?

  /// Keeps labelled inputs, and computes their digest.
  ///
  /// - Parameters:
  ///   - data: Inputs and labels.
  ///   - selection: How these examples were chosen from more, if they were.
  public init(_ data: LabelledData, selection: ExampleSelection? = nil) {
    self.data = data
    self.selection = selection
    sha256 = data.sha256
  }

  /// Keeps inputs and labels together, and computes their digest.
  ///
  /// - Parameters:
  ///   - inputs: As many numbers as `inputShape` and `labels` ask for.
  ///   - inputShape: Shape of one input.
  ///   - labels: One class for each input, from 0.
  ///   - inputBounds: The smallest and the largest value that an input may have.
  ///   - selection: How these examples were chosen from more, if they were.
  public init(
    inputs: StoredNumbers, inputShape: [Int], labels: [Int], inputBounds: ClosedRange<Double>,
    selection: ExampleSelection? = nil
  ) {
    self.init(
      LabelledData(inputs: inputs, inputShape: inputShape, labels: labels, inputBounds: inputBounds),
      selection: selection)
  }

  /// The inputs in C order, as they are stored.
  public var inputs: StoredNumbers { data.inputs }
  /// Shape of one input; (channels, rows, columns) for images.
  public var inputShape: [Int] { data.inputShape }
  /// The class of each input, from 0.
  public var labels: [Int] { data.labels }
  /// The smallest and the largest value that an input may have.
  public var inputBounds: ClosedRange<Double> { data.inputBounds }
  /// Number of examples.
  public var count: Int { data.count }
  /// Numbers in one input.
  public var inputSize: Int { data.inputSize }

  /// How the inputs are stored, in words.
  package var storage: String {
    switch inputs {
    case .bytes: "bytes divided by 255"
    case .floats: "single precision"
    case .doubles: "double precision"
    }
  }

  /// The examples named by `indices`, in that order, as numbers between the bounds; their identifiers are the indices.
  ///
  /// Eight bytes for each number: all of MNIST takes 376 MB.
  ///
  /// - Parameter indices: Positions in this part; nil for all.
  public func examples(_ indices: [Int]? = nil) -> Examples {
    data.examples(indices ?? Array(0..<count))
  }

  /// Number of examples of each of the first `classCount` classes.
  public func classCounts(_ classCount: Int) -> [Int] {
    var counts = [Int](repeating: 0, count: classCount)
    for label in labels { counts[label] += 1 }
    return counts
  }
}
