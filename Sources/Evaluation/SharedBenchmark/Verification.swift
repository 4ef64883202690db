import EvaluationHarness
import Foundation
import NeuralNetworks
import PosteriorFiles
import RobustnessCore
import Shell

/// Judges again what a result claims: a result is a text that anybody can edit, its points and its attack are not.
///
/// 1. The result is compared with the posterior, the data and its own suite.
/// 2. Every point that it keeps must be in its ball and box, and be decided as the result says.
/// 3. The attack is repeated on a few examples. Points that an attack did not find itself, or left where they were, are
///    found out here. Which examples follows from a number that the verifier draws: one that followed from the result
///    alone could be had by writing results until the choice is a kind one.
/// 4. What the attack spends on these examples is compared with the budget of the suite and with the result.
/// 5. The checks that are about the ensemble are made again.
///
/// The checks of a run that compare it with stronger ones need all its examples, and are made again only when the
/// attack is repeated on all.
struct Verification {
  /// Where the attack of a result is looked for.
  let attacks: [any Attack.Type]
  /// Where a certificate is looked for.
  let certificates: [any RobustnessCertificate.Type]
  /// What the harness runs beside it.
  let companions: Companions
  /// Examples on which the attack is repeated.
  let repeats: Repeats
  /// Chooses the examples, together with the result.
  let seed: UInt64

  /// A number that nobody knew before.
  static func freshSeed() -> UInt64 { UInt64.random(in: 0..<1 << 48) }

  /// A posterior that results may be about, opened for the number of examples of a suite.
  struct Opened {
    let subject: EvaluationSubject
    let box: ClosedRange<Double>
    let expected: ExpectedInputs

    init(_ file: PosteriorFile, suite: BenchmarkSuite, threads: Int?) throws {
      var request = EvaluationRequest(.file(file.path))
      request.examples = suite.examples
      request.threads = threads
      (subject, box) = try request.subjectFromFile()
      expected = file.expectedInputs
    }
  }

  /// What is known about a result after it was judged again.
  ///
  /// - Parameters:
  ///   - result: The claim.
  ///   - pointsPath: The file of its points.
  ///   - opened: The posterior and data that it is about.
  /// - Throws: Errors of files that belong to the user, and `Interrupted`.
  func standing(of result: BenchmarkResult, points pointsPath: String, on opened: Opened) throws -> Standing {
    guard let rules = result.rules, result.runs.allSatisfy({ $0.pointsSHA256 != nil }) else {
      return .unconfirmed("it was written by an older version, which kept no points")
    }
    if let problem = disagreement(of: result, with: rules, opened) { return .contradicted(problem) }
    guard FileManager.default.fileExists(atPath: pointsPath) else {
      return .unconfirmed("its points are missing: \(pointsPath) belongs to it")
    }
    let request: AttackRequest
    do {
      request = try rules.request(
        result.attack.request, objective: result.attack.objective, among: attacks)
    } catch let error as UsageError {
      return .unconfirmed("its attack cannot be repeated: \(error)")
    }
    do {
      return try judged(result, rules, request, pointsPath, opened)
    } catch let error as CoreError {
      return .unconfirmed("its attack cannot be repeated: \(error)")
    }
  }

