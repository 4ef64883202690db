import Foundation
import Reporting
import RobustnessCore

extension Leaderboard {
  /// The leaderboard as Markdown.
  public var markdown: String {
    document.map { block in
      switch block {
      case .heading(let level, let text): String(repeating: "#", count: level) + " " + markdownText(text) + "\n"
      case .paragraph(let text): markdownText(text) + "\n"
      case .table(let header, let rows, let strong):
        ([header.map { markdownText($0.title) }].map(line) + [header.map { $0.isNumber ? "--:" : "---" }].map(line)
          + rows.enumerated().map { index, row in
            line(row.map { strong.contains(index) && !$0.isEmpty ? "**\(markdownText($0))**" : markdownText($0) })
          }).joined()
      }
    }.joined(separator: "\n")
  }

  private func line(_ cells: [String]) -> String { "| " + cells.joined(separator: " | ") + " |\n" }

  /// Names come from other people's files: what means something in Markdown or HTML is written so that it does not.
  private func markdownText(_ text: String) -> String {
    text.reduce(into: "") { result, character in
      switch character {
      case "|", "*", "_", "`", "[", "]", "\\", "#": result += "\\\(character)"
      case "&": result += "&amp;"
      case "<": result += "&lt;"
      case ">": result += "&gt;"
      case _ where character.isNewline || character == "\t": result += " "
      default: result.append(character)
      }
    }
  }

  /// One row for each attack in each ball, one for each worst case, and one for each certificate: `bound` says whether
  /// the number is an upper or a lower one.
  public var csv: String {
    var table = CSVText(header: [
      "suite", "suite_sha256", "posterior_sha256", "data_sha256", "model", "examples", "draws", "clean_accuracy",
      "norm",
      "epsilon", "attack", "objective", "laboratories", "robust_accuracy", "robust_accuracy_low",
      "robust_accuracy_high",
      "robust_accuracy_best_query", "member_gradients", "queries", "counts", "believable", "failed_checks", "warnings",
      "standing", "checks", "bound",
    ])
    for entry in sections.flatMap(\.entries) {
      let subject = entry.subject
      for ball in entry.balls {
        let common = [
          subject.suite, subject.suiteSHA256, subject.posteriorSHA256, subject.dataSHA256, entry.model,
          "\(entry.examples)", "\(entry.draws)", "\(entry.cleanAccuracy.value)", ball.norm.rawValue, "\(ball.epsilon)",
        ]
        for row in ball.rows {
          table.append(
            common + [
              row.attack.request, row.attack.objective.rawValue, row.laboratories.joined(separator: " "),
            ] + numbers(row.robustAccuracy) + [
              "\(Double(row.run.correctAtBestQuery) / Double(entry.examples))", "\(row.run.memberGradients)",
              "\(row.run.queries)", "\(row.counts)", "\(row.run.failed.isEmpty)",
              row.run.failed.joined(separator: " "), row.run.warnings.joined(separator: " "), row.standing.word,
              row.standing == .confirmed(.everything) ? "made" : "claimed", "upper",
            ])
        }
        if let worst = ball.worstCase {
          let counted = ball.rows.filter(\.counts)
          table.append(
            common + ["worst-case", "", ""] + numbers(worst) + [
              "", "\(counted.reduce(0) { $0 + $1.run.memberGradients })",
              "\(counted.reduce(0) { $0 + $1.run.queries })", "true", "\(ball.isBelievable)", "", "",
              ball.isConfirmed ? "confirmed" : "unconfirmed",
              ball.rows.first?.standing == .confirmed(.everything) ? "made" : "claimed", "upper",
            ])
        }
        for row in ball.certificates {
          table.append(
            common + [row.certificate, "", row.laboratories.joined(separator: " ")] + numbers(row.certified) + [
              "", "", "", "\(row.counts)", "", "", "", row.standing.word, "", "lower",
            ])
        }
      }
    }
    return table.text
  }

  private func numbers(_ estimate: Estimate) -> [String] {
    [estimate.value, estimate.low ?? .nan, estimate.high ?? .nan].map { "\($0)" }
  }

  /// The leaderboard as one HTML page that needs no other file.
  public var html: String {
    let body = document.map { block -> String in
      switch block {
      case .heading(let level, let text): return "<h\(level)>\(htmlText(text))</h\(level)>"
      case .paragraph(let text): return "<p>\(htmlText(text))</p>"
      case .table(let header, let rows, let strong):
        let head = header.map { "<th\($0.isNumber ? " class=\"n\"" : "")>\(htmlText($0.title))</th>" }.joined()
        let lines = rows.enumerated().map { index, row in
          let cells = zip(header, row).map { column, cell in
            "<td\(column.isNumber ? " class=\"n\"" : "")>\(htmlText(cell))</td>"
          }
          return "<tr\(strong.contains(index) ? " class=\"strong\"" : "")>\(cells.joined())</tr>"
        }
        return "<table>\n<thead><tr>\(head)</tr></thead>\n<tbody>\n\(lines.joined(separator: "\n"))\n</tbody>\n</table>"
      }
    }
    return """
      <!DOCTYPE html>
      <html lang="en">
      <head>
      <meta charset="utf-8">
      <meta name="viewport" content="width=device-width, initial-scale=1">
      <title>Leaderboard</title>
      <style>
      body { font: 15px/1.5 system-ui, sans-serif; max-width: 72rem; margin: 2rem auto; padding: 0 1rem; color: #1a1a1a; background: #fff; }
      h2 { margin-top: 3rem; border-bottom: 1px solid #ccc; }
      p { overflow-wrap: anywhere; max-width: 50rem; }
      table { border-collapse: collapse; margin: 1rem 0; display: block; overflow-x: auto; }
      th, td { text-align: left; padding: .25rem .75rem; border-bottom: 1px solid #ddd; vertical-align: top; }
      .n { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
      .strong td { font-weight: 600; border-top: 2px solid #888; }
      @media (prefers-color-scheme: dark) { body { color: #e6e6e6; background: #161616; } h2, th, td { border-color: #444; } }
      </style>
      </head>
      <body>
      \(body.joined(separator: "\n"))
      </body>
      </html>

      """
  }

  private func htmlText(_ text: String) -> String {
    text.reduce(into: "") { result, character in
      switch character {
      case "&": result += "&amp;"
      case "<": result += "&lt;"
      case ">": result += "&gt;"
      case "\"": result += "&quot;"
      case "'": result += "&#39;"
      default: result.append(character)
      }
    }
  }
}
