import Foundation
import RobustnessCore

/// A leaderboard as headings, paragraphs and tables: what Markdown and HTML are made from.
enum Block {
  case heading(Int, String)
  case paragraph(String)
  /// Columns are aligned right where `isNumber`; `strong` names rows that stand out.
  case table(header: [(title: String, isNumber: Bool)], rows: [[String]], strong: Set<Int>)
}

extension Leaderboard {
  var document: [Block] {
    var blocks: [Block] = [.heading(1, "Leaderboard")]
    blocks.append(
      .paragraph(
        "Robust accuracy is an upper bound on robustness: the fraction of all examples that are still decided as their label at the points that an attack returned, with Wilson's 95 % interval. "
          + "The worst case counts an example as robust only if every attack left it so; it is called believable when its strongest attack is and the others add little to it. Cost is in member-gradients, backward passes of one example through one draw, and does not depend on the machine."
      ))
    if sections.contains(where: \.hasCertificates) {
      blocks.append(
        .paragraph(
          "Certified is a lower bound: the fraction of the examples for which a certificate proves that no point of the ball changes the decision, in real arithmetic. The truth lies between the two."
        ))
    }
    if !hasConfirmedResults, !sections.isEmpty {
      blocks.append(
        .paragraph(
          "Nothing here is confirmed: these are claims of those who wrote the results. benchmark verify RESULTS "
            + "--models FILES judges their points again and repeats their attacks on a few examples."))
    }
    for section in sections {
      blocks.append(.heading(2, "\(section.title), data \(section.dataSHA256.prefix(12))…"))
      blocks.append(
        .paragraph(
          "Suite SHA-256 \(section.suiteSHA256). Data SHA-256 \(section.dataSHA256). Only results that agree in both are compared."
        ))
      blocks.append(ranking(section))
      for entry in section.entries { blocks += details(entry) }
    }
    if sections.isEmpty { blocks.append(.paragraph("There are no results.")) }
    return blocks
  }

  private func ranking(_ section: Section) -> Block {
    let balls = section.entries.flatMap(\.balls)
    var titles: [String] = []
    for ball in balls where !titles.contains(ball.title) { titles.append(ball.title) }
    let proves = section.hasCertificates
    return .table(
      header: [("", true), ("posterior", false), ("draws", true), ("clean", true)]
        + titles.flatMap { title in
          (proves ? [("certified, \(title)", true)] : []) + [("worst case, \(title)", true)]
        },
      rows: section.entries.enumerated().map { index, entry in
        ["\(index + 1)", entry.title, "\(entry.draws)", percent(entry.cleanAccuracy)]
          + titles.flatMap { title -> [String] in
            let ball = entry.balls.first { $0.title == title }
            let certified = ball.flatMap { ball in
              ball.certified.map { percent($0) + (ball.certificates.first?.standing.mark ?? "") }
            }
            return (proves ? [certified ?? "–"] : []) + [ball.flatMap(worstCase) ?? "–"]
          }
      }, strong: [])
  }

  private func worstCase(_ ball: Ball) -> String? {
    ball.worstCase.map { percent($0) + (ball.isBelievable ? "" : ", not believable") + ball.mark }
  }

  private func details(_ entry: Entry) -> [Block] {
    var blocks: [Block] = [
      .heading(3, entry.title), .paragraph(entry.summary),
      .paragraph(
        "Posterior SHA-256 \(entry.subject.posteriorSHA256). \(entry.examples) examples, \(entry.draws) draws, decision "
          + "\(entry.decision), clean accuracy \(percent(entry.cleanAccuracy))"
          + (entry.isCleanAccuracyDisputed ? " (laboratories differ; the smallest)." : ".")),
    ]
    if !entry.computedBy.isEmpty {
      blocks.append(.paragraph("Computed by " + entry.computedBy.joined(separator: "; ") + "."))
    }
    for ball in entry.balls {
      blocks.append(.heading(4, ball.title))
      let apart = ball.rows.filter { hasConfirmedResults && !$0.standing.isConfirmed }
      var rows = lines(ball.rows.filter { !(hasConfirmedResults && !$0.standing.isConfirmed) })
      if let worst = ball.worstCase {
        let counted = ball.rows.filter(\.counts)
        rows.append([
          "", "worst case over \(counted.count)", "", "", percent(worst),
          ball.verdict + ball.mark,
          grouped(counted.reduce(0) { $0 + $1.run.memberGradients }),
        ])
      }
      if !rows.isEmpty {
        blocks.append(.table(header: header, rows: rows, strong: ball.worstCase == nil ? [] : [rows.count - 1]))
      }
      if !apart.isEmpty {
        blocks.append(
          .paragraph("Not confirmed, and not counted: " + (reasons(apart).joined(separator: "; ")) + "."))
        blocks.append(.table(header: header, rows: lines(apart), strong: []))
      }
      if !ball.certificates.isEmpty { blocks.append(certificates(ball)) }
    }
    if !entry.radii.isEmpty { blocks += radii(entry) }
    return blocks
  }

