import Datasets
import Foundation
import HDF5
import RobustnessCore
import Shell
import Synchronization

/// Data as an experiment uses them.
struct LoadedData: Sendable {
  let dataset: Dataset
  /// What `train --data` is given.
  let argument: String
  /// Names the examples to train on.
  let digest: String
  /// Orthonormal directions along the manifold and the unit normals that are known, for each test example; nil for
  /// images.
  let frames: [ManifoldFrame]?
}

/// Directions at a point of a manifold.
struct ManifoldFrame: Sendable {
  /// Number of dimensions of the manifold.
  let tangentDimension: Int
  /// Orthonormal vectors along the manifold, or, where `isComplement`, orthonormal vectors across it.
  let vectors: [[Double]]
  /// Whether `vectors` are the normals: a sphere has one of these and many tangents.
  let isComplement: Bool
}

/// Finds, makes and keeps the data of a reproduction.
final class DataCatalog: Sendable {
  private let folder: String
  private let dataFolder: String?
  private let loaded = Mutex<[DataSpec: LoadedData]>([:])

  /// - Parameters:
  ///   - folder: Where files that are made go.
  ///   - dataFolder: Where images are looked for; nil for the standard places.
  init(folder: String, dataFolder: String?) {
    self.folder = folder
    self.dataFolder = dataFolder
  }

  /// The data, read or made once.
  func load(_ spec: DataSpec) throws -> LoadedData {
    if let data = loaded.withLock({ $0[spec] }) { return data }
    let data: LoadedData
    switch spec {
    case .named(let name): data = try named(name)
    case .embeddedMoons(let dimension): data = try embeddedMoons(dimension)
    case .spheres(let dimension): data = try spheres(dimension)
    case .lastBatch(let name, let size): data = try lastBatch(name, size, spec)
    }
    loaded.withLock { $0[spec] = data }
    return data
  }

  private func named(_ name: String) throws -> LoadedData {
    if name.hasPrefix("half-moons") {
      let moons = HalfMoons(noise: name == "half-moons" ? 0.1 : 0)
      let tangents = moons.testCurve.tangents
      let frames = (0..<tangents.rowCount).map {
        ManifoldFrame(tangentDimension: 1, vectors: [Array(tangents[row: $0])], isComplement: false)
      }
      return LoadedData(
        dataset: moons.dataset, argument: name, digest: moons.dataset.train.sha256,
        frames: name == "half-moons" ? nil : frames)
    }
    let dataset = try DatasetSource(name).load(folders: DataFolders(given: dataFolder), probe: nil)
    return LoadedData(dataset: dataset, argument: name, digest: dataset.train.sha256, frames: nil)
  }

  /// x ↦ ½ + Q (x − ½) with Q of two orthonormal columns: distances, and so tangents, are kept.
  private func embeddedMoons(_ dimension: Int) throws -> LoadedData {
    precondition(dimension >= 2)
    let moons = HalfMoons(noise: 0)
    let columns = Self.orthonormal(2, dimension, RandomStreams(seed: 0, purpose: "paper/embedding"))
    func lift(_ x: Double, _ y: Double) -> [Double] { (0..<dimension).map { columns[0][$0] * x + columns[1][$0] * y } }
    func part(_ part: DatasetPart) -> DatasetPart {
      guard case .floats(let values) = part.inputs else { preconditionFailure("half-moons are numbers") }
      let lifted = part.labels.indices.flatMap { row in
        lift(Double(values[2 * row]) - 0.5, Double(values[2 * row + 1]) - 0.5).map { Float(0.5 + $0) }
      }
      return DatasetPart(
        inputs: .floats(lifted), inputShape: [dimension], labels: part.labels, inputBounds: -0.25...1.25)
    }
    let tangents = moons.testCurve.tangents
    let frames = (0..<tangents.rowCount).map {
      ManifoldFrame(tangentDimension: 1, vectors: [lift(tangents[$0, 0], tangents[$0, 1])], isComplement: false)
    }
    return try write(
      .embeddedMoons(dimension: dimension), train: part(moons.dataset.train), test: part(moons.dataset.test!), frames)
  }

