/// Encodes any `Codable` value in the journal's binary form: the states of samplers, whatever they hold.
struct BinaryEncoder {
  static func encode(_ value: some Encodable) throws -> [UInt8] {
    let slot = Slot()
    try slot.fill(value)
    var bytes: [UInt8] = []
    slot.value.write(to: &bytes)
    return bytes
  }

  /// A place in the tree that is being built.
  final class Slot {
    private enum Content {
      case leaf(BinaryValue)
      case list([Slot])
      case members([(String, Slot)])
    }

    private var content = Content.leaf(.null)

    var value: BinaryValue {
      switch content {
      case .leaf(let value): value
      case .list(let slots): .list(slots.map(\.value))
      case .members(let members): .members(members.map { ($0.0, $0.1.value) })
      }
    }

    var count: Int { if case .list(let slots) = content { slots.count } else { 0 } }

    func beList() { if case .list = content {} else { content = .list([]) } }
    func beMembers() { if case .members = content {} else { content = .members([]) } }

    func append() -> Slot {
      guard case .list(var slots) = content else { preconditionFailure("a list was begun") }
      content = .leaf(.null)
      let slot = Slot()
      slots.append(slot)
      content = .list(slots)
      return slot
    }

    func member(_ name: String) -> Slot {
      guard case .members(var members) = content else { preconditionFailure("an object was begun") }
      content = .leaf(.null)
      let slot = Slot()
      members.append((name, slot))
      content = .members(members)
      return slot
    }

    /// By the exact type: a cast would take an empty list of one kind for an empty list of every other kind.
    func fill<T: Encodable>(_ value: T) throws {
      func cast<U>(_ type: U.Type) -> U? { T.self == U.self ? (value as! U) : nil }
      if let value = cast([Float].self) {
        content = .leaf(.floats(value))
      } else if let value = cast([Double].self) {
        content = .leaf(.doubles(value))
      } else if let value = cast([Int].self) {
        content = .leaf(.integers(value))
      } else if let value = cast([UInt8].self) {
        content = .leaf(.bytes(value))
      } else if let value = cast(Double.self) {
        content = .leaf(.double(value))
      } else if let value = cast(Float.self) {
        content = .leaf(.float(value))
      } else if let value = cast(Bool.self) {
        content = .leaf(.boolean(value))
      } else if let value = cast(String.self) {
        content = .leaf(.text(value))
      } else if let value = value as? any FixedWidthInteger & SignedInteger, let fitting = Int64(exactly: value) {
        content = .leaf(.signed(fitting))
      } else if let value = value as? any FixedWidthInteger & UnsignedInteger, let fitting = UInt64(exactly: value) {
        content = .leaf(.unsigned(fitting))
      } else {
        try value.encode(to: Encoding(slot: self))
      }
    }

    func fillNull() { content = .leaf(.null) }
  }

  private struct Encoding: Encoder {
    let slot: Slot
    var codingPath: [any CodingKey] { [] }
    var userInfo: [CodingUserInfoKey: Any] { [:] }

    func container<Key: CodingKey>(keyedBy type: Key.Type) -> KeyedEncodingContainer<Key> {
      slot.beMembers()
      return KeyedEncodingContainer(Members(slot: slot))
    }
    func unkeyedContainer() -> any UnkeyedEncodingContainer {
      slot.beList()
      return List(slot: slot)
    }
    func singleValueContainer() -> any SingleValueEncodingContainer { Single(slot: slot) }
  }

  private struct Members<Key: CodingKey>: KeyedEncodingContainerProtocol {
    let slot: Slot
    var codingPath: [any CodingKey] { [] }

    func encodeNil(forKey key: Key) throws { slot.member(key.stringValue).fillNull() }
    func encode<T: Encodable>(_ value: T, forKey key: Key) throws { try slot.member(key.stringValue).fill(value) }
    func nestedContainer<Nested: CodingKey>(
      keyedBy keyType: Nested.Type, forKey key: Key
    ) -> KeyedEncodingContainer<Nested> { Encoding(slot: slot.member(key.stringValue)).container(keyedBy: keyType) }
    func nestedUnkeyedContainer(forKey key: Key) -> any UnkeyedEncodingContainer {
      Encoding(slot: slot.member(key.stringValue)).unkeyedContainer()
    }
    func superEncoder() -> any Encoder { Encoding(slot: slot.member("super")) }
    func superEncoder(forKey key: Key) -> any Encoder { Encoding(slot: slot.member(key.stringValue)) }
  }

  private struct List: UnkeyedEncodingContainer {
    let slot: Slot
    var codingPath: [any CodingKey] { [] }
    var count: Int { slot.count }

    func encodeNil() throws { slot.append().fillNull() }
    func encode<T: Encodable>(_ value: T) throws { try slot.append().fill(value) }
    func nestedContainer<Nested: CodingKey>(keyedBy keyType: Nested.Type) -> KeyedEncodingContainer<Nested> {
      Encoding(slot: slot.append()).container(keyedBy: keyType)
    }
    func nestedUnkeyedContainer() -> any UnkeyedEncodingContainer { Encoding(slot: slot.append()).unkeyedContainer() }
    func superEncoder() -> any Encoder { Encoding(slot: slot.append()) }
  }

  private struct Single: SingleValueEncodingContainer {
    let slot: Slot
    var codingPath: [any CodingKey] { [] }

    func encodeNil() throws { slot.fillNull() }
    func encode<T: Encodable>(_ value: T) throws { try slot.fill(value) }
  }
}
