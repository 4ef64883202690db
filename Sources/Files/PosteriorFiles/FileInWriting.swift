import Crypto
import Foundation
import HDF5
import NeuralNetworks
import RobustnessCore

/// A file while it is being written, with the digests of what has been written so far.
///
/// Everything is written through its line of ``FormatSchema``, which says what digests it goes into, and what version
/// of the format the file then is of. What has no line there is a mistake of this program, and ends it.
struct FileInWriting {
  let file: HDF5File
  let contents: PosteriorContents
  private var digests = FileDigests()
  private var version = FormatVersion.first
  /// The parameters that all draws share, by their index, as the first draw has them.
  var sharedValues: [Int: [Float]] = [:]

  private var architecture: Architecture { contents.weights.architecture }
  private var chainCount: Int { contents.chainCount }
  private var drawsPerChain: Int { contents.drawsPerChain }

  init(file: HDF5File, contents: PosteriorContents) {
    self.file = file
    self.contents = contents
  }

  // MARK: - Items of the table

  /// The line of what is about to be written.
  ///
  /// - Parameter role: What a data set means, where its path alone could be that of a parameter.
  private mutating func item(_ path: String, _ kind: FormatItem.Kind, role: DatasetRole? = nil) -> FormatItem {
    guard let item = FormatSchema.item(path, kind, role: role), item.role != .other else {
      preconditionFailure("\(path) has no line in FormatSchema, and so cannot be written")
    }
    require(item.since)
    return item
  }

  /// Makes the file one of this version at least.
  private mutating func require(_ version: FormatVersion) { self.version = max(self.version, version) }

  mutating func createGroup(_ path: String) throws {
    _ = item(path, .group)
    try file.createGroup(path)
  }

  mutating func setAttribute(
    _ name: String, of group: String, to value: HDF5Attribute.Value, shape: [Int] = [], isFree: Bool = false
  ) throws {
    let item = item("\(group)@\(isFree ? "*" : name)", .attribute)
    let type: StoredType
    switch value {
    case .text(let text):
      try file.setAttribute(name, of: group, to: text)
      type = .text(isVariableLength: true)
    case .numbers(let element, let bytes):
      try file.setAttribute(name, of: group, to: bytes, element: element, shape: shape)
      type = .number(element)
    case .unread: return
    }
    digests.add(item, HDF5Attribute(name: name, type: type, shape: shape, value: value), of: group)
  }

  /// Adds a data set to the digests.
  private mutating func sign(
    _ path: String, _ element: ElementType, shape: [Int], sha256: String, role: DatasetRole? = nil
  ) {
    let item = item(path, .dataset, role: role)
    digests.add(item, path: path, type: element.rawValue, shape: shape, sha256: sha256)
  }

  // MARK: - Attributes

  mutating func writeModel() throws {
    try createGroup("/model")
    try setAttribute("architecture", of: "/model", to: .text(architecture.json))
    if architecture.beyondFormat10 != nil { require(.second) }
    try writeBounds()
    for attribute in contents.furtherModelAttributes {
      try setAttribute(attribute.name, of: "/model", to: attribute.value, shape: attribute.shape ?? [])
    }
  }

  private mutating func writeBounds() throws {
    let pairs = contents.boundsPerChannel ?? [contents.inputBounds]
    let bounds = pairs.flatMap { [$0.lowerBound, $0.upperBound] }
    var shape = contents.boundsPerChannel == nil ? [2] : [pairs.count, 2]
    let bytes =
      contents.boundsElement == .float32
      ? bounds.map { Float($0) }.withUnsafeBytes { Array($0) } : bounds.withUnsafeBytes { Array($0) }
    let element = contents.boundsElement == .float32 ? ElementType.float32 : .float64
    var value = HDF5Attribute.Value.numbers(element, bytes)
    // As they were stored: so many equal pairs say what one of them says.
    if let stored = contents.storedBounds, let own = stored.doubles, let storedShape = stored.shape,
      own == bounds || contents.boundsPerChannel == nil && own == (0..<own.count / 2).flatMap { _ in bounds }
    {
      (value, shape) = (stored.value, storedShape)
    }
    if shape.count == 2 { require(.second) }
    try setAttribute("input_bounds", of: "/model", to: value, shape: shape)
  }

