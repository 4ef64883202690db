import Foundation
import HDF5
public import RobustnessCore

/// Labelled inputs in a file that is no posterior file.
///
/// A `.npz` file, a table, a folder of PNG images or CIFAR's binary form (`ForeignExamples`); or an HDF5 file: either
/// anybody's file with `inputs` and `labels` at its root (or under another name of ``ArrayNames``), or a file
/// that `evaluate --save-adversarial` wrote, with `labels` at its root and the inputs of every run in `runs/0/inputs`,
/// `runs/1/inputs`, …
///
/// Inputs are `<f4`, `<f8`, or `|u1` (each byte means its value divided by 255); labels are whole numbers from 0.
public enum ExampleArrays {
  /// Reads a file after checking everything that is used of it.
  ///
  /// - Parameters:
  ///   - path: The file.
  ///   - run: Whose inputs, in a file with several runs; nil for `/inputs`.
  ///   - expected: What the network takes, to compare shape, scale and labels with; nil where there is no network.
  ///   - probe: The program that opens the file first, in a process of its own; nil for files that this program has
  ///     just written.
  /// - Returns: nil when the file says that it is a posterior file.
  /// - Throws: The first problem, with the place in the file and the reason.
  public static func read(
    _ path: String, run: Int? = nil, for expected: ExpectedInputs? = nil, probe: ProbeCommand?
  ) throws(PosteriorFileError) -> LabelledData? {
    try readNamed(path, run: run, for: expected, probe: probe)?.data
  }

  /// Reads a file as ``read(_:run:for:probe:)`` does, and says which arrays were taken: their names, where another
  /// choice was possible.
  package static func readNamed(
    _ path: String, run: Int? = nil, for expected: ExpectedInputs? = nil, probe: ProbeCommand?
  ) throws(PosteriorFileError) -> (data: LabelledData, names: String?)? {
    if let kind = ForeignKind(path) {
      guard run == nil else {
        throw PosteriorFileError(
          file: path, path: "/", reason: "is no file that --save-adversarial wrote, and has no runs",
          advice: "Name it without #\(run ?? 0)")
      }
      var examples = try ForeignExamples.toTestOn(path, kind, probe: probe)
      if let expected { examples = try examples.matching(expected) }
      return (examples.data, examples.statement)
    }
    let before = FileIdentity(path)
    let answer = try probe?.runOnArrays(path, run: run) ?? check(path, run: run)
    if let problem = answer.problems.first { throw problem }
    if answer.content?.isPosteriorFile == true { return nil }
    let arrays = try ArraysInspection(path, run: run)
    guard FileIdentity(path) == before else {
      throw PosteriorFileError(file: path, path: "/", reason: "changed while it was being checked", advice: "Try again")
    }
    if let expected { try arrays.check(expected) }
    let data = try arrays.read()
    if let expected { try arrays.check(data.values, labels: data.labels, expected) }
    return (data, run == nil ? try arrays.chosenNames() : nil)
  }

  /// What the checking process does.
  static func check(_ path: String, run: Int?) -> ArraysAnswer {
    do throws(PosteriorFileError) {
      let arrays = try ArraysInspection(path, run: run)
      ProbeLimits.allow([arrays.inputs, arrays.labels].compactMap(\.self))
      if !arrays.isPosteriorFile { try arrays.checkValues() }
      return ArraysAnswer(problems: [], content: ArraysContent(isPosteriorFile: arrays.isPosteriorFile))
    } catch {
      return ArraysAnswer(problems: [error], content: nil)
    }
  }
}

/// What an acceptable file turned out to be.
struct ArraysContent: Codable, Sendable {
  var isPosteriorFile: Bool
}

/// Finds the two arrays, and checks their links, types, shapes and sizes before any value is read.
struct ArraysInspection {
  let path: String
  let isPosteriorFile: Bool
  let file: HDF5File
  /// Whether `evaluate --save-adversarial` wrote it, with the unperturbed inputs beside those of its runs.
  private let isAdversarial: Bool
  private let byteCount: UInt64
  private(set) var inputs: HDF5Dataset?
  private(set) var labels: HDF5Dataset?
  /// What the two arrays declare about the meaning of their numbers, by path.
  private var conversions: [String: StatedConversion] = [:]

