import Foundation
import RobustnessCore

/// What all certificates of an evaluation say.
struct CertificateFindings {
  var results: [CertifiedResult] = []
  var radii: [CertifiedRadii] = []
  var failures: [CertificateFailure] = []
}

extension Evaluator {
  /// Everything that the plan asks to be certified, in the balls that were searched.
  func certificates(_ balls: [LowestSearch], _ outcomes: [Outcome], clean: Observations) throws -> CertificateFindings {
    var findings = CertificateFindings()
    let labels = subject.examples.labels
    let isCorrect = zip(clean.decisions, labels).map { $0 == $1 }
    let rows = isCorrect.indices.filter { isCorrect[$0] }
    for norm in Norm.allCases {
      let balls = balls.filter { $0.threat.norm == norm }.sorted { $0.threat.epsilon < $1.threat.epsilon }
      guard let largest = balls.last else { continue }
      let flips = try balls.map { try fooledDraws($0, outcomes) }
      for request in plan.certificates {
        guard request.certificate.norms.contains(norm) else {
          findings.failures.append(
            CertificateFailure(
              method: request.certificate.name, norm: norm, reason: "it has no bounds in \(norm.symbol)"))
          continue
        }
        progress.willRun("\(request.text) · \(norm.symbol)")
        let run = CertificateRun(
          evaluator: self, request: request, norm: norm, epsilons: balls.map(\.threat.epsilon), rows: rows,
          suspects: suspects(largest, outcomes))
        let clock = ContinuousClock()
        var found: [CertificateRun.Finding] = []
        do {
          let duration = try clock.measure { found = try resumed(run) }
          findings.radii.append(radii(run, found, isCorrect, seconds: duration.inSeconds))
        } catch let unavailable as BoundsUnavailable {
          findings.failures.append(
            CertificateFailure(method: request.certificate.name, norm: norm, reason: unavailable.description))
          continue
        }
        for (index, ball) in balls.enumerated() {
          findings.results.append(
            result(run, found, index, ball, isCorrect: isCorrect, fooled: flips[index]))
        }
      }
    }
    return findings
  }

  /// What a run says of all examples: nothing of those that are decided wrongly as they are.
  func radii(
    _ run: CertificateRun, _ found: [CertificateRun.Finding], _ isCorrect: [Bool], seconds: Double
  ) -> CertifiedRadii {
    var radii = [Double](repeating: 0, count: isCorrect.count)
    for (row, finding) in zip(run.rows, found) { radii[row] = finding.radius }
    return CertifiedRadii(
      method: run.request.certificate.name, request: run.request.text, norm: run.norm,
      largest: run.epsilons.last ?? 0, radii: radii, isCorrect: isCorrect,
      notes: found.reduce(into: Set<String>()) { $0.formUnion($1.notes) }.sorted(),
      multiplications: found.reduce(0) { $0 + $1.multiplications }, seconds: seconds)
  }

  private func result(
    _ run: CertificateRun, _ found: [CertificateRun.Finding], _ index: Int, _ ball: LowestSearch, isCorrect: [Bool],
    fooled: [Int]
  ) -> CertifiedResult {
    var examples = [CertifiedExample](repeating: .unknown, count: isCorrect.count)
    var isCertified = [Bool](repeating: false, count: isCorrect.count)
    for (row, finding) in zip(run.rows, found) {
      // Certified in a larger ball: the margin there holds here.
      let own = finding.atEpsilons[index] ?? finding.atEpsilons[index...].compactMap(\.self).first ?? .unknown
      examples[row] = own
      isCertified[row] = own.isCertified || finding.radius >= ball.threat.epsilon && finding.radius > 0
    }
    return CertifiedResult(
      method: run.request.certificate.name, request: run.request.text, options: run.request.options,
      norm: run.norm, epsilon: ball.threat.epsilon, examples: examples, isCertified: isCertified,
      accuracy: .proportion(isCertified.count { $0 }, of: isCertified.count, distinct: ball.distinct),
      undecided: isCertified.indices.count { !isCertified[$0] && ball.stands[$0] },
      slack: run.rows.map { examples[$0].slack }.max() ?? 0,
      certifiesSinglePrecision: run.request.certifiesSinglePrecision,
      safety: DrawSafety(
        draws: evaluationDraws.count, safe: examples.map(\.safeDraws), fooled: fooled,
        areIndependent: subject.origin == .variational || subject.origin == .independent))
  }

  /// For each example a point that fools it, or where an attack ended.
  private func suspects(_ ball: LowestSearch, _ outcomes: [Outcome]) -> Tensor? {
    let own = outcomes.filter { !isNoise($0.request) && isOf($0, ball) }
    guard var points = own.last?.adversarial.inputs else { return nil }
    for (row, found) in ball.fooling { points[row: row] = found.point[...] }
    ball.threat.project(&points, around: subject.examples.inputs)
    return points
  }

  private func isOf(_ outcome: Outcome, _ ball: LowestSearch) -> Bool {
    outcome.threat.norm == ball.threat.norm && outcome.threat.epsilon == ball.threat.epsilon
  }

  /// For each example, how many draws decide otherwise than its label at one of the points that were found.
  private func fooledDraws(_ ball: LowestSearch, _ outcomes: [Outcome]) throws -> [Int] {
    let labels = subject.examples.labels
    var isFooled = [Set<Int>](repeating: [], count: labels.count)
    var points = outcomes.filter { isOf($0, ball) }.map(\.adversarial.inputs)
    if let suspects = suspects(ball, outcomes) { points.append(suspects) }
    let classes = subject.ensemble.classCount
    // At most some 32 MB at a time, however many draws there are.
    let block = max(1, min(250, (1 << 22) / (evaluationDraws.count * classes)))
    for tensor in points {
      let isAllowed = areAllowed(tensor, in: ball.threat)
      let allowed = labels.indices.filter { isAllowed[$0] }
      for first in stride(from: 0, to: allowed.count, by: block) {
        let rows = Array(allowed[first..<min(first + block, allowed.count)])
        let logs = try subject.ensemble.memberLogProbabilities(tensor.rows(rows), draws: .some(evaluationDraws))
          .elements
        for draw in evaluationDraws.indices {
          for (position, row) in rows.enumerated() {
            let start = (draw * rows.count + position) * classes
            let own = logs[start + labels[row]]
            // A tie may go either way.
            if (0..<classes).contains(where: { $0 != labels[row] && logs[start + $0] > own }) {
              isFooled[row].insert(draw)
            }
          }
        }
      }
    }
    return isFooled.map(\.count)
  }

  /// The findings of a run; what a process that was stopped had found is not made again.
  private func resumed(_ run: CertificateRun) throws -> [CertificateRun.Finding] {
    guard let checkpoint else { return try run.findings(known: [:]) { _, _ in } }
    let name = certificateName(run)
    return try run.findings(known: checkpoint.findings(of: name)) { block, found in
      try checkpoint.save(found, of: name, block: block)
    }
  }
}