  mutating func writeProvenance() throws {
    try createGroup("/provenance")
    if let kind = contents.kind {
      require(kind.since)
      try setAttribute("kind", of: "/provenance", to: .text(kind.rawValue))
    }
    if let exactness = contents.exactness {
      try setAttribute("exactness", of: "/provenance", to: .text(exactness.rawValue))
    } else if let entry = contents.exactnessOfFirstVersion, version == .first {
      // There the name means nothing.
      try setAttribute("exactness", of: "/provenance", to: entry.value, shape: entry.shape, isFree: true)
    }
    for (name, entry) in contents.provenance.sorted(by: { $0.key < $1.key }) {
      try setAttribute(name, of: "/provenance", to: entry.value, shape: entry.shape)
    }
  }

  /// Last, since the digests of everything stand here.
  mutating func writeRoot() throws {
    var texts = contents.descriptions.merging(digests.texts) { $1 }
    texts["format"] = "bnn-posterior"
    texts["format_version"] = version.rawValue
    if contents.createdAt == nil { texts["created_at"] = Date().formatted(.iso8601) }
    for (name, text) in texts.sorted(by: { $0.key < $1.key }) { try setAttribute(name, of: "/", to: .text(text)) }
  }

  // MARK: - Data sets

  /// Writes a data set at once and adds it to the digests.
  mutating func write(
    _ path: String, _ element: ElementType, shape: [Int], chunk: [Int]?, bytes: UnsafeRawBufferPointer,
    role: DatasetRole? = nil
  ) throws {
    let dataset = try file.createDataset(
      path, element: element, shape: shape, chunk: chunk, isCompressed: contents.isCompressed)
    try dataset.write(start: shape.map { _ in 0 }, count: shape, as: element, from: bytes)
    try dataset.close()
    var hasher = SHA256()
    hasher.update(bufferPointer: bytes)
    sign(path, element, shape: shape, sha256: ContentDigest.hexadecimal(hasher.finalize()), role: role)
  }

  mutating func write(_ numbers: StoredNumbers, to path: String, shape: [Int], chunk: [Int]?) throws {
    try numbers.withUnsafeBytes { try write(path, numbers.element, shape: shape, chunk: chunk, bytes: $0) }
  }

  /// Writes a dimension of a group: with coordinates 0, 1, … or, for netCDF, as one that has none.
  private mutating func writeDimension(_ name: String, in group: String, extent: Int, isCoordinate: Bool) throws {
    let path = "\(group)/\(name)"
    let values = (0..<extent).map { isCoordinate ? Int64($0) : 0 }
    let role = isCoordinate ? DatasetRole.coordinate : .dimension
    try values.withUnsafeBytes { try write(path, .int64, shape: [extent], chunk: nil, bytes: $0, role: role) }
    let size = String(extent)
    let padded = String(repeating: " ", count: max(0, 10 - size.count)) + size
    try file.makeDimensionScale(
      path, name: isCoordinate ? name : "This is a netCDF dimension but not a netCDF variable." + padded)
  }

  // MARK: - Weights

  mutating func writePosterior() throws {
    try createGroup("/posterior")
    try writeDraws()
    try writeDimension("chain", in: "/posterior", extent: chainCount, isCoordinate: true)
    try writeDimension("draw", in: "/posterior", extent: drawsPerChain, isCoordinate: true)
    var written: Set<String> = []
    for (index, parameter) in architecture.parameters.enumerated() where !contents.shared.contains(index) {
      let names = parameter.dimensionNames
      for (name, extent) in zip(names, parameter.shape) where written.insert(name).inserted {
        try writeDimension(name, in: "/posterior", extent: extent, isCoordinate: false)
      }
      for (axis, name) in (["chain", "draw"] + names).enumerated() {
        try file.attachScale("/posterior/\(name)", to: "/posterior/\(parameter.name)", axis: axis)
      }
    }
  }