  private init(opening path: String) throws(PosteriorFileError) {
    self.path = path
    byteCount = try Inspection.regularFileSize(path)
    let file = try Inspection.openFile(path, advice: "Examples are in an HDF5 file with inputs and labels at its root")
    self.file = file
    let format = try Self.translate(path) { () throws(HDF5Error) in try file.attribute("format", of: "/")?.text }
    isPosteriorFile = format == "bnn-posterior"
    isAdversarial = format == "adversarial-inputs"
  }

  init(_ path: String, run: Int?) throws(PosteriorFileError) {
    try self.init(opening: path)
    guard !isPosteriorFile else { return }
    let inputs = try inputsPath(run)
    let pair = ArrayNames.examples(among: try names(in: "/"))
    if inputs == "/inputs", let pair {
      try find(inputs: "/" + pair.inputs, labels: "/" + pair.labels)
    } else {
      try find(inputs: inputs, labels: "/labels")
    }
  }

  /// The evaluation data of a posterior file that passed every check.
  init(_ path: String, inputs: String, labels: String, of file: PosteriorFile) throws(PosteriorFileError) {
    try self.init(opening: path)
    self.inputs = file.structure.datasets[inputs]
    self.labels = file.structure.datasets[labels]
  }

  init(_ path: String, inputs: String, labels: String) throws(PosteriorFileError) {
    try self.init(opening: path)
    guard !isPosteriorFile else { return }
    try find(inputs: inputs, labels: labels)
  }

  /// The names of the two arrays, where they are not `inputs` and `labels`, or where the file has others to test on;
  /// nil where nothing was chosen.
  func chosenNames() throws(PosteriorFileError) -> String? {
    guard let inputs, let labels else { return nil }
    let pair = [inputs.path, labels.path].map { String($0.dropFirst()) }
    let others = try names(in: "/").filter { !pair.contains($0) && ArrayNames.isKnown($0) }
    guard pair != ["inputs", "labels"] || !others.isEmpty else { return nil }
    return pair.joined(separator: " and ") + (others.isEmpty ? "" : ", not " + others.joined(separator: ", "))
  }

  private mutating func find(inputs inputsPath: String, labels labelsPath: String) throws(PosteriorFileError) {
    inputs = try dataset(inputsPath, types: [.float32, .float64, .uint8], role: .inputs)
    labels = try dataset(labelsPath, types: ElementType.integers, role: .labels)
    try checkShapes()
    for (dataset, role) in [(inputs, DatasetRole.inputs), (labels, .labels)] {
      guard let dataset else { continue }
      do throws(ConversionRefusal) {
        conversions[dataset.path] = try StatedConversion(file, dataset, role)
      } catch {
        throw self.error(error.place, error.reason, advice: error.advice)
      }
    }
  }

  /// The arrays to train on, and the names of those to test on.
  static func toTrainOn(
    _ path: String
  ) throws(PosteriorFileError) -> (train: ArraysInspection, test: ArrayNames.Pair?) {
    var arrays = try ArraysInspection(opening: path)
    guard !arrays.isPosteriorFile else { return (arrays, nil) }
    let found = ArrayNames.training(among: try arrays.names(in: "/"))
    let train = found?.train ?? (inputs: "inputs", labels: "labels")
    try arrays.find(inputs: "/" + train.inputs, labels: "/" + train.labels)
    return (arrays, found?.test)
  }

  /// The path of the inputs, or what to write after the name of the file instead.
  private func inputsPath(_ run: Int?) throws(PosteriorFileError) -> String {
    let runs = try names(in: "/").contains("runs") ? names(in: "/runs").compactMap { Int($0) }.sorted() : []
    let listed = runs.map(String.init).joined(separator: ", ")
    switch run {
    case let run?:
      guard runs.contains(run) else {
        throw error(
          "/runs/\(run)", "is missing; \(runs.isEmpty ? "there are no runs" : "there are the runs \(listed)")")
      }
      return "/runs/\(run)/inputs"
    case nil:
      let hasInputs = try names(in: "/").contains("inputs")
      guard !runs.isEmpty, isAdversarial || !hasInputs else { return "/inputs" }
      throw error(
        "/", "holds the inputs of several attacks: the runs \(listed)",
        advice: "Say which, for instance \(path)#\(runs[0])")
    }
  }

  /// What the root holds, for whoever looked for another name.
  private func listed() throws(PosteriorFileError) -> String {
    let names = try names(in: "/")
    return names.isEmpty ? "" : "; this file holds " + names.prefix(20).joined(separator: ", ")
  }

