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
  /// - Throws: An error of exit code 64 when the attack is unknown, has other options, sets a norm, or is a portfolio
  ///   with another objective than the predictive's.
  func request(
    _ attack: String, objective: Objective = .predictive, among attacks: [any Attack.Type]
  ) throws -> AttackRequest {
    let request = try AttackSpecification(attack, among: attacks).resolve(among: attacks)
    guard !attack.contains("norm=") else {
      throw UsageError("'\(attack)' sets a norm: the suite \(title) does")
    }
    if request.attack is any Portfolio.Type, objective != .predictive {
      throw UsageError("'\(attack)' has objectives of its own: leave the objective predictive")
    }
    return request
  }

  /// The most gradients and points that an attack may ask for, for each example and threat: its own, or the suite's.
  func budget(of request: AttackRequest, _ objective: Objective, among attacks: [any Attack.Type]) -> Budget {
    let entry = self.attacks.first {
      $0.objective == objective && (try? self.request($0.attack, among: attacks))?.text == request.text
    }
    return Budget(
      gradients: entry?.gradientsPerExample ?? gradientsPerExample,
      queries: entry?.queriesPerExample ?? queriesPerExample)
  }

  /// What an attack may spend on an example in one ball.
  struct Budget: Sendable, Hashable {
    var gradients: Int
    var queries: Int
  }

  /// What results of the suite on this posterior are about.
  ///
  /// - Throws: An error of exit code 65 when the file has no examples.
  func subject(_ file: PosteriorFile) throws -> BenchmarkResult.Subject {
    guard let data = file.dataSHA256 else {
      throw BadDataError("\(file.path): /evaluation_data is missing, so there is nothing to attack")
    }
    guard file.boundsPerChannel == nil else {
      throw BadDataError(
        "\(file.path): /model@input_bounds differ between channels, and the radii of the suite \(title) are parts of one "
          + "width: put the normalisation into the network, as a normalize layer")
    }
    return BenchmarkResult.Subject(
      suite: title, suiteSHA256: sha256, posteriorSHA256: file.posteriorSHA256, dataSHA256: data)
  }
}
