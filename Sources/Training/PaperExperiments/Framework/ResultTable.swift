import Foundation
import Reporting

/// Rows of an experiment's CSV, with what its columns mean.
struct ResultTable: Sendable {
  /// A column: its name, and a description with the unit.
  struct Column: Sendable {
    let name: String
    let meaning: String

    init(_ name: String, _ meaning: String) {
      self.name = name
      self.meaning = meaning
    }
  }

  let columns: [Column]
  private(set) var rows: [[String]] = []

  init(_ columns: [Column]) { self.columns = columns }

  /// Adds a row with as many fields as there are columns.
  mutating func append(_ fields: [String]) {
    precondition(fields.count == columns.count, "\(fields.count) fields for \(columns.count) columns")
    rows.append(fields)
  }

  /// The file.
  var csv: String {
    var text = CSVText(header: columns.map(\.name))
    for row in rows { text.append(row) }
    return text.text
  }

  /// A table in Markdown that says what the columns are.
  var legend: String {
    Markdown.table(["column", "meaning"], columns.map { ["`\($0.name)`", $0.meaning] })
  }

  /// A number with six significant digits; nothing for what is not finite or not there.
  static func number(_ value: Double?) -> String {
    guard let value, value.isFinite else { return "" }
    return String(format: "%.6g", value)
  }
}

/// Pieces of Markdown.
enum Markdown {
  /// A table.
  static func table(_ header: [String], _ rows: [[String]]) -> String {
    let lines = [header, header.map { _ in "---" }] + rows
    return lines.map { "| " + $0.joined(separator: " | ") + " |\n" }.joined()
  }

  /// A fraction in per cent.
  static func percent(_ value: Double, digits: Int = 1) -> String {
    value.isFinite ? String(format: "%.\(digits)f %%", 100 * value) : "–"
  }

  /// A number.
  static func number(_ value: Double, _ digits: Int = 3) -> String {
    value.isFinite ? String(format: "%.\(digits)g", value) : "–"
  }

  /// A number with decimals.
  static func fixed(_ value: Double, _ digits: Int = 2) -> String {
    value.isFinite ? String(format: "%.\(digits)f", value) : "–"
  }
}
