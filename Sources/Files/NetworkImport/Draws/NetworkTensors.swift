import Foundation
import NeuralNetworks

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
  }

  let path: String
  let kind: Kind
  /// The network with the numbers of the graph; nil of a description.
  let own: NetworkTranslation?
  /// In the order of the network.
  let tensors: [Tensor]

  init(_ path: String) throws {
    self.path = path
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
      tensors = architecture.parameters.map { Tensor(name: $0.name, shape: $0.shape, floats: nil, isNeeded: true) }
      return
    }
    do {
      let model = try ONNXModel(path)
      let translation = try NetworkTranslation(model)
      let needed = translation.origins.reduce(into: Set<String>()) { $0.formUnion($1) }
      tensors = try model.graph.initializers.compactMap { tensor in
        let constant = try tensor.constant(origins: [tensor.name])
        guard constant.isReal else { return nil }
        return Tensor(
          name: tensor.name, shape: constant.shape, floats: constant.floats, isNeeded: needed.contains(tensor.name))
      }
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

  /// The network with these tensors in the place of its own.
  func translation(_ replacements: [String: Constant]) throws -> NetworkTranslation {
    switch kind {
    case .graph(let model): return try NetworkTranslation(model, replacements: replacements)
    case .description(let architecture):
      return NetworkTranslation(
        architecture, parameters: architecture.parameters.map { replacements[$0.name]?.floats ?? [] })
    }
  }
}
