import EvaluationHarness
import Foundation
import RobustnessCore

extension BenchmarkRun {
  /// One certificate on one posterior: what is finished is judged again, the rest is made.
  ///
  /// - Parameters:
  ///   - attacks: What attacks on the same posterior did, with the files of their points: none of these may fool what is
  ///     certified.
  ///   - didEnd: Is told how it ended.
  /// - Returns: nil where the network has no bounds.
  func prove(
    _ request: CertificateRequest, _ subject: BenchmarkResult.Subject,
    _ attacks: [(result: BenchmarkResult, points: String)], into folder: ResultFolder,
    _ opened: () throws -> Verification.Opened, _ didEnd: (String, Event) -> Void
  ) throws -> JudgedCertificate? {
    let name = subject.fileName(certificate: request.text)
    var event = Event.finished
    if let found = folder.finished(name, about: subject, ofCertificate: request.text) {
      switch try verification.standing(of: found, attacks: attacks, on: try opened()) {
      case .confirmed:
        didEnd(request.text, .found)
        return JudgedCertificate(found, .confirmed(.everything))
      case .unconfirmed(let reason), .contradicted(let reason): event = .replaced(reason)
      }
    }
    do {
      let certificate = try self.certificate(request, subject, try opened())
      try folder.write(certificate, named: name)
      let standing = try verification.standing(of: certificate, attacks: attacks, on: try opened())
      didEnd(request.text, event)
      return JudgedCertificate(certificate, standing.isConfirmed ? .confirmed(.everything) : standing)
    } catch let unavailable as BoundsUnavailable {
      didEnd(request.text, .skipped(unavailable.description))
    } catch let error as CoreError {
      didEnd(request.text, .skipped(error.description))
    }
    return nil
  }

  private func certificate(
    _ request: CertificateRequest, _ subject: BenchmarkResult.Subject, _ opened: Verification.Opened
  ) throws -> BenchmarkCertificate {
    let evaluated = opened.subject
    let plan = suite.certificatePlan(companions, box: opened.box)
    var runs: [BenchmarkCertificate.Run] = []
    var cleanCorrect = 0
    for norm in Norm.allCases where request.certificate.norms.contains(norm) {
      let epsilons = suite.epsilons(norm, box: opened.box, features: evaluated.examples.inputs.rowSize)
      guard !epsilons.isEmpty else { continue }
      let evaluator = try Evaluator(
        subject: evaluated, plan: plan, companions: companions,
        progress: TerminalProgress(prefix: "\(evaluated.name) · "))
      let found = try evaluator.certifiedRadii(request, norm, epsilons: epsilons)
      cleanCorrect = found.isCorrect.count(where: \.self)
      runs.append(
        BenchmarkCertificate.Run(
          norm: norm, epsilons: epsilons, options: request.options, radii: found.radii, notes: found.notes))
    }
    guard !runs.isEmpty else {
      let norms = Set(suite.threats.map(\.norm.rawValue)).sorted().joined(separator: ", ")
      throw CoreError("\(request.certificate.name) has bounds in none of the suite's norms (\(norms))")
    }
    return BenchmarkCertificate(
      subject: subject, rules: suite, model: evaluated.name, summary: evaluated.summary, laboratory: laboratory,
      certificate: request.certificate.name, request: request.text, decision: suite.decision,
      examples: evaluated.examples.count, draws: evaluated.ensemble.drawCount, cleanCorrect: cleanCorrect, runs: runs)
  }

  /// What is certified and fooled at once; nil where nothing is.
  func contradiction(in reports: [JudgedReport]) -> BrokenCertificate? {
    for case .certificate(let judged) in reports {
      if case .contradicted(let reason) = judged.standing {
        return BrokenCertificate(
          description:
            "\(judged.certificate.request) on \(judged.certificate.model): \(reason). This is a fault of the "
            + "certificate: please report it with the command and the files")
      }
    }
    return nil
  }
}

/// A certificate that this program made itself is not true; exit code 70, after everything is written.
struct BrokenCertificate: Error, CustomStringConvertible {
  let description: String
}
