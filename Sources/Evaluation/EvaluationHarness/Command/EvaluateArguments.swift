import ArgumentParser
import RobustnessCore
import Shell

/// The command line of `evaluate`: it makes an ``EvaluationRequest``, and nothing else.
struct EvaluateArguments<Origin: PosteriorOrigin>: ParsableArguments {
  @Option(
    name: .customLong("attack"),
    help: ArgumentHelp(
      "An attack, with its options. Repeatable.",
      discussion:
        "For instance pgd, fgsm, or pgd:steps=40,restarts=5,norm=l2. Random noise always runs beside. Default: pgd.",
      valueName: "name[:option=value,…]"), completion: .custom { _, _, _ in PluginNames.attacks })
  var attacks: [String] = []

  @Option(help: ArgumentHelp("The posterior file (format 1.0 or 1.1).", valueName: "file"))
  var model: String?

  @Option(
    name: .customLong("epsilon"),
    help: ArgumentHelp(
      "Radius of the ball, in the units of the inputs: 0.1, or 8/255. Repeatable. Default: 0.1 of the box's width.",
      valueName: "radius"))
  var epsilons: [Radius] = []

  @Option(
    help: ArgumentHelp(
      "For L∞: what --epsilon is multiplied by in each channel, the first axis of an input: 1/0.247,1/0.243,1/0.262 for "
        + "inputs that were divided by these.", valueName: "factor,…"))
  var epsilonFactors: Word<Factors>?

  @Option(
    name: .customLong("objective"),
    help: ArgumentHelp(
      "The loss whose gradient is followed: \(Objective.allCases.map(\.rawValue).joined(separator: ", ")), or all. "
        + "Repeatable. Default: predictive.", valueName: "name"))
  var objectives: [Word<ObjectiveChoice>] = []

  @Option(
    help: ArgumentHelp("How outputs become a class: predictive, majority-vote, or draw:N.", valueName: "rule"))
  var decision = Word.meaning(Decision.predictive)

  @Option(
    name: .customLong("metric"), help: ArgumentHelp("A metric beside accuracy. Repeatable.", valueName: "name"),
    completion: .custom { _, _, _ in PluginNames.metrics })
  var metrics: [String] = []

  @Option(
    help: ArgumentHelp(
      "Aim at a class instead of any error: a number, next, or least-likely; or at each in turn, any error counting.",
      valueName: "class"))
  var target: Word<TargetRule>?

  @Option(
    help: ArgumentHelp(
      "The gradient that is followed: exact, straight-through (wide derivatives in the place of the activations'), or "
        + "smoothed:N (the mean over N neighbours).", valueName: "rule"))
  var gradient = Word.meaning(GradientRule.exact)

  @Option(
    help: ArgumentHelp(
      "What answers attacks in the posterior's place, which alone decides: draw:K, draws:N (evenly spaced), or another "
        + "posterior file. Tells what transfers.", valueName: "surrogate"))
  var surrogate: Word<SurrogateRule>?

  @Option(
    help: ArgumentHelp(
      "A file or a folder with other inputs and labels. Default: the posterior's own.",
      discussion:
        "Another posterior file; inputs and labels at the root of an HDF5 file or in a .npz file; a .csv file with a line "
        + "for each example; a folder of PNG images; CIFAR's binary form; or out.h5#0: run 0 of what --save-adversarial "
        + "wrote.", valueName: "file"))
  var data: String?

  @Option(help: ArgumentHelp("Number of examples, from the first on. Default: all.", valueName: "count"))
  var examples: Int?

  @Option(help: ArgumentHelp("Number of draws, evenly spaced. Default: all.", valueName: "count"))
  var draws: Int?

  @Option(
    help: "Draws that the attack sees: same, disjoint:N (the others judge), or resampled:N (N new ones each query).")
  var attackDraws = Word.meaning(AttackDraws.same)

  @Option(
    help: ArgumentHelp(
      "Fresh draws from the variational parameters in the file, in place of the stored ones.", valueName: "count"))
  var resample: Int?

  @Option(
    help: ArgumentHelp("log-domain, or naive-float32 to see what other tools would have reported.", valueName: "name"))
  var arithmetic = Word.meaning(Arithmetic.logDomain)

