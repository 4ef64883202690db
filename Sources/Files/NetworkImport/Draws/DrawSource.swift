import ArrayFiles
package import NeuralNetworks
package import PosteriorFiles
import Synchronization

/// Draws of one network, each translated from files of its own when it is asked for.
package final class DrawSource: WeightSource {
  /// The network, with names as the first draw has them.
  package let architecture: Architecture
  package let drawCount: Int
  /// What is the same in all draws, bit by bit.
  package let sharedParameters: Set<Int>
  /// What was left out of the network, or is to be known.
  package let notes: [String]

  /// What the graphs give where the layers give logits.
  package let ending: NetworkEnding

  /// Tensors of the graph of which nothing but the answers of the author's program can show that all draws have the same;
  /// nil where there are none.
  let doubt: TensorDoubt?

  private let translate: @Sendable (Int) throws -> NetworkTranslation
  private let name: @Sendable (Int) -> String
  /// Draws that were translated already, while they are few bytes together.
  private let kept: Mutex<[Int: [Float]]>

  /// So many bytes of draws are kept rather than translated twice.
  private static let memory = 1 << 28

  /// Translates all draws once, to compare them.
  ///
  /// - Parameters:
  ///   - count: How many there are, one at least.
  ///   - name: What a draw is called in messages: its file.
  ///   - notes: What is to be known beside what the first draw says.
  ///   - doubt: Tensors of which nothing shows that all draws have the same.
  ///   - translate: Makes a draw.
  /// - Throws: ``ImportError`` where a draw is another network than the first.
  init(
    count: Int, name: @escaping @Sendable (Int) -> String, notes: [String] = [], doubt: TensorDoubt? = nil,
    _ translate: @escaping @Sendable (Int) throws -> NetworkTranslation
  ) throws {
    let first = try translate(0)
    var shared = count > 1 ? Set(first.parameters.indices) : []
    var kept = [0: Array(first.parameters.joined())]
    let keepsAll = count <= Self.memory / max(1, 4 * first.architecture.parameterCount)
    for draw in 1..<max(1, count) {
      let other = try translate(draw)
      try Self.compare(first, other, name(0), name(draw))
      shared = shared.filter { index in
        zip(first.parameters[index], other.parameters[index]).allSatisfy { $0.bitPattern == $1.bitPattern }
      }
      if keepsAll { kept[draw] = Array(other.parameters.joined()) }
    }
    guard count == 1 || shared.count < first.parameters.count else {
      throw ImportError(
        "all \(count) draws hold the same numbers: give the files of different draws, or one of them with --kind single"
      )
    }
    architecture = first.architecture
    self.notes = first.notes + notes
    ending = first.ending
    drawCount = count
    self.doubt = doubt
    sharedParameters = shared
    self.translate = translate
    self.name = name
    self.kept = Mutex(kept)
  }

  private static func compare(
    _ first: NetworkTranslation, _ other: NetworkTranslation, _ firstName: String, _ name: String
  ) throws(ImportError) {
    guard first.architecture.inputShape == other.architecture.inputShape else {
      throw ImportError(
        file: name,
        "takes inputs of shape \(other.architecture.inputShape), and \(firstName) \(first.architecture.inputShape): draws are of one network"
      )
    }
    for (index, (a, b)) in zip(first.structure, other.structure).enumerated() where a != b {
      throw ImportError(
        file: name,
        "is another network than \(firstName): layer \(index) is \(b), not \(a); draws are of one network, and differ in parameters only"
      )
    }
    guard first.structure.count == other.structure.count else {
      throw ImportError(
        file: name,
        "has \(other.structure.count) layers, and \(firstName) \(first.structure.count): draws are of one network")
    }
  }

  package func read(draw: Int, into buffer: UnsafeMutableBufferPointer<Float>) throws {
    precondition(buffer.count == architecture.parameterCount, "the buffer holds exactly one draw")
    if let values = kept.withLock({ $0[draw] }) {
      _ = buffer.update(fromContentsOf: values)
      return
    }
    let values = try translate(draw).parameters.joined()
    guard values.count == buffer.count else {
      throw ImportError(file: name(draw), "changed while it was read: try again")
    }
    _ = buffer.update(fromContentsOf: Array(values))
  }
}

