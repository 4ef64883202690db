import EvaluationHarness
import PosteriorFiles
import RobustnessCore
import Shell

extension BenchmarkSuite {
  /// What one attack of the suite is to do in one of its balls.
  func plan(
    _ request: AttackRequest, objective: Objective, threat: Threat, on subject: EvaluationSubject,
    box: ClosedRange<Double>
  ) -> EvaluationPlan {
    var plan = EvaluationPlan(
      attacks: [AttackRequest(request.attack, assignments: request.assignments, norm: threat.norm)],
      objectives: [objective],
      epsilons: [threat.epsilon(box: box, features: subject.examples.inputs.rowSize)], box: box, seed: seed,
      finiteDifferences: subject.finiteDifferenceEffort)
    if let decision = Decision(decision) { plan.decision = decision }
    return plan
  }

  /// The attack that an entry asks for, which must leave the norm to the suite.
  ///
  /// - Throws: An error of exit code 64 when the attack is unknown, has other options, or sets a norm.
  func request(_ attack: String, among attacks: [any Attack.Type]) throws -> AttackRequest {
    let request = try AttackSpecification(attack, among: attacks).resolve(among: attacks)
    guard !attack.contains("norm=") else {
      throw UsageError("'\(attack)' sets a norm: the suite \(title) does")
    }
    return request
  }

  /// What results of the suite on this posterior are about.
  ///
  /// - Throws: An error of exit code 65 when the file has no examples.
  func subject(_ file: PosteriorFile) throws -> BenchmarkResult.Subject {
    guard let data = file.dataSHA256 else {
      throw BadDataError("\(file.path): /evaluation_data is missing, so there is nothing to attack")
    }
    return BenchmarkResult.Subject(
      suite: title, suiteSHA256: sha256, posteriorSHA256: file.posteriorSHA256, dataSHA256: data)
  }
}
