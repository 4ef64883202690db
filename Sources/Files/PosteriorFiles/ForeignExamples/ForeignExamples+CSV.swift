import RobustnessCore

extension ForeignExamples {
  /// The examples of a table: the column `label`, else the last one, holds the labels, all others the inputs, which are
  /// flat.
  init(_ table: CSVTable) throws(PosteriorFileError) {
    let width = table.columnCount
    let path = table.path
    guard width >= 2 else {
      throw PosteriorFileError(
        file: path, path: "/",
        reason: "has one column; it needs one for each number of an input, and one for the label",
        advice: "Columns are separated by commas, semicolons or tabs")
    }
    let names = table.names ?? []
    let named = names.indices.filter { CSVTable.labelNames.contains(names[$0].lowercased()) }
    guard named.count < 2 else {
      throw PosteriorFileError(file: path, path: "line 1", reason: "names \(named.count) columns of labels")
    }
    let labelColumn = named.first ?? width - 1
    let columns = (0..<width).map { CSVTable.words($0, names: table.names) }
    var inputs: [Double] = []
    inputs.reserveCapacity(table.values.count - table.lines.count)
    var labels: [Int] = []
    for (row, line) in table.lines.enumerated() {
      let start = row * width
      for column in 0..<width where column != labelColumn { inputs.append(table.values[start + column]) }
      let value = table.values[start + labelColumn]
      guard let label = Int(exactly: value) else {
        throw PosteriorFileError(
          file: path, path: "line \(line), \(columns[labelColumn])",
          reason: "holds \(plain(value)), which is no whole number: labels count from 0",
          advice: "Labels are in the column named label, else in the last one")
      }
      labels.append(label)
    }
    // Which column was taken needs saying where nothing names it.
    let note = named.isEmpty ? ["labels are the last column\(table.names.map { ", " + $0[width - 1] } ?? "")"] : []
    try self.init(
      path: path, inputs: .doubles(inputs), inputShape: [width - 1], labels: labels,
      places: .lines(
        table.lines, columns: columns.indices.filter { $0 != labelColumn }.map { columns[$0] },
        label: columns[labelColumn]), notes: note)
  }
}
