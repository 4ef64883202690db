import ArrayFiles
import Foundation
import NeuralNetworks
import Shell

/// A network whose tensors come from elsewhere: a graph in ONNX, which has numbers of its own, or the format's
/// description in JSON, which has none.
struct NetworkTensors: Sendable {
  enum Kind: Sendable {
    case graph(ONNXModel)
    case description(Architecture)
  }

  /// A tensor that can be replaced.
  struct Tensor: Sendable {
    let name: String
    let shape: [Int]
    /// What the graph has; nil of a description.
    let floats: [Float]?
    /// Whether a parameter follows from it, and no setting alone.
    let isNeeded: Bool
    /// Whether it is one number that may be a parameter: of a slope, or with a name that no exporter makes up.
    var isNumber = false
  }

  let path: String
  let kind: Kind
  /// The network with the numbers of the graph; nil of a description.
  let own: NetworkTranslation?
  /// In the order of the graph, or of the description.
  let tensors: [Tensor]
  /// Which of them belong to the network; nil of a description, all of whose tensors are parameters.
  let architectural: ArchitecturalTensors?

  /// Names of the slopes of PReLU in a graph.
  var slopes: Set<String> { if case .graph(let model) = kind { model.graph.slopes } else { [] } }

  /// - Parameters:
  ///   - path: A graph in ONNX, or a description in JSON.
  ///   - draws: Where its tensors come from: numbers that draws differ in are parameters, also a factor of 0.
  init(_ path: String, draws: [any ArrayArchive] = []) throws {
    self.path = path
    try OtherGraphFile.check(path, takesDescription: true)
    if let json = try Self.json(path) {
      let architecture: Architecture
      do throws(ArchitectureError) {
        architecture = try Architecture(json: json)
      } catch {
        throw ImportError(
          file: path, "is no description of a network: \(error.location) \(error.reason) (Docs/file-format.md#layers)")
      }
      kind = .description(architecture)
      own = nil
      architectural = nil
      tensors = architecture.parameters.map { Tensor(name: $0.name, shape: $0.shape, floats: nil, isNeeded: true) }
      return
    }
    do {
      let model = try ONNXModel(path)
      let translation = try NetworkTranslation(model, learned: try LearnedTensors.named(in: model, draws))
      let needed = translation.origins.reduce(into: Set<String>()) { $0.formUnion($1) }
      let constants = try model.tensors()
      let architectural = ArchitecturalTensors(model, constants, translation, findsLost: false)
      tensors = constants.map { name, constant in
        Tensor(
          name: name, shape: constant.shape, floats: constant.floats,
          isNeeded: needed.contains(name) && !MaskedSoftmax.isMask(constant.floats ?? []),
          isNumber: architectural.numbers.contains(name))
      }
      self.architectural = architectural
      kind = .graph(model)
      own = translation
    } catch let error as ImportError {
      throw error.of(path)
    }
  }

  /// Longest description that is read, in bytes.
  private static let descriptionLimit = 1 << 20

  /// The text of a file that begins as JSON does; nil of any other.
  private static func json(_ path: String) throws -> String? {
    let file = try MappedFile(path)
    guard let first = file.bytes.first(where: { ![0x20, 0x09, 0x0A, 0x0D].contains($0) }), first == UInt8(ascii: "{")
    else { return nil }
    guard file.bytes.count <= descriptionLimit else {
      throw ImportError(file: path, "has \(file.bytes.count) bytes, too many for a description of a network")
    }
    guard let text = String(validating: file.bytes, as: UTF8.self) else {
      throw ImportError(file: path, "is no text in UTF-8")
    }
    return text
  }

  /// Refuses mappings of tensors that the network has not, and of arrays that no draw has.
  func check(_ mappings: [TensorMapping], arrays: [String]) throws {
    let names = tensors.map(\.name)
    for mapping in mappings where mapping.tensor.isEmpty {
      guard let array = mapping.array, !arrays.contains(where: mapping.leavesOut) else { continue }
      throw UsageError(
        "--map: the draws have no array \(array.quoted).\(Suggestion.didYouMean(array, among: arrays)) They have "
          + arrays.prefix(12).map(\.quoted).joined(separator: ", ") + (arrays.count > 12 ? ", …" : ""))
    }
    let masks: Set<String> = if case .graph(let model) = kind { model.graph.masks } else { [] }
    for mapping in mappings where !mapping.tensor.isEmpty {
      if mapping.array == nil, masks.contains(where: mapping.covers) { continue }
      guard names.contains(where: mapping.covers) else {
        let suggestion = Suggestion.didYouMean(mapping.tensor, among: names)
        throw UsageError(
          "--map: \(path) has no tensor \(mapping.tensor.quoted).\(suggestion) It has "
            + names.prefix(12).map(\.quoted).joined(separator: ", ") + (names.count > 12 ? ", …" : ""))
      }
      if mapping.array == nil, own == nil {
        throw UsageError("--map \(mapping.tensor)=: \(path) is a description, and has no numbers of its own")
      }
    }
  }

  /// The network with these tensors in the place of its own.
  ///
  /// - Parameter learned: Those that differ between draws.
  func translation(_ replacements: [String: Constant], learned: Set<String>) throws -> NetworkTranslation {
    switch kind {
    case .graph(let model): return try NetworkTranslation(model, replacements: replacements, learned: learned)
    case .description(let architecture):
      return NetworkTranslation(
        architecture, parameters: architecture.parameters.map { replacements[$0.name]?.floats ?? [] })
    }
  }
}
