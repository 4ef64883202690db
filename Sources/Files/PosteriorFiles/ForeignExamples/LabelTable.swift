import ArrayFiles

/// The file `labels.csv` of a folder of images: a line for each, with the columns file and label.
struct LabelTable {
  let files: [String]
  let labels: [Int]
  /// The number of each image's line, from 1.
  let lines: [Int]

  /// Reads a table.
  ///
  /// - Throws: `PosteriorFileError` with line and column.
  init(_ path: String) throws(PosteriorFileError) {
    var reader = try CSVReader(path)
    var files: [String] = []
    var labels: [Int] = []
    var lines: [Int] = []
    var seen: Set<String> = []
    while let fields = try reader.nextLine() {
      let place = "line \(reader.line)"
      guard fields.count == 2 else {
        throw PosteriorFileError(
          file: path, path: place, reason: "has \(fields.count) columns; it needs two, file and label")
      }
      guard let label = Int(fields[1]), label >= 0 else {
        // The first line may name the columns.
        if reader.line == 1, CSVTable.labelNames.contains(fields[1].lowercased()) { continue }
        throw PosteriorFileError(
          file: path, path: "\(place), column 2",
          reason: "holds '\(fields[1].prefix(40))', which is no whole number from 0: labels count from 0",
          advice: "The columns are file and label, in this order")
      }
      guard seen.insert(fields[0]).inserted else {
        throw PosteriorFileError(file: path, path: place, reason: "names \(fields[0].prefix(80)) a second time")
      }
      files.append(fields[0])
      labels.append(label)
      lines.append(reader.line)
    }
    guard !files.isEmpty else {
      throw PosteriorFileError(
        file: path, path: "/", reason: "lists no image", advice: "Its columns are file and label")
    }
    (self.files, self.labels, self.lines) = (files, labels, lines)
  }
}
