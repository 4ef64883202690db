/// One question about whether a number can be believed, with its answer.
public struct Check: Sendable, Hashable {
  /// How a check ended.
  public enum Status: String, Sendable, Codable {
    /// Nothing wrong.
    case passed
    /// The number must not be believed.
    case failed
    /// The number stands, with a reservation.
    case warning
    /// A check that this one depends on has failed, or there was nothing to look at.
    case notRun = "not run"
  }

  /// Short name, also the anchor in `Docs/verdict.md`.
  public var name: String
  /// How it ended.
  public var status: Status
  /// The measured quantity, where there is one.
  public var value: Double?
  /// What was found, in one sentence.
  public var finding: String
  /// What the reader should do about it.
  public var advice: String

  /// A finished check.
  public init(_ name: String, _ status: Status, value: Double? = nil, finding: String = "", advice: String = "") {
    self.name = name
    self.status = status
    self.value = value
    self.finding = finding
    self.advice = advice
  }

  /// Passed or, where `isFine` is false, failed.
  init(_ name: String, isFine: Bool, value: Double?, finding: String, advice: String) {
    self.init(name, isFine ? .passed : .failed, value: value, finding: finding, advice: isFine ? "" : advice)
  }
}

/// The names of the checks, in the order in which a verdict names them. What a check depends on comes before it.
public enum CheckName {
  /// The attack comes to its end.
  public static let attackCompletes = "attack-completes"
  /// Every probability, loss, gradient and point is finite.
  public static let finiteValues = "finite-values"
  /// The network answers as its author's program did.
  public static let referenceAnswers = "reference-answers"
  /// What the model calls logits are not probabilities.
  public static let logits = "logits"
  /// At least a quarter of the draws are distinct.
  public static let identicalDraws = "identical-draws"
  /// Chains agree in function space.
  public static let convergence = "convergence"
  /// The content is what its author signed.
  public static let signature = "signature"
  /// The file's statements go together, and its numbers are taken as they stand.
  public static let fileStatements = "file-statements"
  /// Clean accuracy is above chance.
  public static let cleanAccuracy = "clean-accuracy"
  /// Every point returned lies in the ball.
  public static let budget = "budget"
  /// Every point returned lies in the box.
  public static let box = "box"
  /// The ball leaves something of the input.
  public static let radius = "radius-within-box"
  /// Attacks ask the posterior itself.
  public static let surrogate = "surrogate"
  /// Gradients are not exactly zero.
  public static let zeroGradients = "zero-gradients"
  /// The arithmetic in use neither loses nor turns the gradient.
  public static let saturation = "saturation"
  /// The gradient is the derivative of the loss.
  public static let finiteDifferences = "finite-differences"
  /// The attack returned the adversarial points that it saw.
  public static let silentSuccess = "silent-success"
  /// Random noise is not stronger than a gradient.
  public static let noise = "noise-not-stronger"
  /// One step is not stronger than many.
  public static let fgsm = "fgsm-not-stronger"
  /// Twice the steps change nothing.
  public static let doubledSteps = "doubled-steps"
  /// Twice the restarts change nothing.
  public static let doubledRestarts = "doubled-restarts"
  /// Accuracy does not rise with ε.
  public static let monotone = "falls-with-epsilon"

  /// All names, in order.
  public static let all = [
    attackCompletes, finiteValues, referenceAnswers, logits, identicalDraws, convergence, signature, fileStatements,
    cleanAccuracy, budget, box, radius, surrogate, zeroGradients, saturation,
    finiteDifferences, silentSuccess, noise, fgsm, doubledSteps, doubledRestarts, monotone,
  ]

  /// The checks that are about the ensemble, not about one attack on it.
  static let ofEnsemble = [
    referenceAnswers, logits, identicalDraws, convergence, signature, fileStatements, cleanAccuracy,
  ]

  /// The checks that must not have failed before `name` says anything.
  static func requirements(of name: String) -> [String] {
    switch name {
    case attackCompletes, finiteValues, referenceAnswers, signature, fileStatements, radius, surrogate: []
    case convergence: [finiteValues, identicalDraws]
    case logits, identicalDraws, cleanAccuracy, budget, box: [finiteValues]
    case zeroGradients: [finiteValues, logits]
    case saturation: [finiteValues, logits, zeroGradients]
    case finiteDifferences: [finiteValues, logits, zeroGradients, saturation]
    case silentSuccess: [finiteValues, budget, box]
    case noise, fgsm, monotone:
      [finiteValues, logits, budget, box, zeroGradients, saturation, finiteDifferences, silentSuccess]
    default:
      [
        finiteValues, logits, budget, box, zeroGradients, saturation, finiteDifferences, silentSuccess, noise, fgsm,
      ]
    }
  }
}

/// The checks of one run, each made only when what it depends on has not failed.
struct CheckSuite: Sendable {
  private(set) var checks: [Check] = []

  init(_ checks: [Check] = []) { self.checks = checks }

  /// Makes the check `name` unless something that it depends on has failed.
  mutating func add(_ name: String, _ make: () throws -> Check) rethrows {
    let broken = CheckName.requirements(of: name).first { requirement in
      checks.contains { $0.name == requirement && $0.status == .failed }
    }
    if let broken {
      checks.append(Check(name, .notRun, finding: "not run, since \(broken) failed"))
    } else {
      checks.append(try make())
    }
  }

  /// Notes that `name`, which depends on something that has failed, was not made.
  mutating func skip(_ name: String) { add(name) { Check(name, .notRun) } }

  /// The suite with one check put in place of that of the same name, and what depends on it not run where it failed. A
  /// failure of the ensemble outranks what the run says about itself.
  func replacing(_ name: String, _ check: Check) -> CheckSuite {
    var suite = CheckSuite()
    for old in checks { suite.add(old.name) { old.name == name && old.status != .failed ? check : old } }
    return suite
  }

  /// Whether `name` may be made at all; spares the work of its companions.
  func allows(_ name: String) -> Bool {
    !CheckName.requirements(of: name).contains { requirement in
      checks.contains { $0.name == requirement && $0.status == .failed }
    }
  }
}

/// What all checks together say.
public struct Verdict: Sendable, Hashable {
  /// True exactly when no check failed.
  public var believable: Bool { failed.isEmpty }
  /// Names of the checks that failed in some run, in the order of `CheckName.all`.
  public var failed: [String]
  /// Names of the checks that ended as a warning.
  public var warnings: [String]

  /// The verdict on all the runs of an evaluation.
  public init(_ runs: [[Check]]) {
    func names(_ status: Check.Status) -> [String] {
      let found = Set(runs.joined().filter { $0.status == status }.map(\.name))
      return CheckName.all.filter(found.contains) + found.subtracting(CheckName.all).sorted()
    }
    failed = names(.failed)
    warnings = names(.warning)
  }
}
