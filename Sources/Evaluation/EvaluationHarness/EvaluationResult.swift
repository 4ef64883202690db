import Foundation
public import NeuralNetworks
public import RobustnessCore

/// What one attack did, as it is reported.
public struct RunResult: Sendable {
  /// Name of the attack.
  public var attack: String
  /// The attack with its options as given.
  public var request: String
  /// Whether it is the random noise that runs beside the attacks.
  public var isNoise: Bool
  /// Objective that was followed; for a portfolio, which has its own, the one that its companions followed.
  public var objective: Objective
  /// Whether it is a portfolio, of which every stage has an objective of its own.
  public var isPortfolio: Bool
  /// Norm of the ball.
  public var norm: Norm
  /// Radius of the ball.
  public var epsilon: Double
  /// Fraction decided as the label at the point that the attack returned.
  public var robustAccuracy: Estimate
  /// The same at the best point over all queries.
  public var robustAccuracyBestQuery: Estimate
  /// 1 − mean over examples of the L∞ difference of predictive probabilities.
  public var softmaxRobustness: Estimate
  /// Clean accuracy minus robust accuracy, pair by pair.
  public var accuracyDrop: PairedComparison
  /// For a targeted goal, the fraction decided as the target.
  public var targetReached: Estimate?
  /// Metrics that were asked for, by name.
  public var metrics: [String: Estimate]
  /// Backward passes through one draw for one example.
  public var memberGradients: Int
  /// Forward passes through one draw for one example that were no part of a gradient.
  public var memberForwards: Int
  /// Points asked about.
  public var queries: Int
  /// Fraction of examples with an exactly zero gradient; nil without gradients.
  public var zeroGradientFraction: Double?
  /// Median over examples of log₂ of the norm of the first gradient; −∞ when most are zero, nil without gradients.
  /// Below −126 float32 could not hold it.
  public var medianLog2GradientNorm: Double?
  /// Time of the attack alone.
  public var seconds: Double
  /// All options, with defaults.
  public var options: [String: String]
  /// The checks, in order.
  public var checks: [Check]
  /// Whether each example is decided as its label at the point returned.
  public var correct: [Bool]
  /// The points returned.
  public var adversarialInputs: Tensor
  /// The stages of a portfolio, in order; empty for an attack.
  public var stages: [StageResult]
  /// The stage of a portfolio that each example fell to, nil where it stands or is wrong as it is; empty for an attack.
  public var foundBy: [String?]
  /// What a defence that rejects uncertain inputs makes of the run; nil where the plan asks for none.
  public var rejection: RunRejection?
  /// What the run did to each example; empty where the plan does not ask for it.
  public var examples: [ExampleRecord]

  init(
    _ run: Evaluator.Outcome, rejection: RunRejection?, isNoise: Bool, clean: Observations, metrics: [String: Estimate],
    checks: [Check],
    examples: [ExampleRecord], distinct: Int
  ) {
    self.examples = examples
    self.rejection = rejection
    stages = run.stages
    foundBy = run.stages.isEmpty ? [] : run.foundBy
    attack = run.request.attack.name
    request = run.request.text
    self.isNoise = isNoise
    objective = run.objective
    isPortfolio = run.request.attack is any Portfolio.Type
    norm = run.threat.norm
    epsilon = run.threat.epsilon
    correct = run.correct
    robustAccuracy = .proportion(correct.count { $0 }, of: correct.count, distinct: distinct)
    robustAccuracyBestQuery = .proportion(
      run.fooledByAnyQuery.count { !$0 }, of: correct.count, distinct: distinct)
    let cleanProbabilities = clean.prediction.logProbabilities
    let adversarialProbabilities = run.adversarial.prediction.logProbabilities
    softmaxRobustness = .mean(
      of: (0..<correct.count).map { row in
        1
          - zip(cleanProbabilities[row: row], adversarialProbabilities[row: row]).reduce(0) {
            max($0, abs(exp($1.0) - exp($1.1)))
          }
      }, unit: "fraction")
    accuracyDrop = PairedComparison(zip(clean.decisions, run.examples.labels).map { $0 == $1 }, correct)
    targetReached = run.examples.targets.map { targets in
      .proportion(
        zip(targets, run.adversarial.decisions).count { $0 == $1 }, of: targets.count, distinct: distinct)
    }
    self.metrics = metrics
    memberGradients = run.record.memberGradients
    memberForwards = run.record.memberForwards
    queries = run.record.queries
    zeroGradientFraction = run.record.zeroGradientFraction
    let norms = run.record.firstLog2Norm.compactMap(\.self).sorted()
    medianLog2GradientNorm = norms.isEmpty ? nil : norms[norms.count / 2]
    seconds = run.seconds
    options = run.options
    self.checks = checks
    adversarialInputs = run.adversarial.inputs
  }
}

extension RunResult {
  /// The objective as results name it: `own` for a portfolio.
  var objectiveName: String { isPortfolio ? "own" : objective.rawValue }
}

/// A run that the attack could not finish.
public struct FailedRun: Sendable {
  /// Name of the attack.
  public var attack: String
  /// The attack with its options as given.
  public var request: String
  /// Objective that it was to follow.
  public var objective: Objective
  /// Norm of the ball.
  public var norm: Norm
  /// Radius of the ball.
  public var epsilon: Double
  /// What went wrong, in a sentence.
  public var reason: String

  init(_ request: AttackRequest, _ objective: Objective, _ threat: ThreatModel, _ failure: AttackFailure) {
    attack = request.attack.name
    self.request = request.text
    self.objective = objective
    norm = threat.norm
    epsilon = threat.epsilon
    reason = failure.reason
  }