  private func judged(
    _ result: BenchmarkResult, _ rules: BenchmarkSuite, _ request: AttackRequest, _ pointsPath: String,
    _ opened: Opened
  ) throws -> Standing {
    var doubts = [computerDoubt(result, opened)].compactMap(\.self)
    for (number, run) in result.runs.enumerated() {
      let ball = "\(run.norm.symbol) ε = \(shortest(run.epsilon))"
      guard let threat = rules.threat(of: run, on: opened) else {
        return .contradicted("\(ball) is none of the balls of \(rules.title)")
      }
      guard request.attack.capabilities.norms.contains(run.norm) else {
        return .contradicted("\(request.attack.name) does not work in the norm of \(ball)")
      }
      let plan = rules.plan(
        request, objective: result.attack.objective, threat: threat, on: opened.subject, box: opened.box)
      let evaluator = try Evaluator(subject: opened.subject, plan: plan, companions: companions)
      if number == 0 {
        if let problem = try cleanProblem(result.cleanCorrect, evaluator, opened) { return .contradicted(problem) }
        switch try ensembleStanding(result, evaluator, opened) {
        case .confirmed: break
        case .contradicted(let problem): return .contradicted(problem)
        case .unconfirmed(let doubt): doubts.append(doubt)
        }
      }
      let points: Tensor
      switch try kept(run, number, pointsPath, opened) {
      case .success(let found): points = found
      case .failure(let problem):
        // What came broken, or belongs to another result, is missing; it says nothing about the result.
        doubts.append("\(ball): \(problem.description)")
        continue
      }
      if let problem = try problem(of: points, run, evaluator, opened) { return .contradicted("\(ball): \(problem)") }
      switch try repeated(result, rules, run, points, plan, opened) {
      case .confirmed: break
      case .contradicted(let problem): return .contradicted("\(ball): \(problem)")
      case .unconfirmed(let doubt): doubts.append("\(ball): \(doubt)")
      }
    }
    for threat in rules.threats where request.attack.capabilities.norms.contains(threat.norm) {
      let epsilon = threat.epsilon(box: opened.box, features: opened.subject.examples.inputs.rowSize)
      if !result.runs.contains(where: { rules.threat(of: $0, on: opened) == threat }) {
        doubts.append("it lacks the ball \(threat.norm.symbol) ε = \(shortest(epsilon)) of its suite")
      }
    }
    guard doubts.isEmpty else { return .unconfirmed(doubts.joined(separator: "; ")) }
    return .confirmed(
      try chosen(of: result.examples, by: result.encoded()).count < result.examples ? .number : .everything)
  }

  // MARK: - What stands in the result

  private func disagreement(
    of result: BenchmarkResult, with rules: BenchmarkSuite, _ opened: Opened
  ) -> String? {
    let count = opened.subject.examples.count
    let draws = opened.subject.ensemble.drawCount
    if result.seed != rules.seed { return "it names the seed \(result.seed), its suite \(rules.seed)" }
    if result.decision != rules.decision {
      return "it decides by \(result.decision), its suite by \(rules.decision)"
    }
    if result.examples != count { return "it is about \(result.examples) examples where there are \(count)" }
    if result.draws != draws { return "it is about \(result.draws) draws where there are \(draws)" }
    for run in result.runs {
      if let check = run.checks.first(where: { run.mustBeAnswered($0) }) {
        return "it says of the check \(check.name) \(check.status), which passes or fails"
      }
    }
    return nil
  }

  /// What is said of the inputs as given, and does not hold.
  func cleanProblem(
    _ claimed: Int, _ evaluator: Evaluator, _ opened: Opened
  ) throws -> String? {
    let clean = try evaluator.judge(opened.subject.examples.inputs)
    let correct = zip(clean.decisions, opened.subject.examples.labels).count { $0 == $1 }
    guard abs(correct - claimed) > clean.isClose.count(where: \.self) else { return nil }
    return "\(correct) examples are decided as their label as given, not \(claimed)"
  }

  /// Compares what every run says of the ensemble with what is found.
  private func ensembleStanding(
    _ result: BenchmarkResult, _ evaluator: Evaluator, _ opened: Opened
  ) throws -> Standing {
    let made = try evaluator.ensembleChecks()
    let names = Set(made.map(\.name))
    for run in result.runs {
      for check in made {
        guard let claimed = run.checks.first(where: { $0.name == check.name }) else { continue }
        // Another check of the run may have kept this one from being made; and what is not finite may be the run's own.
        let wasKept = claimed.status == Check.Status.notRun.rawValue && !run.failed.isEmpty
        let isOfRun = check.name == CheckName.finiteValues && claimed.status == Check.Status.failed.rawValue
        if claimed.status != check.status.rawValue, !wasKept, !isOfRun {
          return otherwise(claimed.status, check, result, opened)
        }
      }
      if let claimed = run.checks.first(where: { CheckName.ofEnsemble.contains($0.name) && !names.contains($0.name) }) {
        // Checks that are listed only where there is something to say.
        return otherwise(claimed.status, Check(claimed.name, .notRun), result, opened)
      }
    }
    return .confirmed(.everything)
  }

