import EvaluationHarness
import Foundation
import RobustnessCore
import Shell

/// What a certificate is said to have proven, proven again.
///
/// 1. It is compared with the posterior, the data and its own suite.
/// 2. A few examples, chosen as those of attacks are, are certified again at their radii.
/// 3. No point of any attack on the same posterior that is reported beside it may fool an example within its radius, in
///    double precision.
extension Verification {
  /// What is known about a certificate after it was judged again.
  ///
  /// - Parameters:
  ///   - claim: What is reported.
  ///   - attacks: What is reported about attacks on the same posterior, each with the file of its points. Whether their
  ///     other numbers are true plays no part: a point is a point.
  ///   - opened: The posterior and data that it is about.
  /// - Throws: Errors of files that belong to the user, and `Interrupted`.
  func standing(
    of claim: BenchmarkCertificate, attacks: [(result: BenchmarkResult, points: String)], on opened: Opened
  ) throws -> Standing {
    let evaluator = try Evaluator(
      subject: opened.subject, plan: claim.rules.certificatePlan(companions, box: opened.box), companions: companions,
      progress: TerminalProgress(prefix: "\(opened.subject.name) · again · "))
    if let problem = try disagreement(of: claim, opened) ?? cleanProblem(claim.cleanCorrect, evaluator, opened) {
      return .contradicted(problem)
    }
    let request: CertificateRequest
    do {
      request = try claim.rules.request(certificate: claim.request, among: certificates)
    } catch let error as UsageError {
      return .unconfirmed("its certificate cannot be made again: \(error)")
    }
    var doubts: [String] = []
    for run in claim.runs {
      for (attack, path) in attacks {
        if let problem = try contradiction(to: run, of: request, by: attack, path, evaluator, opened) {
          return .contradicted("\(problem)")
        }
      }
      switch try proven(run, of: claim, request, evaluator) {
      case .confirmed: break
      case .contradicted(let problem): return .contradicted(problem)
      case .unconfirmed(let doubt): doubts.append(doubt)
      }
    }
    let missing = Set(claim.rules.threats.map(\.norm)).intersection(request.certificate.norms)
      .subtracting(claim.runs.map(\.norm))
    doubts += missing.map(\.symbol).sorted().map { "it lacks the norm \($0) of its suite" }
    guard doubts.isEmpty else { return .unconfirmed(doubts.joined(separator: "; ")) }
    return .confirmed(
      try chosen(of: claim.examples, by: claim.encoded()).count < claim.examples ? .number : .everything)
  }

  private func disagreement(of claim: BenchmarkCertificate, _ opened: Opened) throws -> String? {
    let count = opened.subject.examples.count
    let draws = opened.subject.ensemble.drawCount
    if claim.decision != claim.rules.decision {
      return "it decides by \(claim.decision), its suite by \(claim.rules.decision)"
    }
    if claim.examples != count { return "it is about \(claim.examples) examples where there are \(count)" }
    if claim.draws != draws { return "it is about \(claim.draws) draws where there are \(draws)" }
    for run in claim.runs {
      let own = claim.rules.epsilons(run.norm, box: opened.box, features: opened.subject.examples.inputs.rowSize)
      guard own.count == run.epsilons.count, zip(own, run.epsilons).allSatisfy({ abs($0 - $1) <= 1e-12 * $0 }) else {
        return "its radii in \(run.norm.symbol) are not those of \(claim.rules.title)"
      }
    }
    return nil
  }

  /// Certifies a few examples again at the radii that are reported.
  private func proven(
    _ run: BenchmarkCertificate.Run, of claim: BenchmarkCertificate, _ request: CertificateRequest,
    _ evaluator: Evaluator
  ) throws -> Standing {
    guard request.certificate.norms.contains(run.norm) else {
      return .contradicted("\(request.certificate.name) has no bounds in \(run.norm.symbol)")
    }
    guard run.options == request.options else {
      return .contradicted("its options are not those of \(claim.request)")
    }
    let rows = try chosen(of: claim.examples, by: claim.encoded()).filter { run.radii[$0] > 0 }
    do {
      let again = try evaluator.certified(
        request, run.norm, rows: rows, radii: rows.map { run.radii[$0] }, largest: run.epsilons.last ?? 0)
      guard let failed = again.indices.first(where: { !again[$0].isCertified }) else { return .confirmed(.everything) }
      return .contradicted(
        "\(again.count { !$0.isCertified }) of \(rows.count) examples are not certified again at their radii in "
          + "\(run.norm.symbol), example \(rows[failed]) at \(shortest(run.radii[rows[failed]]))")
    } catch let unavailable as BoundsUnavailable {
      return .unconfirmed("it cannot be made again: \(unavailable)")
    }
  }

  /// Whether a point of an attack fools an example that is said to be certified there.
  private func contradiction(
    to run: BenchmarkCertificate.Run, of request: CertificateRequest, by attack: BenchmarkResult, _ path: String,
    _ evaluator: Evaluator, _ opened: Opened
  ) throws -> CertificateContradiction? {
    for (number, points) in attack.runs.enumerated() {
      guard case .success(let found) = try kept(points, number, path, opened) else { continue }
      do {
        let contradiction = try evaluator.contradiction(
          by: found, of: attack.attack.request, to: request, run.norm, radii: run.radii)
        if let contradiction { return contradiction }
      } catch is BoundsUnavailable {
        return nil
      }
    }
    return nil
  }
}
