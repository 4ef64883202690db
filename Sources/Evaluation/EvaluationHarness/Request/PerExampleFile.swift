import Foundation
import HDF5
import Reporting
import RobustnessCore
import Shell

/// What every run did to every example, as CSV, JSON or HDF5, whichever the file's name ends in.
enum PerExampleFile {
  /// A form, by the ending of a name.
  enum Form: String, CaseIterable {
    case csv
    case json
    case hdf5 = "h5"

    /// - Throws: `UsageError` for a name with another ending.
    init(of path: String) throws(UsageError) {
      let ending = URL(fileURLWithPath: path).pathExtension.lowercased()
      guard let form = Form(rawValue: ending == "hdf5" ? "h5" : ending) else {
        throw UsageError("--per-example takes a file whose name ends in .csv, .json or .h5, not '\(path)'")
      }
      self = form
    }
  }

  /// Writes the file; it has its name when it is complete.
  static func write(_ result: EvaluationResult, to path: String) throws {
    do {
      switch try Form(of: path) {
      case .csv: try AtomicFile.replace(path, with: csv(result).utf8, durability: .none)
      case .json: try AtomicFile.replace(path, with: (json(result).pretty + "\n").utf8, durability: .none)
      case .hdf5: try AtomicFile.replace(path, durability: .none) { try fill($0, result) }
      }
    } catch {
      throw OutputError("\(path) cannot be written: \((error as? HDF5Error)?.reason ?? "\(error)")")
    }
  }

  // MARK: - Columns

  private enum Cell {
    case integer(Int?)
    case flag(Bool)
    case knownFlag(Bool?)
    case number(Double)
  }

  private struct Column {
    let name: String
    let cell: (ExampleRecord) -> Cell
  }

  private static func columns(of result: EvaluationResult) -> [Column] {
    let ends = [
      Column(name: "perturbation") { .number($0.perturbation) },
      Column(name: "first_success") { .integer($0.firstSuccess) },
    ]
    let begin = [Column(name: "index") { .integer($0.index) }, Column(name: "label") { .integer($0.label) }]
    return begin + views("clean", \.clean) + views("adversarial", \.adversarial) + ends
      + (result.rejection == nil ? [] : rejection) + (result.certified.isEmpty ? [] : certificate)
  }

  /// What is certified.
  private static var certificate: [Column] {
    [
      Column(name: "certified") { .knownFlag($0.certificate?.isCertified) },
      Column(name: "certified_margin") { .number($0.certificate?.margin ?? .nan) },
      Column(name: "certified_radius") { .number($0.certificate?.radius ?? .nan) },
      Column(name: "safe_draws") { .integer($0.certificate?.safeDraws) },
    ]
  }

  /// Where a defence rejects.
  private static var rejection: [Column] {
    [
      Column(name: "clean_score") { .number($0.rejection?.cleanScore ?? .nan) },
      Column(name: "clean_rejected") { .knownFlag($0.rejection?.isCleanRejected) },
      Column(name: "adversarial_score") { .number($0.rejection?.adversarialScore ?? .nan) },
      Column(name: "adversarial_rejected") { .knownFlag($0.rejection?.isAdversarialRejected) },
      Column(name: "adaptive_decision") { .integer($0.rejection?.adaptiveDecision) },
      Column(name: "adaptive_score") { .number($0.rejection?.adaptiveScore ?? .nan) },
      Column(name: "adaptive_rejected") { .knownFlag($0.rejection?.isAdaptiveRejected) },
      Column(name: "robust_with_rejection") { .knownFlag($0.rejection?.isRobust) },
    ]
  }

  private static func views(_ prefix: String, _ view: KeyPath<ExampleRecord, ExampleRecord.View>) -> [Column] {
    [
      Column(name: "\(prefix)_decision") { .integer($0[keyPath: view].decision) },
      Column(name: "\(prefix)_correct") { .flag($0[keyPath: view].isCorrect) },
      Column(name: "\(prefix)_label_probability") { .number($0[keyPath: view].labelProbability) },
      Column(name: "\(prefix)_decision_probability") { .number($0[keyPath: view].decisionProbability) },
      Column(name: "\(prefix)_entropy") { .number($0[keyPath: view].entropy) },
      Column(name: "\(prefix)_mutual_information") { .number($0[keyPath: view].mutualInformation) },
    ]
  }

  // MARK: - Text

  private static func csv(_ result: EvaluationResult) -> String {
    let columns = columns(of: result)
    var table = CSVText(header: ["run", "attack", "objective", "norm", "epsilon"] + columns.map(\.name))
    for (number, run) in result.runs.enumerated() {
      let names = ["\(number)", run.request, run.objective.rawValue, run.norm.rawValue, "\(run.epsilon)"]
      for example in run.examples { table.append(names + columns.map { text($0.cell(example)) }) }
    }
    return table.text
  }

