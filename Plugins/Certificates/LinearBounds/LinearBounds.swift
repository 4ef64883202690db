public import BoundPropagation
public import RobustnessCore

/// Linear bounds of each draw's differences of logits (CROWN: Zhang et al., NeurIPS 2018), and the exact minimum of its
/// margin over their box.
public struct LinearBounds: RobustnessCertificate {
  /// Options of ``LinearBounds``.
  public struct Options: PluginOptions {
    /// How hidden values are enclosed.
    public var hidden = BoundPass.Hidden.linear
    /// Multiplications that linear bounds of one hidden layer may take for one example and draw, in millions; beyond it
    /// intervals take their place.
    public var budget = 2000.0
    /// Which evaluation of the network is certified.
    public var arithmetic = BoundedArithmetic.real

    /// The defaults.
    public init() {}

    /// A line for each.
    public static let help = [
      "hidden": "enclosures of hidden layers: linear, or intervals (cheaper, looser)",
      "arithmetic": "what is certified: real, or float32 (also the layers in single precision, sums in any order)",
      "budget": "millions of multiplications for a hidden layer, example and draw; beyond it intervals",
    ]
  }

  /// `linear`
  public static let name = "linear"
  /// A line for lists.
  public static let summary = "linear bounds (CROWN) of each draw's differences of logits"

  private let options: Options

  /// The certificate.
  ///
  /// - Throws: `CoreError` for a budget below 0.
  public init(_ options: Options) throws {
    guard options.budget >= 0 else { throw CoreError("budget must not be negative, not \(options.budget)") }
    self.options = options
  }

  /// Where the option `arithmetic` says so.
  public var certifiesSinglePrecision: Bool { options.arithmetic == .float32 }

  /// Adds up over draws what the box of each draw's differences allows at least.
  public func certify<Ensemble: BoundedEnsemble>(
    _ examples: Examples, _ question: CertificateQuestion, of ensemble: Ensemble
  ) throws -> Certification {
    let region = try InputRegion(examples, question)
    var sum = MarginSum(labels: examples.labels, classes: ensemble.classCount, question: question)
    var multiplications = 0.0
    var notes = Set<String>()
    for draw in MarginSum.draws(of: question) {
      try question.interruption?()
      let network = try ensemble.boundedMember(draw)
      try options.arithmetic.check(network)
      var pass = BoundPass(
        network, over: region, hidden: options.hidden, budget: options.budget * 1e6, arithmetic: options.arithmetic)
      for (example, (box, slack)) in pass.differences(labels: examples.labels).enumerated() {
        sum.add(box, margins: pass.minimumMargins(box, example: example), slack: slack, example: example)
      }
      sum.endDraw()
      multiplications += pass.multiplications
      notes.formUnion(pass.notes)
    }
    return Certification(
      examples: examples.labels.indices.map(sum.result), multiplications: multiplications, notes: notes)
  }
}
