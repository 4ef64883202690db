/// A value in a tree, as the journal writes it: what a `Codable` type encodes itself to.
///
/// Arrays of numbers are leaves, so that a million weights are one copy of memory. Floating-point numbers are kept as
/// their bits: NaN keeps its payload, zero its sign.
indirect enum BinaryValue {
  case null
  case boolean(Bool)
  case signed(Int64)
  case unsigned(UInt64)
  case float(Float)
  case double(Double)
  case text(String)
  case bytes([UInt8])
  case floats([Float])
  case doubles([Double])
  case integers([Int])
  case list([BinaryValue])
  case members([(name: String, value: BinaryValue)])

  private enum Tag: UInt8 {
    case null, no, yes, signed, unsigned, float, double, text, bytes, floats, doubles, integers, list, members
  }

  /// Appends the value: a tag, a count where there is one, and the content, least significant byte first.
  func write(to bytes: inout [UInt8]) {
    func tag(_ tag: Tag) { bytes.append(tag.rawValue) }
    func number(_ value: some BitwiseCopyable) { withUnsafeBytes(of: value) { bytes.append(contentsOf: $0) } }
    func array(_ kind: Tag, _ values: [some BitwiseCopyable]) {
      tag(kind)
      number(UInt64(values.count))
      values.withUnsafeBytes { bytes.append(contentsOf: $0) }
    }
    switch self {
    case .null: tag(.null)
    case .boolean(let value): tag(value ? .yes : .no)
    case .signed(let value):
      tag(.signed)
      number(value)
    case .unsigned(let value):
      tag(.unsigned)
      number(value)
    case .float(let value):
      tag(.float)
      number(value.bitPattern)
    case .double(let value):
      tag(.double)
      number(value.bitPattern)
    case .text(let value): array(.text, Array(value.utf8))
    case .bytes(let values): array(.bytes, values)
    case .floats(let values): array(.floats, values)
    case .doubles(let values): array(.doubles, values)
    case .integers(let values): array(.integers, values)
    case .list(let values):
      tag(.list)
      number(UInt64(values.count))
      for value in values { value.write(to: &bytes) }
    case .members(let members):
      tag(.members)
      number(UInt64(members.count))
      for (name, value) in members {
        array(.text, Array(name.utf8))
        value.write(to: &bytes)
      }
    }
  }

  /// Reads a value that `write` wrote; nil when the bytes are none, or more than one.
  init?(_ bytes: [UInt8]) {
    var reader = Reader(bytes: bytes)
    guard let value = reader.value(depth: 0), reader.position == bytes.count else { return nil }
    self = value
  }

  private struct Reader {
    let bytes: [UInt8]
    var position = 0

    mutating func number<T: BitwiseCopyable>(_ type: T.Type) -> T? {
      guard bytes.count - position >= MemoryLayout<T>.size else { return nil }
      defer { position += MemoryLayout<T>.size }
      return bytes.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: position, as: T.self) }
    }

    mutating func count(_ size: Int) -> Int? {
      guard let count = number(UInt64.self), count <= UInt64((bytes.count - position) / size) else { return nil }
      return Int(count)
    }

    mutating func array<T: BitwiseCopyable>(_ type: T.Type) -> [T]? {
      guard let count = count(MemoryLayout<T>.stride) else { return nil }
      let size = count * MemoryLayout<T>.stride
      defer { position += size }
      return [T](unsafeUninitializedCapacity: count) { buffer, initialized in
        bytes.withUnsafeBytes {
          UnsafeMutableRawBufferPointer(buffer).copyMemory(
            from: UnsafeRawBufferPointer(rebasing: $0[position..<position + size]))
        }
        initialized = count
      }
    }

    mutating func text() -> String? { array(UInt8.self).map { String(decoding: $0, as: UTF8.self) } }

    mutating func value(depth: Int) -> BinaryValue? {
      guard depth < 64, let raw = number(UInt8.self), let tag = Tag(rawValue: raw) else { return nil }
      switch tag {
      case .null: return .null
      case .no: return .boolean(false)
      case .yes: return .boolean(true)
      case .signed: return number(Int64.self).map { .signed($0) }
      case .unsigned: return number(UInt64.self).map { .unsigned($0) }
      case .float: return number(UInt32.self).map { .float(Float(bitPattern: $0)) }
      case .double: return number(UInt64.self).map { .double(Double(bitPattern: $0)) }
      case .text: return text().map { .text($0) }
      case .bytes: return array(UInt8.self).map { .bytes($0) }
      case .floats: return array(Float.self).map { .floats($0) }
      case .doubles: return array(Double.self).map { .doubles($0) }
      case .integers: return array(Int.self).map { .integers($0) }
      case .list:
        guard let count = count(1) else { return nil }
        var values: [BinaryValue] = []
        for _ in 0..<count {
          guard let value = value(depth: depth + 1) else { return nil }
          values.append(value)
        }
        return .list(values)
      case .members:
        guard let count = count(1) else { return nil }
        var members: [(name: String, value: BinaryValue)] = []
        for _ in 0..<count {
          guard number(UInt8.self) == Tag.text.rawValue, let name = text(), let value = value(depth: depth + 1) else {
            return nil
          }
          members.append((name, value))
        }
        return .members(members)
      }
    }
  }
}