  private func spheres(_ dimension: Int) throws -> LoadedData {
    let streams = RandomStreams(seed: 0, purpose: "paper/spheres")
    func part(_ count: Int, _ name: String) -> (DatasetPart, [ManifoldFrame]) {
      var inputs: [Float] = []
      var labels: [Int] = []
      var frames: [ManifoldFrame] = []
      for index in 0..<count {
        var stream = streams.streams(for: name).stream(example: index)
        let normals = stream.normals(dimension)
        let norm = normals.reduce(0) { $0 + $1 * $1 }.squareRoot()
        let unit = normals.map { $0 / norm }
        // By a toss, not in turns: every fortieth example would be of one class.
        labels.append(stream.uniforms(1)[0] < 0.5 ? 0 : 1)
        let radius = labels[index] == 0 ? 1 : 1.3
        inputs += unit.map { Float($0 * radius) }
        frames.append(ManifoldFrame(tangentDimension: dimension - 1, vectors: [unit], isComplement: true))
      }
      let part = DatasetPart(
        inputs: .floats(inputs), inputShape: [dimension], labels: labels, inputBounds: -1.5...1.5)
      return (part, frames)
    }
    let (train, _) = part(20_000, "train")
    let (test, frames) = part(2_000, "test")
    return try write(.spheres(dimension: dimension), train: train, test: test, frames)
  }

  private func lastBatch(_ name: String, _ size: Int, _ spec: DataSpec) throws -> LoadedData {
    let whole = try named(name).dataset
    var stream = RandomStreams(seed: 0, purpose: "paper/last-batch").stream(example: 0)
    let keys = stream.uniforms(whole.train.count)
    let order = whole.train.labels.indices.sorted { (keys[$0], $0) < (keys[$1], $1) }
    return try write(spec, train: whole.train.subset(Array(order.suffix(size))), test: whole.test ?? whole.train, nil)
  }

  /// Vectors by Gram and Schmidt from normal ones.
  static func orthonormal(_ count: Int, _ dimension: Int, _ streams: RandomStreams) -> [[Double]] {
    var vectors: [[Double]] = []
    for index in 0..<count {
      var stream = streams.stream(example: index)
      var vector = stream.normals(dimension)
      for _ in 0..<2 {
        for other in vectors {
          let product = zip(vector, other).reduce(0) { $0 + $1.0 * $1.1 }
          for i in 0..<dimension { vector[i] -= product * other[i] }
        }
      }
      let norm = vector.reduce(0) { $0 + $1 * $1 }.squareRoot()
      vectors.append(vector.map { $0 / norm })
    }
    return vectors
  }

  // MARK: - Files for `train`

  private func write(
    _ spec: DataSpec, train: DatasetPart, test: DatasetPart, _ frames: [ManifoldFrame]?
  ) throws -> LoadedData {
    let classCount = (train.labels.max() ?? 1) + 1
    let dataset = try Dataset(
      name: spec.name, classCount: classCount, train: train, test: test, origin: "generated: \(spec.name)")
    try OutputFolder.make(folder)
    let path = "\(folder)/\(spec.name)-\(train.sha256.prefix(8)).h5"
    if !FileManager.default.fileExists(atPath: path) {
      let partial = path + ".partial"
      try? FileManager.default.removeItem(atPath: partial)
      let file = try HDF5File.create(partial)
      try Self.fill(file, train, prefix: "")
      try Self.fill(file, test, prefix: "test_")
      let bounds = [train.inputBounds.lowerBound, train.inputBounds.upperBound]
      try file.setAttribute(
        "input_bounds", of: "/", to: bounds.withUnsafeBytes { Array($0) }, element: .float64, shape: [2])
      try file.flush()
      try file.close()
      try FileManager.default.moveItem(atPath: partial, toPath: path)
    }
    return LoadedData(dataset: dataset, argument: path, digest: train.sha256, frames: frames)
  }

  private static func fill(_ file: HDF5File, _ part: DatasetPart, prefix: String) throws {
    let shape = [part.count] + part.inputShape
    switch part.inputs {
    case .bytes(let values):
      try file.createDataset("/\(prefix)inputs", element: .uint8, shape: shape, chunk: nil).writeAll(values)
    case .floats(let values):
      try file.createDataset("/\(prefix)inputs", element: .float32, shape: shape, chunk: nil).writeAll(values)
    case .doubles(let values):
      try file.createDataset("/\(prefix)inputs", element: .float64, shape: shape, chunk: nil).writeAll(values)
    }
    let labels = try file.createDataset("/\(prefix)labels", element: .int64, shape: [part.count], chunk: nil)
    try labels.writeAll(part.labels.map(Int64.init))
  }
}