  private func certificates(_ ball: Ball) -> Block {
    var rows = ball.certificates.map { row in
      [
        row.certificate, names(row.laboratories), percent(row.certified), "\(row.undecided) of \(row.run.radii.count)",
        row.verdict + (row.counts || row.standing.isConfirmed ? "" : ", not counted"),
      ]
    }
    let counted = ball.certificates.filter(\.counts).count
    if let certified = ball.certified, counted > 1 {
      rows.append(["any of \(counted)", "", percent(certified), "", ""])
    }
    return .table(
      header: [
        ("certificate", false), ("laboratory", false), ("certified (95 %)", true), ("undecided", true),
        ("verdict", false),
      ], rows: rows, strong: counted > 1 ? [rows.count - 1] : [])
  }

  private func radii(_ entry: Entry) -> [Block] {
    [
      .heading(4, "Certified radii"),
      .table(
        header: [
          ("certificate", false), ("laboratory", false), ("norm", false), ("half of the examples up to ε", true),
          ("looked for up to", true), ("", false),
        ],
        rows: entry.radii.map { row in
          [
            row.certificate, names(row.laboratories), row.norm.symbol,
            // Nothing was looked for beyond the largest ball.
            row.halfCertified > 0
              ? (row.halfCertified >= row.largest ? "≥ " : "") + String(format: "%.4g", row.halfCertified) : "–",
            String(format: "%.6g", row.largest),
            row.standing.word == "contradicted"
              ? "not true" : row.counts ? (row.standing.isConfirmed ? "" : "claimed") : "not counted",
          ]
        }, strong: []),
    ]
  }

  private func names(_ laboratories: [String]) -> String {
    laboratories.filter { !$0.isEmpty }.joined(separator: ", ")
  }

  private var header: [(title: String, isNumber: Bool)] {
    [
      ("", true), ("attack", false), ("objective", false), ("laboratory", false), ("robust accuracy (95 %)", true),
      ("verdict", false), ("member-gradients", true),
    ]
  }

  private func lines(_ rows: [Row]) -> [[String]] {
    rows.enumerated().map { index, row in
      [
        row.counts ? "\(index + 1)" : "–", row.attack.request, row.attack.objective.rawValue,
        names(row.laboratories), percent(row.robustAccuracy),
        row.verdict + row.standing.mark, grouped(row.run.memberGradients),
      ]
    }
  }

  /// Why rows are not confirmed, each reason once; a contradiction stands in its row.
  private func reasons(_ rows: [Row]) -> [String] {
    let reasons = rows.map { row in
      if case .unconfirmed(let reason) = row.standing { reason } else { "what is not true" }
    }
    return reasons.enumerated().filter { reasons.firstIndex(of: $1) == $0 }.map(\.element)
  }

  private func percent(_ estimate: Estimate) -> String {
    func number(_ value: Double) -> String { String(format: "%.1f", 100 * value) }
    return "\(number(estimate.value)) % (\(number(estimate.low ?? .nan))–\(number(estimate.high ?? .nan)))"
  }

  /// 60,000
  private func grouped(_ count: Int) -> String {
    var digits = ""
    for (index, digit) in "\(count)".reversed().enumerated() {
      if index > 0, index % 3 == 0 { digits.append(",") }
      digits.append(digit)
    }
    return String(digits.reversed())
  }
}

extension Leaderboard.Section {
  /// Whether anything was certified in it.
  var hasCertificates: Bool { entries.contains { $0.balls.contains { !$0.certificates.isEmpty } } }
}

extension Leaderboard.Ball {
  /// What can be said about the worst case.
  var verdict: String {
    guard strongestIsBelievable else { return "not believable: the strongest attack is not" }
    return isSettled
      ? "believable" : "not believable: below the interval of the strongest attack, so more search finds more"
  }

  /// Stands behind a worst case that is not confirmed, or whose strongest attack's checks are not.
  var mark: String { rows.first { $0.counts }?.standing.mark ?? "" }

  /// `L∞ ε = 0.1`
  var title: String { "\(norm.symbol) ε = \(shortest(epsilon))" }

  /// At most six digits: a radius that was computed from the number of features has sixteen.
  private func shortest(_ value: Double) -> String { String(format: "%.6g", value) }
}

extension Standing {
  /// Stands behind everything that is only claimed.
  fileprivate var mark: String {
    switch self {
    case .confirmed(.everything), .contradicted: ""
    case .confirmed(.number): " · checks as claimed"
    case .unconfirmed: " · unconfirmed"
    }
  }
}
