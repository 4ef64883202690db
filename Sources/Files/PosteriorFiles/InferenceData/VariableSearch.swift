import HDF5

/// Finds the variables of the group `/posterior`, and what they agree on.
struct VariableSearch {
  private(set) var chainCount = 0
  private(set) var drawsPerChain = 0
  private(set) var variables: [InferenceDataFile.Variable] = []
  private(set) var readers: [String: VariableReader] = [:]
  private(set) var library: (name: String, version: String?)?

  private let file: HDF5File
  private let byteCount: UInt64

  init(_ file: HDF5File, byteCount: UInt64) throws(PosteriorFileError) {
    self.file = file
    self.byteCount = byteCount
    do throws(HDF5Error) {
      guard try file.kind(of: Self.group) == .group else { throw try missing() }
      for link in try file.links(in: Self.group) where link.kind == .hard {
        let path = "\(Self.group)/\(link.name)"
        if try file.kind(of: path) == .dataset { try add(link.name, path) }
      }
      if let name = try text("inference_library") { library = (name, try text("inference_library_version")) }
    } catch {
      throw Self.refusal(error)
    }
    guard !variables.isEmpty, chainCount > 0, drawsPerChain > 0 else {
      throw PosteriorFileError(
        file: file.path, path: Self.group, reason: "has no variable (chain, draw, …): there are no draws",
        advice: InferenceDataFile.advice)
    }
  }

  private static let group = "/posterior"

  private func text(_ name: String) throws(HDF5Error) -> String? {
    try file.attribute(name, of: Self.group)?.text
  }

  /// Why there is no such group, as far as it can be told.
  private func missing() throws(HDF5Error) -> HDF5Error {
    let names = try file.links(in: "/").map(\.name)
    let isAlone = names.contains("chain") && names.contains("draw")
    return HDF5Error(
      file: file.path, path: "/",
      reason: isAlone
        ? "has chains and draws at its root, and no group posterior: a data set was saved, and not the InferenceData"
        : "has no group posterior, and is no InferenceData with draws")
  }

  private static func refusal(_ error: HDF5Error) -> PosteriorFileError {
    let isOwn = error.stack.isEmpty
    return PosteriorFileError(
      file: error.file, path: error.path, reason: isOwn ? error.reason : "cannot be read: \(error.reason)",
      advice: error.path == "/" && isOwn ? InferenceDataFile.advice : nil)
  }

  // MARK: - One variable

  private mutating func add(_ name: String, _ path: String) throws(HDF5Error) {
    let dataset: HDF5Dataset
    do throws(HDF5Error) {
      dataset = try file.dataset(path)
    } catch {
      // Its filter or its storage is not read, which matters only if it is asked for.
      variables.append(.init(name: name, shape: [], isDouble: false, objection: Self.refusal(error)))
      return
    }
    let axes = try file.axisNames(of: path)
    guard let shape = dataset.shape, shape.count >= 2 else { return }
    func means(_ axis: Int, _ name: String) -> Bool { axes[axis].isEmpty || axes[axis].contains(name) }
    guard means(0, "chain"), means(1, "draw") else {
      // Coordinates have other dimensions; of variables it is a mistake.
      let names = axes.flatMap(\.self)
      guard names.contains("draw") || names.contains("sample") else { return }
      throw HDF5Error(
        file: file.path, path: path,
        reason: "has the dimensions (\(axes.map { $0.first ?? "?" }.joined(separator: ", "))), not (chain, draw, …): "
          + (names.contains("sample")
            ? "unstack(\"sample\") parts what was stacked" : "transpose(\"chain\", \"draw\", ...) turns them")
      )
    }
    if chainCount == 0 { (chainCount, drawsPerChain) = (shape[0], shape[1]) }
    guard shape[0] == chainCount, shape[1] == drawsPerChain else {
      throw HDF5Error(
        file: file.path, path: path,
        reason:
          "has \(shape[0]) chains of \(shape[1]) draws; the variables before it have \(chainCount) of \(drawsPerChain)"
      )
    }
    var objection: PosteriorFileError?
    do throws(PosteriorFileError) {
      readers[name] = try VariableReader(file, dataset, shape, byteCount: byteCount)
    } catch {
      objection = error
    }
    variables.append(
      .init(
        name: name, shape: Array(shape.dropFirst(2)), isDouble: dataset.type == .number(.float64), objection: objection)
    )
  }
}