  /// A run that is missing from the worst case makes every number too high.
  public var check: Check {
    Check(
      CheckName.attackCompletes, .failed, finding: "the attack \(attack) did not finish: \(reason)",
      advice: "Mend the attack, or leave it out; what it would have found is missing from every number.")
  }
}

/// The result of an evaluation.
public struct EvaluationResult: Sendable {
  /// Name of what was evaluated.
  public var model: String
  /// One line about it.
  public var summary: String
  /// Number of examples.
  public var examples: Int
  /// The true class of each example.
  public var labels: [Int]
  /// The inputs as given, shape (examples, …input).
  public var inputs: Tensor
  /// Number of draws that judged.
  public var draws: Int
  /// Draws that the attack saw.
  public var attackDraws: AttackDraws
  /// What success meant.
  public var target: TargetRule
  /// How the gradients that attacks followed were made.
  public var gradient: GradientRule
  /// What answered attacks in the posterior's place; nil where it answered itself.
  public var surrogate: String?
  /// How outputs became a class.
  public var decision: Decision
  /// Arithmetic of losses and gradients.
  public var arithmetic: Arithmetic
  /// Precision of the products, where it is known.
  public var precision: String?
  /// The kernels that computed them, where it is known.
  public var kernels: String?
  /// The processor that they ran on, where it is known.
  public var processor: String?
  /// The threads that computed them, where it is known.
  public var threads: Int?
  /// Which code computed which product; empty where it is not known.
  public var products: [KernelUse]
  /// The box; where features have boxes of their own, the smallest that holds them all.
  public var box: ClosedRange<Double>
  /// The box of each channel, the first axis of an input; nil where all have the same.
  public var boxPerChannel: [ClosedRange<Double>]?
  /// What ε was multiplied by in each channel; empty for one ε everywhere.
  public var epsilonFactors: [Double]
  /// Names all random streams.
  public var seed: UInt64
  /// Fraction decided as the label at the inputs as given.
  public var cleanAccuracy: Estimate
  /// One for each attack × objective × ε, and random noise.
  public var runs: [RunResult]
  /// Runs that were asked for and did not finish.
  public var failures: [FailedRun]
  /// The lowest number found in each ball: the union of all runs and of what the checks tried beside them.
  public var lowestFound: [LowestFound] = []
  /// Per-example worst case over all runs, one for each norm and ε with more than one run.
  public var worstCase: [WorstCaseResult]
  /// The smallest ε of every example, one curve for each attack; empty unless the plan asks for them.
  public var curves: [RobustnessCurve] = []
  /// What is certified: one for each certificate and ball; empty unless the plan asks for it.
  public var certified: [CertifiedResult] = []
  /// How far each example is certified: one for each certificate and norm.
  public var certifiedRadii: [CertifiedRadii] = []
  /// Certificates that say nothing about this network, and why.
  public var certificateFailures: [CertificateFailure] = []
  /// An example that is certified and fooled at once: a fault of this program.
  public var contradiction: CertificateContradiction?
  /// What a defence that rejects uncertain inputs changes; nil where the plan asks for none.
  public var rejection: RejectionResult?
  /// What all checks say.
  public var verdict: Verdict
  /// Names the posterior.
  public var posteriorSHA256: String?
  /// Names the examples.
  public var dataSHA256: String?

  init(
    evaluator: Evaluator, clean: Observations, examples: Examples, runs: [RunResult], failures: [FailedRun],
    distinct: Int
  ) {
    let subject = evaluator.subject
    model = subject.name
    summary = subject.summary
    self.examples = examples.count
    labels = examples.labels
    inputs = examples.inputs
    draws = evaluator.evaluationDraws.count
    attackDraws = evaluator.plan.attackDraws
    target = evaluator.plan.target
    gradient = evaluator.plan.gradient
    surrogate = evaluator.plan.surrogate?.name
    decision = evaluator.plan.decision
    arithmetic = subject.arithmetic
    precision = subject.precision
    kernels = subject.kernels
    processor = subject.processor
    threads = subject.threads
    products = subject.products
    box = evaluator.plan.box
    epsilonFactors = evaluator.plan.epsilonFactors
    if let boxes = subject.boxPerFeature, let channels = examples.inputs.shape.dropFirst().first, channels > 0 {
      boxPerChannel = stride(from: 0, to: boxes.count, by: boxes.count / channels).map { boxes[$0] }
    }
    seed = evaluator.plan.seed
    cleanAccuracy = .proportion(
      zip(clean.decisions, examples.labels).count { $0 == $1 }, of: examples.count, distinct: distinct)
    self.runs = runs
    self.failures = failures
    worstCase = WorstCaseResult.all(of: runs)
    verdict = Verdict(runs.map(\.checks) + failures.map { [$0.check] })
    posteriorSHA256 = subject.posteriorSHA256
    dataSHA256 = subject.dataSHA256
  }
}

/// The fraction of examples that withstand every run at one ε.
public struct WorstCaseResult: Sendable {
  /// Norm of the ball.
  public var norm: Norm
  /// Radius of the ball.
  public var epsilon: Double
  /// Fraction that no run fools.
  public var accuracy: Estimate

  static func all(of runs: [RunResult]) -> [WorstCaseResult] {
    var result: [WorstCaseResult] = []
    for norm in Norm.allCases {
      for epsilon in Set(runs.filter { $0.norm == norm }.map(\.epsilon)).sorted() {
        let group = runs.filter { $0.norm == norm && $0.epsilon == epsilon }
        guard group.count > 1 else { continue }
        result.append(
          WorstCaseResult(norm: norm, epsilon: epsilon, accuracy: WorstCase(group.map(\.correct)).accuracy))
      }
    }
    return result
  }
}
