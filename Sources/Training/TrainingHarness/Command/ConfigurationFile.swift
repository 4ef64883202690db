import Foundation
import Shell

/// The file that `--config` names: one JSON object whose keys are names of options.
enum ConfigurationFile {
  /// A value that an option may have.
  private enum Value: Decodable {
    case null
    case text(String)
    case list([Value])
    case object([String: Value])

    init(from decoder: any Decoder) throws {
      let container = try decoder.singleValueContainer()
      if container.decodeNil() {
        self = .null
      } else if let value = try? container.decode(Bool.self) {
        self = .text("\(value)")
      } else if let value = try? container.decode(Int.self) {
        self = .text("\(value)")
      } else if let value = try? container.decode(Double.self) {
        self = .text("\(value)")
      } else if let value = try? container.decode(String.self) {
        self = .text(value)
      } else if let values = try? container.decode([Value].self) {
        self = .list(values)
      } else {
        self = .object(try container.decode([String: Value].self))
      }
    }
  }

  /// The options of a file as text, and the sampler if it names one.
  ///
  /// Lists become values with commas between them; an object, such as an architecture, stays JSON. An option that is
  /// `null` is left out.
  ///
  /// - Throws: `BadDataError` when the file cannot be read or is not such an object.
  static func read(_ path: String) throws -> (sampler: String?, values: [String: String]) {
    guard let data = FileManager.default.contents(atPath: path) else {
      throw BadDataError("\(path) cannot be read: --config names a JSON file whose keys are names of options")
    }
    let members: [String: Value]
    do {
      members = try JSONDecoder().decode([String: Value].self, from: data)
    } catch {
      throw BadDataError("\(path) is not a JSON object whose keys are names of options, such as {\"draws\": 250}")
    }
    let raw = try JSONSerialization.jsonObject(with: data) as? [String: Any] ?? [:]
    var values: [String: String] = [:]
    for (name, value) in members {
      switch value {
      case .null: break
      case .text(let text): values[name] = text
      case .list(let items):
        values[name] = try items.map { item in
          guard case .text(let text) = item else {
            throw BadDataError("\(path): '\(name)' is a list of something else than numbers and texts")
          }
          return text
        }.joined(separator: ",")
      case .object:
        let object = try JSONSerialization.data(
          withJSONObject: raw[name] ?? [:], options: [.sortedKeys, .withoutEscapingSlashes])
        values[name] = String(decoding: object, as: UTF8.self)
      }
    }
    let sampler = values.removeValue(forKey: "sampler")
    return (sampler, values)
  }
}
