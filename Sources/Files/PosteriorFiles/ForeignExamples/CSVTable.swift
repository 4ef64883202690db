/// A table of numbers in text: a line for each row, with commas, semicolons or tabs between the columns.
///
/// The first line may name the columns. Quotation marks are RFC 4180's. Lines that are empty are allowed at the end
/// alone.
struct CSVTable {
  let path: String
  /// Names of the columns; nil where the first line holds numbers.
  let names: [String]?
  /// The numbers, row by row.
  let values: [Double]
  let columnCount: Int
  /// The number in the file of each row's line, from 1.
  let lines: [Int]

  /// Reads a file.
  ///
  /// - Throws: `PosteriorFileError` with line and column.
  init(_ path: String) throws(PosteriorFileError) {
    var reader = try CSVReader(path)
    guard let first = try reader.nextLine() else {
      throw PosteriorFileError(file: path, path: "/", reason: "is empty", advice: "A line for each example is needed")
    }
    columnCount = first.count
    var lines: [Int] = []
    var values: [Double] = []
    // A line of numbers with one that is none is a mistake in that line, not a line of names.
    let isNamed = first.contains { Self.labelNames.contains($0.lowercased()) }
    if isNamed || reader.isComment || first.allSatisfy({ CSVReader.number($0) == nil }) {
      names = try Self.checked(first, path)
    } else {
      names = nil
      guard first.count < 3 || first != first.indices.map(String.init) else {
        throw PosteriorFileError(
          file: path, path: "line 1", reason: "counts the columns from 0, which pandas writes where they have no names",
          advice: "Write the table with to_csv(FILE, index=False, header=False)")
      }
      try Self.add(first, line: 1, names: nil, to: &values, path)
      lines.append(1)
    }
    while let fields = try reader.nextLine() {
      guard fields.count == columnCount else {
        throw PosteriorFileError(
          file: path, path: "line \(reader.line)",
          reason: "has \(fields.count) columns; line 1 has \(columnCount)")
      }
      try Self.add(fields, line: reader.line, names: names, to: &values, path)
      lines.append(reader.line)
    }
    guard !lines.isEmpty else {
      throw PosteriorFileError(file: path, path: "/", reason: "names columns, and has no line with numbers")
    }
    (self.path, self.values, self.lines) = (path, values, lines)
  }

  /// What a column of labels is called, in any case of letters.
  static let labelNames = ["label", "labels"]

  /// How a column is called in messages: `column 3 (label)`.
  static func words(_ column: Int, names: [String]?) -> String {
    "column \(column + 1)" + (names.map { " (\($0[column].prefix(40)))" } ?? "")
  }

  private static func checked(_ names: [String], _ path: String) throws(PosteriorFileError) -> [String] {
    if let column = names.firstIndex(of: "") {
      throw PosteriorFileError(
        file: path, path: "line 1, column \(column + 1)", reason: "has no name",
        advice: column == 0
          ? "It looks like the numbers of the rows, which pandas leaves away with to_csv(FILE, index=False)"
          : "Name every column, or none")
    }
    return names
  }

  private static func add(
    _ fields: [String], line: Int, names: [String]?, to values: inout [Double], _ path: String
  ) throws(PosteriorFileError) {
    for (column, field) in fields.enumerated() {
      guard let value = CSVReader.number(field) else {
        let isNaN = ["nan", "inf", "-inf", "null", "na", "none", "infinity", "-infinity"].contains(field.lowercased())
        throw PosteriorFileError(
          file: path, path: "line \(line), \(words(column, names: names))",
          reason: field.isEmpty
            ? "is empty; it needs a number" : "holds '\(field.prefix(40))', which is no finite number",
          advice: isNaN || field.isEmpty
            ? "Leave such rows out, or put numbers there"
            : CSVReader.number(field.replacing(",", with: ".")) != nil
              ? "Write decimals with a point"
              : "Number what is text; in numpy: numpy.unique(column, return_inverse=True)[1]")
      }
      values.append(value)
    }
  }
}
