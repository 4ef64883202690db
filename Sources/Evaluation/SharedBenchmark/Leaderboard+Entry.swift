import RobustnessCore

/// How reports about one posterior become its part of the leaderboard.
extension Leaderboard {
  static func entry(
    _ subject: BenchmarkResult.Subject, _ judged: [JudgedReport], onlyConfirmed: Bool
  ) throws -> Entry {
    // One order, whichever files come first.
    let judged = judged.sorted { $0.order.lexicographicallyPrecedes($1.order) }
    // What is contradicted decides nothing that others are compared with.
    let held = judged.filter { if case .contradicted = $0.standing { false } else { true } }
    let reports = held.isEmpty ? judged : held
    let first = reports[0]
    for other in reports where (other.examples, other.draws) != (first.examples, first.draws) {
      throw CoreError(
        "results of '\(first.laboratory)' and '\(other.laboratory)' are about the same posterior and data, but have "
          + "\(first.examples) × \(first.draws) and \(other.examples) × \(other.draws) examples × draws")
    }
    let clean = Set(reports.map(\.cleanCorrect))
    let (results, certificates) = judged.parted
    return Entry(
      subject: subject, model: first.model, title: first.model, summary: first.summary, examples: first.examples,
      draws: first.draws, decision: first.decision,
      computedBy: Set(reports.parted.results.compactMap(\.result.computedBy)).sorted(),
      cleanAccuracy: .proportion(clean.min() ?? 0, of: first.examples), isCleanAccuracyDisputed: clean.count > 1,
      balls: balls(results, certificates, onlyConfirmed: onlyConfirmed),
      radii: radii(certificates, onlyConfirmed: onlyConfirmed))
  }

  private struct Place: Hashable {
    let norm: Norm
    let epsilon: Double
  }

  private static func balls(
    _ judged: [JudgedResult], _ certificates: [JudgedCertificate], onlyConfirmed: Bool
  ) -> [Ball] {
    var rows: [Place: [Row]] = [:]
    for reported in judged {
      let result = reported.result
      let standing = reported.standing
      for run in result.runs {
        let place = Place(norm: run.norm, epsilon: run.epsilon)
        let same = rows[place, default: []].firstIndex {
          $0.attack == result.attack && $0.run == run && $0.standing == standing
        }
        if let same {
          let laboratories = Set(rows[place]![same].laboratories + [result.laboratory])
          rows[place]![same].laboratories = laboratories.sorted()
        } else {
          rows[place, default: []].append(
            Row(
              attack: result.attack, laboratories: [result.laboratory], run: run,
              robustAccuracy: .proportion(run.correct.count { $0 == "1" }, of: run.correct.count), standing: standing,
              counts: run.isValid && standing.counts(onlyConfirmed: onlyConfirmed)))
        }
      }
    }
    for run in certificates.flatMap(\.certificate.runs) {
      for epsilon in run.epsilons { rows[Place(norm: run.norm, epsilon: epsilon), default: []] += [] }
    }
    let order = Norm.allCases
    return rows.map { place, rows in
      let valid = rows.filter(\.counts)
      let worst = valid.isEmpty ? nil : WorstCase(valid.map { $0.run.correct.map { $0 == "1" } })
      var ball = Ball(
        norm: place.norm, epsilon: place.epsilon, rows: rows.sorted(by: isStronger), worstCase: worst?.accuracy)
      ball.add(certificates, onlyConfirmed: onlyConfirmed)
      return ball
    }.sorted { (order.firstIndex(of: $0.norm)!, $0.epsilon) < (order.firstIndex(of: $1.norm)!, $1.epsilon) }
  }

  private static func isStronger(_ a: Row, _ b: Row) -> Bool {
    if a.counts != b.counts { return a.counts }
    if a.run.isValid != b.run.isValid { return a.run.isValid }
    if a.robustAccuracy.value != b.robustAccuracy.value { return a.robustAccuracy.value < b.robustAccuracy.value }
    if a.run.memberGradients != b.run.memberGradients { return a.run.memberGradients < b.run.memberGradients }
    return (a.attack.request, a.attack.objective.rawValue, a.laboratories.joined(separator: ","))
      < (b.attack.request, b.attack.objective.rawValue, b.laboratories.joined(separator: ","))
  }
}

extension [JudgedReport] {
  /// Attacks and certificates apart, each in their order.
  var parted: (results: [JudgedResult], certificates: [JudgedCertificate]) {
    (
      compactMap { if case .attack(let result) = $0 { result } else { nil } },
      compactMap { if case .certificate(let certificate) = $0 { certificate } else { nil } }
    )
  }
}

extension JudgedReport {
  /// What reports about one posterior are sorted by.
  fileprivate var order: [String] {
    switch self {
    case .attack(let judged):
      let result = judged.result
      return [
        result.model, result.laboratory, "0", result.attack.request, result.attack.objective.rawValue, standing.word,
      ]
    case .certificate(let judged):
      return [judged.certificate.model, judged.certificate.laboratory, "1", judged.certificate.request, standing.word]
    }
  }
}
