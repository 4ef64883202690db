/// Labelled inputs to train on and to test on.
public struct Dataset: Sendable, Hashable {
  /// What it is called: `mnist`, `fashion-mnist`, `half-moons`, or the name of a file.
  public let name: String
  /// Number of classes; labels run from 0 to one less.
  public let classCount: Int
  /// What to train on.
  public let train: DatasetPart
  /// What to test on; nil where the source has nothing set apart.
  public let test: DatasetPart?
  /// Where it was read or how it was generated, in words.
  public let origin: String
  /// What was chosen among other possibilities when it was read, and what was converted; nil where nothing was.
  package internal(set) var statement: String?

  /// Puts the parts together; they must agree in the shape of an input and in the bounds.
  ///
  /// - Throws: ``DatasetError`` when a label lies outside the classes.
  public init(
    name: String, classCount: Int, train: DatasetPart, test: DatasetPart?, origin: String
  ) throws(DatasetError) {
    for part in [train, test].compactMap({ $0 }) {
      precondition(part.inputShape == train.inputShape && part.inputBounds == train.inputBounds)
      if let index = part.labels.firstIndex(where: { !(0..<classCount).contains($0) }) {
        throw DatasetError(
          file: name,
          reason: "example \(index) has the label \(part.labels[index]); labels run from 0 to \(classCount - 1)")
      }
    }
    self.name = name
    self.classCount = classCount
    self.train = train
    self.test = test
    self.origin = origin
  }

  /// Shape of one input; (channels, rows, columns) for images.
  public var inputShape: [Int] { train.inputShape }
  /// The smallest and the largest value that an input may have.
  public var inputBounds: ClosedRange<Double> { train.inputBounds }
}