extension DrawSource {
  /// A graph with its weights for each draw.
  package convenience init(graphs paths: [String]) throws {
    for path in paths { try PickleRefusal.check(path) }
    let learned = try LearnedTensors.names(count: paths.count) { draw in
      do {
        return try LearnedTensors.candidates(try ONNXModel(paths[draw]))
      } catch let error as ImportError {
        throw error.of(paths[draw])
      }
    }
    try self.init(count: paths.count, name: { paths[$0] }) { try NetworkTranslation(paths[$0], learned: learned) }
  }

  /// One network, and a file of named tensors for each draw.
  ///
  /// - Parameters:
  ///   - path: A graph in ONNX, or the format's description of a network in JSON.
  ///   - paths: A file for each draw.
  ///   - map: Which array a tensor is, where its name does not tell.
  ///   - settlesDoubts: Whether somebody compares the answers of every draw, and refuses ``doubt`` where they differ.
  package convenience init(
    network path: String, draws paths: [String], map: [String] = [], settlesDoubts: Bool = false
  ) throws {
    for path in [path] + paths { try PickleRefusal.check(path) }
    let mappings = try TensorMapping.list(map)
    let archives = try paths.map { try ArrayFormat.open($0) }
    let network = try NetworkTensors(path, draws: archives)
    guard case .graph(let model) = network.kind, mappings.allSatisfy({ $0.array == nil || $0.tensor.isEmpty })
    else {
      try self.init(
        network, MappedDraws(network, archives, in: paths[0], names: { paths[$0] }, mappings), name: { paths[$0] },
        settlesDoubts)
      return
    }
    try network.check(mappings, arrays: archives[0].names)
    let named: NamedDraws
    do {
      named = try NamedDraws(network: model, archives, in: paths) { name in
        mappings.contains { $0.covers(name) }
      } leavingOut: { name in
        mappings.contains { $0.leavesOut(name) }
      }
      if let doubt = named.doubt, !settlesDoubts { throw doubt.error }
    } catch let error as ImportError {
      throw error.of(path)
    }
    let learned = try LearnedTensors.names(count: paths.count) { try named.replacements($0, ofSettings: true) }
    try self.init(count: paths.count, name: { paths[$0] }, notes: named.notes, doubt: named.doubt?.of(path)) { draw in
      do {
        return try NetworkTranslation(named.model, replacements: try named.replacements(draw), learned: learned)
      } catch let error as ImportError {
        throw error.of(paths[draw])
      }
    }
  }

  /// One network, and the draws of an InferenceData.
  package convenience init(
    network path: String, posterior file: InferenceDataFile, map: [String] = [], settlesDoubts: Bool = false
  ) throws {
    try PickleRefusal.check(path)
    let mappings = try TensorMapping.list(map)
    let archives = (0..<file.drawCount).map { InferenceDraw(file, draw: $0) }
    let name: @Sendable (Int) -> String = { archives[$0].name }
    let network = try NetworkTensors(path, draws: archives)
    var draws = try MappedDraws(
      network, archives, in: file.path, names: name, mappings, known: Set(file.variables.map(\.name)))
    draws.addNotes(on: file)
    try self.init(network, draws, name: name, settlesDoubts)
  }

  private convenience init(
    _ network: NetworkTensors, _ draws: MappedDraws, name: @escaping @Sendable (Int) -> String, _ settlesDoubts: Bool
  ) throws {
    if let doubt = draws.doubt, !settlesDoubts { throw doubt.error }
    let learned = try LearnedTensors.names(count: draws.count) { try draws.tensors($0, ofSettings: true) }
    try self.init(count: draws.count, name: name, notes: draws.notes, doubt: draws.doubt) { draw in
      do {
        return try network.translation(try draws.tensors(draw), learned: learned)
      } catch let error as ImportError {
        throw error.of(name(draw))
      }
    }
  }
}
