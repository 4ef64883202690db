/// Inputs with their labels, and the targets of a targeted attack.
public struct Examples: Sendable, Hashable {
  /// Inputs, shape (examples, …input), in the space that ε and the box are stated in.
  public let inputs: Tensor
  /// The true class of each example.
  public let labels: [Int]
  /// The class that a targeted attack wants for each example.
  public let targets: [Int]?
  /// The position of each example in the data set: random streams are keyed by it, so that results do not depend on
  /// batches.
  public let identifiers: [Int]

  /// Examples; identifiers count from 0 unless given.
  public init(inputs: Tensor, labels: [Int], targets: [Int]? = nil, identifiers: [Int]? = nil) {
    precondition(inputs.rowCount == labels.count, "one label for each input")
    precondition(targets.map { $0.count == labels.count } ?? true, "one target for each input")
    self.inputs = inputs
    self.labels = labels
    self.targets = targets
    self.identifiers = identifiers ?? Array(0..<labels.count)
  }

  /// Number of examples.
  public var count: Int { labels.count }

  /// The examples named by `indices`.
  public func subset(_ indices: [Int]) -> Examples {
    Examples(
      inputs: inputs.rows(indices), labels: indices.map { labels[$0] },
      targets: targets.map { targets in indices.map { targets[$0] } }, identifiers: indices.map { identifiers[$0] })
  }

  /// The same labels, targets and identifiers at other points.
  public func moved(to points: Tensor) -> Examples {
    Examples(inputs: points, labels: labels, targets: targets, identifiers: identifiers)
  }
}