  /// A check that ends otherwise than the result says: not true on the processor that it names; on another, rounding may
  /// carry a number over a threshold.
  func otherwise(
    _ claimed: String, _ check: Check, _ result: BenchmarkResult, _ opened: Opened
  ) -> Standing {
    let finding = check.finding.isEmpty ? "" : ": \(check.finding)"
    let words = "it says of the check \(check.name) \(claimed), but it is \(check.status.rawValue)\(finding)"
    return isOfThisMachine(result, opened.subject) ? .contradicted(words) : .unconfirmed(words + ", on this processor")
  }

  // MARK: - Its points

  func kept(
    _ run: BenchmarkResult.Run, _ number: Int, _ path: String, _ opened: Opened
  ) throws -> Result<Tensor, CoreError> {
    do {
      guard let points = try PointsFile.read(path, run: number, for: opened.expected) else {
        return .failure(CoreError("\(path) does not hold points but a posterior"))
      }
      guard points.rowCount == opened.subject.examples.count else {
        return .failure(
          CoreError("\(path) has \(points.rowCount) points for \(opened.subject.examples.count) examples"))
      }
      guard PointsFile.sha256(points) == run.pointsSHA256 else {
        return .failure(CoreError("the points in \(path) are not those that it names by their digest"))
      }
      return .success(points)
    } catch let error as PosteriorFileError {
      return .failure(CoreError("\(error)"))
    }
  }

  private func problem(
    of points: Tensor, _ run: BenchmarkResult.Run, _ evaluator: Evaluator, _ opened: Opened
  ) throws -> String? {
    let threat = try ThreatModel(norm: run.norm, epsilon: run.epsilon, box: opened.box)
    let outside = evaluator.areAllowed(points, in: threat).count { !$0 }
    let saysOutside = !Set(run.failed).isDisjoint(with: ["budget", "box"])
    if outside > 0, !saysOutside { return "\(outside) of \(points.rowCount) points lie outside the ball or the box" }
    if outside == 0, saysOutside { return "it says that points lie outside the ball or the box, and none does" }
    let judgement = try evaluator.judge(points)
    let labels = opened.subject.examples.labels
    let claims = run.correct.map { $0 == "1" }
    let wrong = labels.indices.filter {
      (judgement.decisions[$0] == labels[$0]) != claims[$0] && !judgement.isClose[$0]
    }
    guard let first = wrong.first else { return nil }
    return "\(wrong.count) of \(labels.count) points are not decided as it says; that of example \(first), of class "
      + "\(labels[first]), is decided as \(judgement.decisions[first])"
  }

  /// What a result says of its computer, where this one could confirm it and does not.
  private func computerDoubt(_ result: BenchmarkResult, _ opened: Opened) -> String? {
    let subject = opened.subject
    if let precision = result.precision, let own = subject.precision, precision != own {
      return "it says that its products are of \(PrintedText.line(precision)), and here they are of \(own)"
    }
    guard result.processor != nil, result.processor == subject.processor, result.kernels == subject.kernels,
      let own = subject.products.implementationNames, result.implementations != own
    else { return nil }
    let theirs = result.implementations?.joined(separator: ", ") ?? "none"
    return "it names this processor, whose products are computed by \(own.joined(separator: ", ")), not by "
      + PrintedText.line(theirs)
  }

  /// Whether the result names what computes here.
  func isOfThisMachine(_ result: BenchmarkResult, _ subject: EvaluationSubject) -> Bool {
    result.processor != nil && result.processor == subject.processor && result.kernels == subject.kernels
      && result.precision == subject.precision && result.implementations == subject.products.implementationNames
  }

  func shortest(_ value: Double) -> String { String(format: "%.6g", value) }
}

extension BenchmarkSuite {
  /// The ball of the suite that a run was in; nil when it is none of them.
  fileprivate func threat(of run: BenchmarkResult.Run, on opened: Verification.Opened) -> Threat? {
    threats.first {
      let epsilon = $0.epsilon(box: opened.box, features: opened.subject.examples.inputs.rowSize)
      return $0.norm == run.norm && abs(epsilon - run.epsilon) <= 1e-12 * epsilon
    }
  }
}

extension [KernelUse] {
  /// What the library calls the code that computes the products, each name once; nil where it is not known.
  var implementationNames: [String]? {
    let names = Set(map(\.implementation)).sorted()
    return names.isEmpty ? nil : names
  }
}
