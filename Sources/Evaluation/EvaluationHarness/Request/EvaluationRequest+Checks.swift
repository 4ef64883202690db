import ComputeKernels
import RobustnessCore
import Shell

extension EvaluationRequest {
  /// What is wrong with the numbers, in the words of the command line; nil when nothing is.
  static func problem(
    examples: Int?, draws: Int?, threads: Int?, resample: Int?, epsilons: [Double]
  ) -> String? {
    for (name, value) in [
      ("--examples", examples), ("--draws", draws), ("--threads", threads), ("--resample", resample),
    ] {
      if let value, value < 1 { return "\(name) must be at least 1, not \(value)" }
    }
    if let epsilon = epsilons.first(where: { !($0.isFinite && $0 >= 0) }) {
      return epsilon.isFinite
        ? "--epsilon must not be negative, not \(epsilon)" : "--epsilon must be a finite number, not \(epsilon)"
    }
    return nil
  }

  /// Refuses what no file is needed for to see that it is wrong.
  func check() throws(UsageError) {
    if let problem = Self.problem(
      examples: examples, draws: draws, threads: threads, resample: resample, epsilons: epsilons)
    {
      throw UsageError(problem)
    }
    if let factor = epsilonFactors.first(where: { !($0.isFinite && $0 >= 0) }) {
      throw UsageError("--epsilon-factors must be finite and not negative, not \(factor)")
    }
    if !epsilonFactors.isEmpty, epsilonFactors.allSatisfy({ $0 == 0 }) {
      throw UsageError("--epsilon-factors are all 0, so that nothing may change: give one that is not")
    }
    if !epsilonFactors.isEmpty, curve {
      throw UsageError("--epsilon-factors do not go with --curve, which measures one distance for all channels")
    }
    if curve, target != .untargeted {
      throw UsageError("--curve is about any wrong decision, and does not go with --target")
    }
    if reject != nil, target.isOneClass {
      throw UsageError(
        "--reject is about any wrong decision, and does not go with a class as --target: leave it out, or give "
          + "--target each")
    }
    if reject != nil, curve {
      throw UsageError("--reject is about one ε at a time, and does not go with --curve")
    }
    if reject != nil, arithmetic == .naiveFloat32 {
      throw UsageError("--reject needs gradients of the score, which are computed in --arithmetic log-domain only")
    }
    if !certify.isEmpty, target.isOneClass {
      throw UsageError(
        "--certify is about any wrong decision, and does not go with a class as --target: leave it out, or give "
          + "--target each")
    }
    if let perExample { _ = try PerExampleFile.Form(of: perExample) }
    try precision.check()
  }

  /// A portfolio follows objectives, gradients and classes of its own; and what would do nothing is refused.
  func refuseWhatPortfoliosDecide(_ attacks: [AttackRequest], noise: any Attack.Type) throws(UsageError) {
    if checkpoint != nil, certify.isEmpty, !attacks.contains(where: { $0.attack is any Portfolio.Type }) {
      throw UsageError(
        "--checkpoint is about portfolios and certificates: give it with --attack quick, standard or thorough, or with "
          + "--certify")
    }
    if curve, attacks.allSatisfy({ $0.attack == noise }) {
      throw UsageError("--curve needs an attack that searches: give another --attack than \(noise.name)")
    }
    if curve, format == .csv {
      throw UsageError("--curve has no place in CSV: give --format json or table")
    }
    guard let portfolio = attacks.first(where: { $0.attack is any Portfolio.Type })?.attack.name else { return }
    let given = [
      ("--objective", objectives.unique != [.predictive]), ("--gradient", gradient != .exact),
      ("--target", target != .untargeted),
    ]
    guard let option = given.first(where: \.1)?.0 else { return }
    throw UsageError(
      "\(option) does not go with \(portfolio), which has its own: leave it out, or evaluate another attack with it")
  }

  /// A metric by its name.
  static func metric(
    named name: String, among metrics: [any RobustnessMetric.Type]
  ) throws(UsageError) -> any RobustnessMetric.Type {
    guard let metric = metrics.first(where: { $0.name.lowercased() == name.lowercased() }) else {
      let names = metrics.map { $0.name }
      throw UsageError(
        "no metric named '\(name)'.\(Suggestion.didYouMean(name, among: names)) Available: "
          + names.joined(separator: ", "))
    }
    return metric
  }

  /// Options about posterior files would be passed over in silence where the ensemble is given.
  func refuseFileOptions() throws(UsageError) {
    let given: [(String, Bool)] = [
      ("--model", source != .given), ("--data", data != nil), ("--resample", resample != nil),
      ("--arithmetic", arithmetic != .logDomain), ("--precision", precision != .auto),
      ("--memory-limit", memoryLimit != nil), ("--threads", threads != nil), ("--accept-changed", acceptChanged),
      ("--checkpoint", checkpoint != nil),
    ]
    guard let option = given.first(where: \.1)?.0 else { return }
    throw UsageError("\(option) is about posterior files; this program evaluates an ensemble of its own")
  }
}

extension EvaluationRequest.Precision {
  /// The kernels' precision; nil where the posterior decides.
  var ofKernels: ComputeKernels.Precision? { ComputeKernels.Precision(rawValue: rawValue) }

  /// Refuses what this machine does not have.
  func check() throws(UsageError) {
    if let fault = KernelLibrary.namedLibraryFault { throw UsageError(fault) }
    if self == .bfloat16, !KernelLibrary.hasNativeBFloat16 || KernelLibrary.preferred == .portable {
      throw UsageError("--precision bfloat16 needs a processor with bfloat16 products, and oneDNN; float32 works here")
    }
  }
}