  /// Draw by draw, each parameter's digest growing along.
  private mutating func writeDraws() throws {
    let parameters = architecture.parameters
    let shared = contents.shared
    let datasets = try parameters.enumerated().map { index, parameter in
      shared.contains(index)
        ? nil
        : try file.createDataset(
          "/posterior/\(parameter.name)", element: .float32, shape: [chainCount, drawsPerChain] + parameter.shape,
          chunk: [1, 1] + parameter.shape, isCompressed: contents.isCompressed)
    }
    var hashers = parameters.map { _ in SHA256() }
    let buffer = UnsafeMutableBufferPointer<Float>.allocate(capacity: architecture.parameterCount)
    defer { buffer.deallocate() }
    buffer.initialize(repeating: 0)
    for draw in 0..<contents.weights.drawCount {
      try contents.weights.read(draw: draw, into: buffer)
      var offset = 0
      for (index, parameter) in parameters.enumerated() {
        let values = UnsafeBufferPointer(rebasing: buffer[offset..<(offset + parameter.count)])
        offset += parameter.count
        guard let dataset = datasets[index] else {
          try keepShared(values, parameter, index, draw: draw)
          continue
        }
        let part = UnsafeRawBufferPointer(values)
        hashers[index].update(bufferPointer: part)
        try dataset.write(
          start: [draw / drawsPerChain, draw % drawsPerChain] + parameter.shape.map { _ in 0 },
          count: [1, 1] + parameter.shape, as: .float32, from: part)
      }
    }
    for dataset in datasets { try dataset?.close() }
    for (index, parameter) in parameters.enumerated() where !shared.contains(index) {
      let path = "/posterior/\(parameter.name)"
      let shape = [chainCount, drawsPerChain] + parameter.shape
      sign(path, .float32, shape: shape, sha256: ContentDigest.hexadecimal(hashers[index].finalize()))
    }
  }

  // MARK: - Statistics and data

  mutating func writeStatistics() throws {
    guard !contents.sampleStatistics.isEmpty else { return }
    try createGroup("/sample_stats")
    try writeDimension("chain", in: "/sample_stats", extent: chainCount, isCoordinate: true)
    try writeDimension("draw", in: "/sample_stats", extent: drawsPerChain, isCoordinate: true)
    for statistic in contents.sampleStatistics {
      let path = "/sample_stats/\(statistic.name)"
      guard let bytes = statistic.storedBytes else {
        throw PosteriorFileError(
          file: file.path, path: path, reason: "holds a value that \(statistic.storedElement.rawValue) cannot represent"
        )
      }
      try bytes.withUnsafeBytes {
        try write(
          path, statistic.storedElement, shape: [chainCount, drawsPerChain], chunk: [1, drawsPerChain], bytes: $0)
      }
      for mark in FormatSchema.attributes(of: path) { try setAttribute(mark.name, of: path, to: .text("bool")) }
      try file.attachScale("/sample_stats/chain", to: path, axis: 0)
      try file.attachScale("/sample_stats/draw", to: path, axis: 1)
    }
  }

  mutating func writeVariational() throws {
    guard let variational = contents.variational else { return }
    try createGroup("/variational")
    var offset = 0
    for (index, parameter) in architecture.parameters.enumerated() {
      defer { offset += parameter.count }
      if contents.shared.contains(index) {
        try checkShared(variational, parameter, index, from: offset)
        continue
      }
      for (suffix, values) in [("mean", variational.mean), ("scale", variational.scale)] {
        try values[offset..<(offset + parameter.count)].withUnsafeBytes {
          try write(
            "/variational/\(parameter.name).\(suffix)", .float32, shape: parameter.shape, chunk: parameter.shape,
            bytes: $0)
        }
      }
    }
  }

  mutating func writeEvaluationData() throws {
    guard let evaluation = contents.evaluationData else { return }
    try createGroup("/evaluation_data")
    let count = evaluation.count
    // About a megabyte per chunk, the size of the library's cache.
    let rowBytes = architecture.inputShape.reduce(1, *) * evaluation.inputs.element.byteCount
    let chunk = [max(1, min(count, (1 << 20) / rowBytes))] + architecture.inputShape
    try write(
      evaluation.inputs, to: "/evaluation_data/inputs", shape: [count] + architecture.inputShape, chunk: chunk)
    let labels = evaluation.labels.map { Int64($0) }
    try labels.withUnsafeBytes {
      try write("/evaluation_data/labels", .int64, shape: [count], chunk: [count], bytes: $0)
    }
  }
}
