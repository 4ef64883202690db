import BoundPropagation
public import RobustnessCore

/// Boxes of inputs, split until the bounds of every part are above 0, or one is found in which the decision changes.
///
/// For inputs of a few numbers: there it decides nearly everything, which makes it what other certificates, and attacks,
/// can be tested against.
public struct BranchAndBound: RobustnessCertificate {
  /// Options of ``BranchAndBound``.
  public struct Options: PluginOptions {
    /// Boxes that are bounded for an example, at most.
    public var boxes = 4096
    /// Where given, boxes are split until the margin is known to this accuracy, even if its sign is known.
    public var accuracy: Double?

    /// The defaults.
    public init() {}

    /// A line for each option.
    public static let help = [
      "boxes": "boxes that are bounded for an example, at most",
      "accuracy": "split until the margin is known so well, even if its sign is known",
    ]
    /// What no accuracy means.
    public static let describedDefaults = ["accuracy": "only its sign"]
  }

  /// `branch-and-bound`
  public static let name = "branch-and-bound"
  /// One line for `--list-certificates`.
  public static let summary = "inputs of a few numbers: boxes are split until the decision is proven or refuted"

  private let options: Options

  /// The certificate.
  ///
  /// - Throws: `CoreError` for fewer than one box, or an accuracy that is not positive.
  public init(_ options: Options) throws {
    guard options.boxes >= 1 else { throw CoreError("boxes must be at least 1, not \(options.boxes)") }
    if let accuracy = options.accuracy, !(accuracy > 0) {
      throw CoreError("accuracy must be positive, not \(accuracy)")
    }
    self.options = options
  }

  /// Splits the worst boxes of every open example, a few at a time.
  public func certify<Ensemble: BoundedEnsemble>(
    _ examples: Examples, _ question: CertificateQuestion, of ensemble: Ensemble
  ) throws -> Certification {
    let region = try InputRegion(examples, question)
    var options = options
    // Where a draw gives no numbers, parts of a ball are no better than the whole.
    if try !MarginSum.draws(of: question).allSatisfy({ try ensemble.boundedMember($0).isFinite }) { options.boxes = 1 }
    var searches = (0..<examples.count).map { example in
      BoxSearch(
        region, example: example, label: examples.labels[example],
        suspect: question.suspects.map { Array($0[row: example]) }, options: options)
    }
    var result = Certification(examples: [])
    while true {
      // How an example's boxes are split depends on nothing but the example.
      var batch: [(search: Int, box: InputBox)] = []
      for index in searches.indices { batch += searches[index].next().map { (index, $0) } }
      if batch.isEmpty { break }
      for start in stride(from: 0, to: batch.count, by: Self.together) {
        let part = Array(batch[start..<min(start + Self.together, batch.count)])
        let bounds = try BoxBounds(
          part.map(\.box), labels: part.map { searches[$0.search].label },
          points: part.map { searches[$0.search].point(in: $0.box, region) }, question, of: ensemble)
        for (row, (search, box)) in part.enumerated() { searches[search].take(box, bounds, row) }
        result.multiplications += bounds.multiplications
      }
    }
    result.examples = searches.map(\.result)
    return result
  }

  /// Boxes that go through a draw at once.
  private static let together = 256
}