  func names(in group: String) throws(PosteriorFileError) -> [String] {
    try Self.translate(path) { () throws(HDF5Error) in try file.links(in: group).map(\.name) }
  }

  private func dataset(
    _ place: String, types: [ElementType], role: DatasetRole
  ) throws(PosteriorFileError) -> HDF5Dataset {
    let kind = try Self.translate(path) { () throws(HDF5Error) in try file.kind(of: place) }
    guard let kind else {
      throw error(
        place, "is missing",
        advice: "Examples are inputs and labels at the root of the file, or a posterior file\(try listed())")
    }
    guard kind == .dataset else { throw error(place, "is not a data set") }
    let dataset = try Self.translate(path) { () throws(HDF5Error) in try file.dataset(place) }
    guard case .number(let element) = dataset.type, types.contains(element) else {
      let refusal = TypeRefusal(dataset, role: role, types: types)
      throw error(place, refusal.reason, advice: refusal.advice)
    }
    if let reason = Inspection.storageProblem(dataset, element, role: role, fileSize: byteCount) {
      throw error(place, reason)
    }
    return dataset
  }

  private func checkShapes() throws(PosteriorFileError) {
    guard let inputs, let labels, let shape = inputs.shape, let labelShape = labels.shape else { return }
    guard shape.count >= 2, shape.allSatisfy({ $0 >= 1 }) else {
      throw error(inputs.path, "has shape \(Inspection.tuple(shape)); it needs (n, …), one input after the other")
    }
    guard labelShape == [shape[0]] || labelShape == [shape[0], 1] else {
      throw error(
        labels.path, "has shape \(Inspection.tuple(labelShape)); it needs one label per input, (\(shape[0]))")
    }
  }

  // MARK: - Values

  /// Reads every value, block by block.
  func checkValues() throws(PosteriorFileError) {
    guard let inputs, let labels else { return }
    var problem: PosteriorFileError?
    try Self.translate(path) { () throws(HDF5Error) in
      try inputs.forEachBlock(leadingAxes: 1, element: .float64) { block, first in
        guard problem == nil else { return }
        let values = block.assumingMemoryBound(to: Double.self)
        if let index = values.firstIndex(where: { !$0.isFinite }) {
          problem = error(
            inputs.path,
            "holds \(values[index]) \(ElementPlace.words(first + index, in: inputs.shape)); inputs are finite")
        } else {
          problem = objection(to: values, of: inputs, first)
        }
      }
      try labels.forEachBlock(leadingAxes: 1, element: .int64) { block, first in
        guard problem == nil else { return }
        let values = block.assumingMemoryBound(to: Int64.self)
        if let index = values.firstIndex(where: { $0 < 0 || $0 > Int64(Int32.max) }) {
          problem = error(labels.path, "holds \(values[index]) at position \(first + index); labels count from 0")
        } else {
          problem = objection(to: values.lazy.map { Double($0) }, of: labels, first)
        }
      }
    }
    if let problem { throw problem }
  }

  /// The first value that a data set itself declares to be something else than it is.
  private func objection(
    to values: some Collection<Double>, of dataset: HDF5Dataset, _ first: Int
  ) -> PosteriorFileError? {
    guard let conversion = conversions[dataset.path], !conversion.isEmpty else { return nil }
    for (index, value) in values.enumerated() {
      guard let reason = conversion.objection(to: value) else { continue }
      return error(
        dataset.path, "holds \(plain(value)) \(ElementPlace.words(first + index, in: dataset.shape)), \(reason)")
    }
    return nil
  }

  /// The two arrays as they are stored.
  func read() throws(PosteriorFileError) -> LabelledData {
    guard let inputs, let labels, let shape = inputs.shape else { throw error("/", "could not be read to its end") }
    return try Self.translate(path) { () throws(HDF5Error) in
      LabelledData(
        inputs: try StoredNumbers(inputs), inputShape: Array(shape.dropFirst()),
        labels: try labels.readAll(as: Int64.self).map { Int($0) })
    }
  }

  // MARK: - Errors

  func error(_ place: String, _ reason: String, advice: String? = nil) -> PosteriorFileError {
    PosteriorFileError(file: path, path: place, reason: reason, advice: advice)
  }

  static func translate<T>(_ path: String, _ body: () throws(HDF5Error) -> T) throws(PosteriorFileError) -> T {
    do throws(HDF5Error) {
      return try body()
    } catch {
      throw PosteriorFileError(file: path, path: error.path, reason: "cannot be read: \(error.reason)")
    }
  }
}
