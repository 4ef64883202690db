// An encoder and a decoder between a flat Codable struct and text, for the options of plugins.

final class OptionEncoder: Encoder {
  final class Storage {
    var entries: [(name: String, value: String?)] = []
    /// Set while the value of one key is being encoded.
    var single: String?
  }

  let storage = Storage()
  var codingPath: [any CodingKey] { [] }
  var userInfo: [CodingUserInfoKey: Any] { [:] }

  func container<Key: CodingKey>(keyedBy type: Key.Type) -> KeyedEncodingContainer<Key> {
    KeyedEncodingContainer(Keyed(storage: storage))
  }

  func unkeyedContainer() -> any UnkeyedEncodingContainer {
    preconditionFailure("options of plugins are numbers, booleans, strings and enumerations, not lists")
  }

  func singleValueContainer() -> any SingleValueEncodingContainer { Single(storage: storage) }

  struct Keyed<Key: CodingKey>: KeyedEncodingContainerProtocol {
    let storage: Storage
    var codingPath: [any CodingKey] { [] }

    mutating func encodeNil(forKey key: Key) throws { add(key, nil) }
    mutating func encode(_ value: Bool, forKey key: Key) throws { add(key, "\(value)") }
    mutating func encode(_ value: String, forKey key: Key) throws { add(key, value) }
    mutating func encode(_ value: Double, forKey key: Key) throws { add(key, "\(value)") }
    mutating func encode(_ value: Int, forKey key: Key) throws { add(key, "\(value)") }
    mutating func encode<T: Encodable>(_ value: T, forKey key: Key) throws {
      let encoder = OptionEncoder()
      try value.encode(to: encoder)
      add(key, encoder.storage.single)
    }
    mutating func encodeIfPresent(_ value: Bool?, forKey key: Key) throws { add(key, value.map { "\($0)" }) }
    mutating func encodeIfPresent(_ value: String?, forKey key: Key) throws { add(key, value) }
    mutating func encodeIfPresent(_ value: Double?, forKey key: Key) throws { add(key, value.map { "\($0)" }) }
    mutating func encodeIfPresent(_ value: Int?, forKey key: Key) throws { add(key, value.map { "\($0)" }) }
    mutating func encodeIfPresent<T: Encodable>(_ value: T?, forKey key: Key) throws {
      if let value { try encode(value, forKey: key) } else { add(key, nil) }
    }
    mutating func nestedContainer<NestedKey: CodingKey>(
      keyedBy keyType: NestedKey.Type, forKey key: Key
    ) -> KeyedEncodingContainer<NestedKey> { preconditionFailure("options of plugins are flat") }
    mutating func nestedUnkeyedContainer(forKey key: Key) -> any UnkeyedEncodingContainer {
      preconditionFailure("options of plugins are flat")
    }
    mutating func superEncoder() -> any Encoder { preconditionFailure("options of plugins are structs") }
    mutating func superEncoder(forKey key: Key) -> any Encoder { preconditionFailure("options of plugins are structs") }

    private func add(_ key: Key, _ value: String?) {
      storage.entries.append((kebabCase(key.stringValue), value))
    }
  }

  struct Single: SingleValueEncodingContainer {
    let storage: Storage
    var codingPath: [any CodingKey] { [] }

    mutating func encodeNil() throws { storage.single = nil }
    mutating func encode(_ value: Bool) throws { storage.single = "\(value)" }
    mutating func encode(_ value: String) throws { storage.single = value }
    mutating func encode(_ value: Double) throws { storage.single = "\(value)" }
    mutating func encode(_ value: Int) throws { storage.single = "\(value)" }
    mutating func encode<T: Encodable>(_ value: T) throws {
      let encoder = OptionEncoder()
      try value.encode(to: encoder)
      storage.single = encoder.storage.single ?? String(describing: value)
    }
  }
}

struct OptionDecoder: Decoder {
  let values: [String: String]
  var name = ""
  var codingPath: [any CodingKey] { [] }
  var userInfo: [CodingUserInfoKey: Any] { [:] }

  func container<Key: CodingKey>(keyedBy type: Key.Type) throws -> KeyedDecodingContainer<Key> {
    KeyedDecodingContainer(Keyed(values: values))
  }

  func unkeyedContainer() throws -> any UnkeyedDecodingContainer {
    throw CoreError("option '\(name)' is a list; options are single values")
  }

  func singleValueContainer() throws -> any SingleValueDecodingContainer {
    Single(name: name, text: values[name] ?? "")
  }

  struct Keyed<Key: CodingKey>: KeyedDecodingContainerProtocol {
    let values: [String: String]
    var codingPath: [any CodingKey] { [] }
    var allKeys: [Key] { [] }

    func contains(_ key: Key) -> Bool { values[kebabCase(key.stringValue)] != nil }
    func decodeNil(forKey key: Key) throws -> Bool { !contains(key) }
    func decode<T: Decodable>(_ type: T.Type, forKey key: Key) throws -> T {
      let name = kebabCase(key.stringValue)
      do {
        return try T(from: OptionDecoder(values: values, name: name))
      } catch is DecodingError {
        throw CoreError("option '\(name)' does not take the value '\(values[name] ?? "")'\(choices(of: type))")
      }
    }
    func nestedContainer<NestedKey: CodingKey>(
      keyedBy type: NestedKey.Type, forKey key: Key
    ) throws -> KeyedDecodingContainer<NestedKey> { throw CoreError("options of plugins are flat") }
    func nestedUnkeyedContainer(forKey key: Key) throws -> any UnkeyedDecodingContainer {
      throw CoreError("options of plugins are flat")
    }
    func superDecoder() throws -> any Decoder { throw CoreError("options of plugins are structs") }
    func superDecoder(forKey key: Key) throws -> any Decoder { throw CoreError("options of plugins are structs") }

    private func choices<T>(of type: T.Type) -> String {
      guard let listed = type as? any CaseIterable.Type else { return "" }
      let names = listed.caseTexts
      return names.isEmpty ? "" : "; it takes " + names.joined(separator: ", ")
    }
  }

  struct Single: SingleValueDecodingContainer {
    let name: String
    let text: String
    var codingPath: [any CodingKey] { [] }

    func decodeNil() -> Bool { false }
    func decode(_ type: Bool.Type) throws -> Bool {
      switch text.lowercased() {
      case "true", "yes", "1": return true
      case "false", "no", "0": return false
      default: throw wrong("true or false")
      }
    }
    func decode(_ type: String.Type) throws -> String { text }
    func decode(_ type: Double.Type) throws -> Double {
      guard let value = Double.reading(numberOrFraction: text), value.isFinite else { throw wrong("a number") }
      return value
    }
    func decode(_ type: Float.Type) throws -> Float { Float(try decode(Double.self)) }
    func decode(_ type: Int.Type) throws -> Int {
      guard let value = Int(text) else { throw wrong("a whole number") }
      return value
    }
    func decode<T: Decodable>(_ type: T.Type) throws -> T {
      try T(from: OptionDecoder(values: [name: text], name: name))
    }

    private func wrong(_ kind: String) -> CoreError { CoreError("option '\(name)' takes \(kind), not '\(text)'") }
  }
}

extension CaseIterable {
  fileprivate static var caseTexts: [String] {
    allCases.compactMap { ($0 as? any RawRepresentable)?.rawValue as? String }
  }
}