  /// What is not known, or not a number, is empty.
  private static func text(_ cell: Cell) -> String {
    switch cell {
    case .integer(let value): value.map { "\($0)" } ?? ""
    case .flag(let value): "\(value)"
    case .knownFlag(let value): value.map { "\($0)" } ?? ""
    case .number(let value): value.isNaN ? "" : "\(value)"
    }
  }

  private static func json(_ result: EvaluationResult) -> JSONText {
    let columns = columns(of: result)
    let names = columns.map { camelCase($0.name) }
    return .object([
      ("model", .text(result.model)),
      ("posteriorSHA256", .optional(result.posteriorSHA256) { .text($0) }),
      ("dataSHA256", .optional(result.dataSHA256) { .text($0) }),
      ("decision", .text(result.decision.description)),
      ("seed", .natural(result.seed)),
      (
        "runs",
        .array(
          result.runs.map { run in
            .object([
              ("attack", .text(run.attack)), ("request", .text(run.request)),
              ("objective", .text(run.objective.rawValue)), ("norm", .text(run.norm.rawValue)),
              ("epsilon", .number(run.epsilon)),
              (
                "examples",
                .array(
                  run.examples.map { example in
                    .object(zip(names, columns).map { ($0, json($1.cell(example))) })
                  })
              ),
            ])
          })
      ),
    ])
  }

  private static func json(_ cell: Cell) -> JSONText {
    switch cell {
    case .integer(let value): .optional(value) { .integer($0) }
    case .flag(let value): .bool(value)
    case .knownFlag(let value): .optional(value) { .bool($0) }
    case .number(let value): .number(value)
    }
  }

  private static func camelCase(_ name: String) -> String {
    let words = name.split(separator: "_")
    return words[0] + words.dropFirst().map(\.capitalized).joined()
  }

  // MARK: - HDF5

  private static func fill(_ path: String, _ result: EvaluationResult) throws {
    let file = try HDF5File.create(path)
    try file.setAttribute("format", of: "/", to: "per-example")
    try file.setAttribute("format_version", of: "/", to: "1.0")
    try file.setDigests(of: result)
    try file.createGroup("/runs")
    for (number, run) in result.runs.enumerated() {
      let group = "/runs/\(number)"
      try file.createGroup(group)
      try file.setAttributes(of: run, group: group)
      for column in columns(of: result) { try write(column, run.examples, to: file, in: group) }
    }
    try file.flush()
  }

  /// Whole numbers as int64, −1 for one that is not known; true and false as bytes, as int64 where they may not be
  /// known.
  private static func write(
    _ column: Column, _ examples: [ExampleRecord], to file: HDF5File, in group: String
  ) throws {
    let cells = examples.map(column.cell)
    func dataset(_ element: ElementType) throws -> HDF5Dataset {
      try file.createDataset("\(group)/\(column.name)", element: element, shape: [cells.count], chunk: [cells.count])
    }
    switch cells.first {
    case .integer:
      try dataset(.int64).writeAll(
        cells.map { cell -> Int64 in if case .integer(let value?) = cell { Int64(value) } else { -1 } })
    case .flag:
      try dataset(.uint8).writeAll(
        cells.map { cell -> UInt8 in if case .flag(true) = cell { 1 } else { 0 } })
    case .knownFlag:
      try dataset(.int64).writeAll(
        cells.map { cell -> Int64 in if case .knownFlag(let value?) = cell { value ? 1 : 0 } else { -1 } })
    case .number:
      try dataset(.float64).writeAll(
        cells.map { cell -> Double in if case .number(let value) = cell { value } else { .nan } })
    case nil: break
    }
  }
}

extension HDF5File {
  /// Which posterior and which examples.
  func setDigests(of result: EvaluationResult) throws {
    if let digest = result.posteriorSHA256 { try setAttribute("posterior_sha256", of: "/", to: digest) }
    if let digest = result.dataSHA256 { try setAttribute("data_sha256", of: "/", to: digest) }
  }

  /// What a run was.
  func setAttributes(of run: RunResult, group: String) throws {
    try setAttribute("attack", of: group, to: run.attack)
    try setAttribute("objective", of: group, to: run.objective.rawValue)
    try setAttribute("norm", of: group, to: run.norm.rawValue)
    try setAttribute(
      "epsilon", of: group, to: withUnsafeBytes(of: run.epsilon) { Array($0) }, element: .float64, shape: [])
    let options = run.options.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: ",")
    try setAttribute("options", of: group, to: options)
  }
}
