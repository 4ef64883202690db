public import BoundPropagation
public import RobustnessCore

/// Linear bounds of all draws together: affine minorants of every draw's margin in the shared input, added up before
/// their minimum over the ball is taken.
public struct JointBounds: RobustnessCertificate {
  /// Options of ``JointBounds``.
  public struct Options: PluginOptions {
    /// Minorants of every draw for each rival that separate bounds leave open.
    public var steps = 20
    /// Times at most that all draws are bounded again where the margin can be negative.
    public var rounds = 20
    /// Steps by which lines are improved, number by number, where rounds with the usual lines do not suffice.
    public var slopes = 8
    /// How hidden values are enclosed.
    public var hidden = BoundPass.Hidden.linear
    /// Multiplications that linear bounds of one hidden layer may take for one example and draw, in millions; beyond it
    /// intervals take their place.
    public var budget = 2000.0
    /// Memory for bounds that are kept from step to step, in MB; results do not depend on it.
    public var memory = 256
    /// Which evaluation of the network is certified.
    public var arithmetic = BoundedArithmetic.real

    /// The defaults.
    public init() {}

    /// A line for each option.
    public static let help = [
      "steps": "minorants of every draw for each rival that separate bounds leave open",
      "rounds": "times at most that all draws are bounded again where the margin can be negative",
      "slopes": "steps by which lines are improved, where rounds with the usual ones do not suffice",
      "hidden": "enclosures of hidden layers: linear, or intervals (cheaper, looser)",
      "budget": "millions of multiplications for a hidden layer, example and draw; beyond it intervals",
      "arithmetic": "what is certified: real, or float32 (also the layers in single precision, sums in any order)",
      "memory": "MB for bounds that are kept from step to step; results do not depend on it",
    ]
  }

  /// `joint`
  public static let name = "joint"
  /// One line for `--list-certificates`.
  public static let summary = "linear bounds of all draws together, where those of each draw are not enough"

  private let options: Options
  /// Whether points where the decision changes end the work on an example. Bounds must hold without it, too, which tests
  /// can only see without it.
  var refutes = true

  /// The certificate.
  ///
  /// - Throws: `CoreError` for a negative number.
  public init(_ options: Options) throws {
    guard options.budget >= 0 else { throw CoreError("budget must not be negative, not \(options.budget)") }
    guard options.steps >= 0 else { throw CoreError("steps must not be negative, not \(options.steps)") }
    guard options.rounds >= 0 else { throw CoreError("rounds must not be negative, not \(options.rounds)") }
    guard options.slopes >= 0 else { throw CoreError("slopes must not be negative, not \(options.slopes)") }
    guard options.memory >= 0 else { throw CoreError("memory must not be negative, not \(options.memory)") }
    self.options = options
  }

  /// Where the option `arithmetic` says so.
  public var certifiesSinglePrecision: Bool { options.arithmetic == .float32 }

  /// Bounds draw by draw; then, for the examples that these leave open, better ones.
  public func certify<Ensemble: BoundedEnsemble>(
    _ examples: Examples, _ question: CertificateQuestion, of ensemble: Ensemble
  ) throws -> Certification {
    let region = try InputRegion(examples, question)
    let draws = MarginSum.draws(of: question)
    var sum = MarginSum(labels: examples.labels, classes: ensemble.classCount, question: question)
    var lowest = LowestMargins(examples, question, region)
    var result = Certification(examples: [])
    for draw in draws {
      try question.interruption?()
      let network = try ensemble.boundedMember(draw)
      try options.arithmetic.check(network)
      let bounds = DrawBounds(network, over: region, labels: examples.labels, options: options, slopeSteps: 0)
      for (example, box) in bounds.boxes.enumerated() {
        sum.add(box, margins: bounds.margins[example], slack: bounds.slack[example], example: example)
      }
      sum.endDraw()
      lowest.add(network)
      result.multiplications += bounds.pass.multiplications
      result.notes.formUnion(bounds.pass.notes)
    }
    result.examples = examples.labels.indices.map(sum.result)
    guard case .predictive = question.decision, options.steps > 0 else { return result }
    let open = result.examples.indices.filter { !result.examples[$0].isCertified && (!refutes || lowest.mayHold($0)) }
    let size = try groupSize(draws.count, ensemble.boundedMember(draws[0]))
    var group: [JointPair] = []
    func finishGroup() throws {
      var rounds = JointRounds(
        pairs: group, region: region, draws: draws, ensemble: ensemble, options: options,
        refutes: refutes, interruption: question.interruption)
      try rounds.run()
      result.multiplications += rounds.multiplications
      for pair in rounds.pairs {
        sum.raise(to: pair.bound, slack: pair.slack, example: pair.example, against: pair.rival)
      }
      group = []
    }
    for example in open {
      let suspect = question.suspects.map { Array($0[row: example]) }
      let start = region.start(example: example, suspect: suspect)
      let pairs = sum.openRivals(example: example).map {
        JointPair(example: example, label: examples.labels[example], rival: $0, start: start)
      }
      // What an example gets does not depend on which others are in its group.
      if !group.isEmpty, group.count + pairs.count > size { try finishGroup() }
      group += pairs
    }
    if !group.isEmpty { try finishGroup() }
    for example in open { result.examples[example] = sum.result(example: example) }
    return result
  }

  /// As many rows as leave room for the bounds of all draws and for the minorants, at most 64.
  private func groupSize(_ draws: Int, _ network: BoundedNetwork) -> Int {
    let room = Double(options.memory) * 1e6 - Double(draws) * Double(network.bytes)
    let each = draws * BoundPass.bytesPerExample(network) + JointSearch.bytes(network.inputCount, steps: options.steps)
    return min(64, max(1, room > 0 ? Int(min(1e6, room / Double(each))) : 1))
  }
}
