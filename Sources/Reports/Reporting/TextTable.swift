/// A table for people: columns padded with spaces, two spaces between them.
public struct TextTable: Sendable {
  /// On which side a column is padded.
  public enum Alignment: Sendable {
    /// Padded on the right.
    case left
    /// Padded on the left.
    case right
  }

  private let alignments: [Alignment]
  private var rows: [[String]]

  /// A table with one or more header lines.
  public init(header: [[String]], alignments: [Alignment]) {
    self.alignments = alignments
    rows = header
  }

  /// Adds a row.
  public mutating func append(_ row: [String]) { rows.append(row) }

  /// The lines.
  public var text: String {
    let widths = alignments.indices.map { column in rows.map { $0[column].displayWidth }.max() ?? 0 }
    return rows.map { row in
      let cells = row.enumerated().map { column, cell -> String in
        let space = String(repeating: " ", count: widths[column] - cell.displayWidth)
        return alignments[column] == .left ? cell + space : space + cell
      }
      var line = cells.joined(separator: "  ")
      while line.last == " " { line.removeLast() }
      return line + "\n"
    }.joined()
  }
}

extension String {
  /// Columns on a terminal: combining marks take none.
  var displayWidth: Int { count }
}