  @Option(help: ArgumentHelp("Names all random streams.", valueName: "number"))
  var seed: UInt64 = 0

  @Option(
    help: ArgumentHelp(
      "Worker threads; results do not depend on it. Default: one a core that it may use.", valueName: "count"))
  var threads: Int?

  @Option(
    help: """
      Precision of the gradients' products: float32, bfloat16 (decisions stay float32), float64 (portable kernels), or auto: float32, \
      and float64 where tanh or logistic layers are saturated or logits exceed some thousands.
      """)
  var precision = Word.meaning(EvaluationRequest.Precision.auto)

  @Option(
    help: ArgumentHelp("Memory the process may take, for instance 400MB; draws are then streamed.", valueName: "size"))
  var memoryLimit: Word<ByteCount>?

  @Option(help: "What is printed: table, json or csv.")
  var format = Choice(EvaluationRequest.Format.table)

  @Option(
    name: .shortAndLong, help: ArgumentHelp("Where the result goes. Default: standard output.", valueName: "file"))
  var output: String?

  @Option(help: ArgumentHelp("Write the inputs that the attacks returned to this HDF5 file.", valueName: "file"))
  var saveAdversarial: String?

  @Option(
    help: ArgumentHelp(
      "Write what every run did to every example to this file: CSV, JSON or HDF5 by its ending.", valueName: "file"))
  var perExample: String?

  @Option(
    help: ArgumentHelp(
      "A file in which quick, standard and thorough keep what they have found, to go on from there when stopped.",
      valueName: "file"))
  var checkpoint: String?

  @Option(
    name: .customLong("plugin"),
    help: ArgumentHelp(
      "A shared library with attacks in C or a language like it. Repeatable.",
      discussion: "Its code runs with all your rights: see Docs/write-a-plugin-in-c.md.", valueName: "library"))
  var plugins: [String] = []

  @Flag(
    help: ArgumentHelp(
      "Search the smallest ε of every example, up to the largest --epsilon: robust accuracy at every ε at once."))
  var curve = false

  @Option(
    name: .customLong("certify"),
    help: ArgumentHelp(
      "Prove which examples no point of the ball changes. Repeatable.",
      discussion: "For instance linear, or joint:steps=40; --certify without a word is linear.",
      valueName: "name[:option=value,…]"), completion: .custom { _, _, _ in PluginNames.certificates })
  var certify: [String] = []

  @Option(
    help: ArgumentHelp(
      "A defence, which is attacked as well: reject inputs whose \(UncertaintyScore.names) is above that of all but "
        + "this fraction of the clean inputs.",
      discussion: "For instance mutual-information:0.05.", valueName: "score:rate"))
  var reject: Word<RejectionRule>?

  @Option(
    help: ArgumentHelp(
      "Effort of the checks beside the attacks: as many gradients (quick), 3 times (standard) or 10 times (thorough).",
      valueName: "LEVEL"))
  var checks = Word<CheckLevel>.meaning(.standard)

  @Flag(help: "Read a file whose content is not what its digest says all the same, and say so.")
  var acceptChanged = false

  @Flag(help: "List the attacks and their options.")
  var listAttacks = false

  @Flag(help: "List the metrics.")
  var listMetrics = false

  @Flag(help: "List the certificates and their options.")
  var listCertificates = false

  func validate() throws {
    guard !Origin.needsModel || listAttacks || listMetrics || listCertificates || model != nil else {
      throw ValidationError("Missing --model: which posterior file is to be evaluated?")
    }
    let problem = EvaluationRequest.problem(
      examples: examples, draws: draws, threads: threads, resample: resample, epsilons: epsilons.map(\.value))
    if let problem { throw ValidationError(problem) }
  }
}

/// Where the posterior of a program comes from.
protocol PosteriorOrigin {
  /// Whether the command line must name it.
  static var needsModel: Bool { get }
}

/// From the file that the command line names.
enum PosteriorFromFile: PosteriorOrigin {
  static let needsModel = true
}

/// From the program itself.
enum PosteriorAtHand: PosteriorOrigin {
  static let needsModel = false
}

