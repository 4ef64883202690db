/// Decodes what `BinaryEncoder` encoded.
struct BinaryDecoder {
  /// - Throws: `DecodingError` when the bytes are no value, or one of another type.
  static func decode<T: Decodable>(_ type: T.Type, from bytes: [UInt8]) throws -> T {
    guard let value = BinaryValue(bytes) else { throw mismatch("the bytes are no value") }
    return try decode(type, value)
  }

  private static func mismatch(_ reason: String) -> DecodingError {
    .dataCorrupted(DecodingError.Context(codingPath: [], debugDescription: reason))
  }

  private static func decode<T: Decodable>(_ type: T.Type, _ value: BinaryValue) throws -> T {
    func given<U>(_ leaf: U) -> T? { T.self == U.self ? (leaf as! T) : nil }
    let leaf: T? =
      switch value {
      case .floats(let values): given(values)
      case .doubles(let values): given(values)
      case .integers(let values): given(values)
      case .bytes(let values): given(values)
      case .double(let value): given(value)
      case .float(let value): given(value)
      case .boolean(let value): given(value)
      case .text(let value): given(value)
      case .signed(let value): integer(type, value)
      case .unsigned(let value): integer(type, value)
      case .null, .list, .members: nil
      }
    if let leaf { return leaf }
    guard !leafTypes.contains(where: { $0 == T.self }), !(T.self is any FixedWidthInteger.Type) else {
      throw mismatch("a value is not of the type \(T.self)")
    }
    return try T(from: Decoding(value: value))
  }

  /// Types that are leaves always: their own decoding would ask for themselves again.
  private static let leafTypes: [any Any.Type] = [
    [Float].self, [Double].self, [Int].self, [UInt8].self, Double.self, Float.self, Bool.self, String.self,
  ]

  private static func integer<T>(_ type: T.Type, _ value: some FixedWidthInteger) -> T? {
    func make<I: FixedWidthInteger>(_ type: I.Type) -> T? { I(exactly: value) as? T }
    guard let integer = T.self as? any FixedWidthInteger.Type else { return nil }
    return make(integer)
  }

  private struct Decoding: Decoder {
    let value: BinaryValue
    var codingPath: [any CodingKey] { [] }
    var userInfo: [CodingUserInfoKey: Any] { [:] }

    func container<Key: CodingKey>(keyedBy type: Key.Type) throws -> KeyedDecodingContainer<Key> {
      guard case .members(let members) = value else { throw mismatch("an object is missing") }
      return KeyedDecodingContainer(Members(members: Dictionary(members.map { ($0.name, $0.value) }) { $1 }))
    }
    func unkeyedContainer() throws -> any UnkeyedDecodingContainer {
      guard case .list(let values) = value else { throw mismatch("a list is missing") }
      return List(values: values)
    }
    func singleValueContainer() throws -> any SingleValueDecodingContainer { Single(value: value) }
  }

  private struct Members<Key: CodingKey>: KeyedDecodingContainerProtocol {
    let members: [String: BinaryValue]
    var codingPath: [any CodingKey] { [] }
    var allKeys: [Key] { members.keys.compactMap { Key(stringValue: $0) } }

    func contains(_ key: Key) -> Bool { members[key.stringValue] != nil }
    private func value(_ name: String) throws -> BinaryValue {
      guard let value = members[name] else { throw mismatch("'\(name)' is missing") }
      return value
    }
    func decodeNil(forKey key: Key) throws -> Bool {
      if case .null = try value(key.stringValue) { true } else { false }
    }
    func decode<T: Decodable>(_ type: T.Type, forKey key: Key) throws -> T {
      try BinaryDecoder.decode(type, try value(key.stringValue))
    }
    func nestedContainer<Nested: CodingKey>(
      keyedBy type: Nested.Type, forKey key: Key
    ) throws -> KeyedDecodingContainer<Nested> {
      try Decoding(value: try value(key.stringValue)).container(keyedBy: type)
    }
    func nestedUnkeyedContainer(forKey key: Key) throws -> any UnkeyedDecodingContainer {
      try Decoding(value: try value(key.stringValue)).unkeyedContainer()
    }
    func superDecoder() throws -> any Decoder { Decoding(value: try value("super")) }
    func superDecoder(forKey key: Key) throws -> any Decoder { Decoding(value: try value(key.stringValue)) }
  }

  private struct List: UnkeyedDecodingContainer {
    let values: [BinaryValue]
    var currentIndex = 0
    var codingPath: [any CodingKey] { [] }
    var count: Int? { values.count }
    var isAtEnd: Bool { currentIndex == values.count }

    init(values: [BinaryValue]) { self.values = values }

    private mutating func next() throws -> BinaryValue {
      guard !isAtEnd else { throw mismatch("a list is too short") }
      defer { currentIndex += 1 }
      return values[currentIndex]
    }
    mutating func decodeNil() throws -> Bool {
      guard !isAtEnd, case .null = values[currentIndex] else { return false }
      currentIndex += 1
      return true
    }
    mutating func decode<T: Decodable>(_ type: T.Type) throws -> T { try BinaryDecoder.decode(type, try next()) }
    mutating func nestedContainer<Nested: CodingKey>(
      keyedBy type: Nested.Type
    ) throws -> KeyedDecodingContainer<Nested> { try Decoding(value: try next()).container(keyedBy: type) }
    mutating func nestedUnkeyedContainer() throws -> any UnkeyedDecodingContainer {
      try Decoding(value: try next()).unkeyedContainer()
    }
    mutating func superDecoder() throws -> any Decoder { Decoding(value: try next()) }
  }

  private struct Single: SingleValueDecodingContainer {
    let value: BinaryValue
    var codingPath: [any CodingKey] { [] }

    func decodeNil() -> Bool { if case .null = value { true } else { false } }
    func decode<T: Decodable>(_ type: T.Type) throws -> T { try BinaryDecoder.decode(type, value) }
  }
}
