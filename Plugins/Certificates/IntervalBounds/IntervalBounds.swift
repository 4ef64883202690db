public import BoundPropagation
public import RobustnessCore

/// Interval bound propagation (Gowal et al. 2018), layer by layer, and the exact minimum of each draw's margin over the
/// box of its logits.
///
/// Two products a layer: the cheapest certificate, and useless beyond very small ε.
public struct IntervalBounds: RobustnessCertificate {
  /// Options of ``IntervalBounds``.
  public struct Options: PluginOptions {
    /// Which evaluation of the network is certified.
    public var arithmetic = BoundedArithmetic.real

    /// The default.
    public init() {}

    /// A line for each.
    public static let help = [
      "arithmetic": "what is certified: real, or float32 (also the layers in single precision, sums in any order)"
    ]
  }

  /// `intervals`
  public static let name = "intervals"
  /// A line for lists.
  public static let summary = "intervals layer by layer; cheap, and for very small ε only"

  private let options: Options

  /// The certificate.
  public init(_ options: Options) throws { self.options = options }

  /// Where the option `arithmetic` says so.
  public var certifiesSinglePrecision: Bool { options.arithmetic == .float32 }

  /// Adds up over draws what the box of each draw's logits allows at least.
  public func certify<Ensemble: BoundedEnsemble>(
    _ examples: Examples, _ question: CertificateQuestion, of ensemble: Ensemble
  ) throws -> Certification {
    let region = try InputRegion(examples, question)
    var sum = MarginSum(labels: examples.labels, classes: ensemble.classCount, question: question)
    var multiplications = 0.0
    for draw in MarginSum.draws(of: question) {
      try question.interruption?()
      let network = try ensemble.boundedMember(draw)
      try options.arithmetic.check(network)
      let pass = BoundPass(network, over: region, hidden: .intervals, arithmetic: options.arithmetic)
      for (example, label) in examples.labels.enumerated() {
        let box = pass.intervalDifferences(example: example, label: label)
        sum.add(box, margins: pass.minimumMargins(box, example: example), slack: 0, example: example)
      }
      sum.endDraw()
      multiplications += pass.multiplications
    }
    return Certification(
      examples: examples.labels.indices.map(sum.result), multiplications: multiplications)
  }
}