// MARK: - The request

extension EvaluateArguments {
  /// What the command line asks for.
  ///
  /// - Throws: `UsageError` with the first thing that makes no sense, whichever comes first below.
  func request(
    among attacks: [any Attack.Type], _ metrics: [any RobustnessMetric.Type],
    _ certificates: [any RobustnessCertificate.Type]
  ) throws -> EvaluationRequest {
    var request = EvaluationRequest(model.map { .file($0) } ?? .given)
    request.attacks = try (self.attacks.isEmpty ? request.attacks.map(\.name) : self.attacks).map {
      try AttackSpecification($0, among: attacks)
    }
    request.objectives = try chosenObjectives()
    request.metrics = try self.metrics.map { try EvaluationRequest.metric(named: $0, among: metrics).name }
    request.certify = try certify.map { try CertificateSpecification($0, among: certificates) }
    request.decision = try decision.value {
      "no decision named '\($0)'; there are predictive, majority-vote and draw:N"
    }
    request.attackDraws = try attackDraws.value {
      "--attack-draws takes same, disjoint:N or resampled:N, not '\($0)'"
    }
    request.target =
      try target?.value {
        (Int($0) ?? 0) < 0
          ? "--target must not be negative, not \($0)"
          : "--target takes a class number, next, least-likely or each, not '\($0)'"
      } ?? .untargeted
    request.gradient = try gradient.value {
      "--gradient takes exact, straight-through or smoothed:N, N from 1 to 1000, not '\($0)'"
    }
    request.curve = curve
    request.reject = try reject?.value(else: RejectionRule.problem)
    request.checks = try checks.value { Self.noChoice("--checks", $0, CheckLevel.allCases.map(\.rawValue)) }
    request.surrogate = try surrogate?.value {
      "--surrogate takes draw:K, draws:N with N from 1, or a posterior file, not '\($0)'"
    }
    request.arithmetic = try arithmetic.value { Self.noChoice("--arithmetic", $0, Arithmetic.allCases.map(\.rawValue)) }
    request.precision = try precision.value {
      Self.noChoice("--precision", $0, EvaluationRequest.Precision.allCases.map(\.rawValue))
    }
    try request.precision.check()
    request.memoryLimit = try memoryLimit?.value { "--memory-limit takes a size such as 400MB or 2GB, not '\($0)'" }
      .bytes
    request.epsilons = epsilons.map(\.value).unique
    request.epsilonFactors =
      try epsilonFactors?.value {
        "--epsilon-factors takes a number or fraction for each channel, separated by commas, not '\($0)'"
      }.values ?? []
    (request.data, request.examples, request.draws, request.resample) = (data, examples, draws, resample)
    (request.seed, request.threads, request.acceptChanged) = (seed, threads, acceptChanged)
    (request.format, request.output, request.saveAdversarial) = (format.value, output, saveAdversarial)
    (request.perExample, request.plugins, request.checkpoint) = (perExample, plugins, checkpoint)
    return request
  }

  private func chosenObjectives() throws -> [Objective] {
    if objectives.isEmpty { return [.predictive] }
    let isAll = objectives.contains { if case .meaning(.all) = $0 { true } else { false } }
    if isAll { return Objective.allCases }
    return try objectives.flatMap { word in
      let choice = try word.value {
        "no objective named '\($0)'.\(Suggestion.didYouMean($0, among: ObjectiveChoice.names)) "
          + "Available: \(ObjectiveChoice.names.joined(separator: ", "))"
      }
      return if case .one(let objective) = choice { [objective] } else { Objective.allCases }
    }.unique
  }

  private static func noChoice(_ option: String, _ word: String, _ names: [String]) -> String {
    let list = names.dropLast().joined(separator: ", ") + " or " + (names.last ?? "")
    let hint = Suggestion.didYouMean(word, among: names)
    return "\(option) takes \(list), not '\(word)'\(hint.isEmpty ? "" : "." + hint)"
  }
}

extension Array where Element: Hashable {
  /// Each element once, at its first place.
  var unique: [Element] {
    var seen = Set<Element>()
    return filter { seen.insert($0).inserted }
  }
}
