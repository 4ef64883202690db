/// Rows as comma-separated values (RFC 4180).
public struct CSVText: Sendable {
  private var rows: [[String]]

  /// A table with its header.
  public init(header: [String]) { rows = [header] }

  /// Adds a row.
  public mutating func append(_ row: [String]) { rows.append(row) }

  /// The text, one row a line.
  public var text: String {
    rows.map { $0.map(Self.field).joined(separator: ",") + "\n" }.joined()
  }

  private static func field(_ text: String) -> String {
    guard text.contains(where: { $0 == "," || $0 == "\"" || $0.isNewline }) else { return text }
    return "\"" + text.replacing("\"", with: "\"\"") + "\""
  }
}
