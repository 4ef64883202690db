import Foundation

/// `TensorProto`: a tensor, whose numbers stay in the file until they are asked for.
struct ONNXTensor {
  /// ONNX's numbers of element types, those that a classifier may have.
  enum Element: Int {
    case float32 = 1
    case uint8 = 2
    case int8 = 3
    case uint16 = 4
    case int16 = 5
    case int32 = 6
    case int64 = 7
    case bool = 9
    case float16 = 10
    case float64 = 11
    case uint32 = 12
    case uint64 = 13
    case bfloat16 = 16

    var bytes: Int {
      switch self {
      case .uint8, .int8, .bool: 1
      case .uint16, .int16, .float16, .bfloat16: 2
      case .float32, .int32, .uint32: 4
      case .int64, .float64, .uint64: 8
      }
    }

    var isFloating: Bool { [.float32, .float64, .float16, .bfloat16].contains(self) }
  }

  private(set) var name = ""
  private(set) var shape: [Int] = []
  private(set) var type = 0
  private var raw: Range<Int>?
  private var floats: [Float] = []
  private var doubles: [Double] = []
  private var integers: [Int] = []
  private var external: [String: String] = [:]
  private var isExternal = false
  private let file: MappedFile

  init(_ file: MappedFile, _ range: Range<Int>) throws(ImportError) {
    self.file = file
    var reader = WireReader(file, range)
    while let (field, value) = try reader.next() {
      switch field {
      case 1: shape += try value.integers("a tensor's shape", reader)
      case 2: type = try value.integer("a tensor's type", reader)
      case 4: floats += try value.floats("a tensor", reader)
      // Narrow integers, half precision and truth values are in the first of the two.
      case 5, 7, 11: integers += try value.integers("a tensor", reader)
      case 8: name = try value.text("a tensor's name", reader)
      case 9: raw = try value.range("a tensor", reader)
      case 10: doubles += try value.doubles("a tensor", reader)
      case 13:
        let (key, text) = try Self.entry(file, try value.range("external data", reader))
        external[key] = text
      case 14: isExternal = try value.integer("a tensor's place", reader) == 1
      case 3: throw ImportError(file: file.path, "holds a tensor in segments, which are not read")
      default: break
      }
    }
    guard shape.allSatisfy({ $0 >= 0 }) else {
      throw ImportError(file: file.path, "tensor \(name.quoted) has the shape \(shape)")
    }
  }

  private static func entry(_ file: MappedFile, _ range: Range<Int>) throws(ImportError) -> (String, String) {
    var reader = WireReader(file, range)
    var (key, text) = ("", "")
    while let (field, value) = try reader.next() {
      switch field {
      case 1: key = try value.text("external data", reader)
      case 2: text = try value.text("external data", reader)
      default: break
      }
    }
    return (key, text)
  }

  // MARK: - Numbers

  /// Product of the shape.
  private func count() throws(ImportError) -> Int {
    var count = 1
    for size in shape {
      let (product, overflow) = count.multipliedReportingOverflow(by: size)
      guard !overflow, product <= Int.max / 16 else { throw refusal("has sizes whose product overflows") }
      count = product
    }
    return count
  }

  private func refusal(_ reason: String) -> ImportError {
    ImportError(file: file.path, "tensor \(name.quoted) \(reason)")
  }

  /// Reads the numbers.
  ///
  /// - Throws: ``ImportError`` where they are of an unknown type, are not as many as the shape says, or lie in another
  ///   file that is not beside this one.
  func constant(origins: Origins = []) throws(ImportError) -> Constant {
    guard let element = Element(rawValue: type) else {
      throw refusal(
        "has the element type \(type) of ONNX, which is not read; float32, float64, float16, bfloat16 and integers are")
    }
    let count = try count()
    if isExternal || !external.isEmpty {
      let other = try externalBytes(count: count, element)
      return try withExtendedLifetime(other.file) { () throws(ImportError) in
        try decode(other.file[other.range], count, element, origins)
      }
    }
    if let raw {
      guard floats.isEmpty, doubles.isEmpty, integers.isEmpty else { throw refusal("is stored twice") }
      guard raw.count == count * element.bytes else {
        throw refusal("has \(raw.count) bytes, and \(count * element.bytes) would be its shape \(shape)")
      }
      return try decode(file[raw], count, element, origins)
    }
    return try typed(count, element, origins)
  }

  private func decode(
    _ bytes: UnsafeRawBufferPointer, _ count: Int, _ element: Element, _ origins: Origins
  ) throws(ImportError) -> Constant {
    func load<T>(_ type: T.Type) -> [T] {
      [T](unsafeUninitializedCapacity: count) { buffer, initialized in
        UnsafeMutableRawBufferPointer(buffer).copyMemory(from: bytes)
        initialized = count
      }
    }
    let values: Constant.Values =
      switch element {
      case .float32: .floats(load(Float.self))
      case .float64: .doubles(load(Double.self))
      case .float16: .floats(load(UInt16.self).map(Self.half))
      case .bfloat16: .floats(load(UInt16.self).map { Float(bitPattern: UInt32($0) << 16) })
      case .uint8, .bool: .integers(load(UInt8.self).map { SymbolicInteger(Int($0)) })
      case .int8: .integers(load(Int8.self).map { SymbolicInteger(Int($0)) })
      case .uint16: .integers(load(UInt16.self).map { SymbolicInteger(Int($0)) })
      case .int16: .integers(load(Int16.self).map { SymbolicInteger(Int($0)) })
      case .int32: .integers(load(Int32.self).map { SymbolicInteger(Int($0)) })
      case .uint32: .integers(load(UInt32.self).map { SymbolicInteger(Int($0)) })
      case .int64, .uint64: .integers(load(Int64.self).map { SymbolicInteger(Int($0)) })
      }
    return Constant(shape: shape, values: values, origins: origins)
  }

  private func typed(_ count: Int, _ element: Element, _ origins: Origins) throws(ImportError) -> Constant {
    func checked<T>(_ values: [T]) throws(ImportError) -> [T] {
      guard values.count == count else {
        throw refusal("has \(values.count) numbers, and \(count) would be its shape \(shape)")
      }
      return values
    }
    let values: Constant.Values =
      switch element {
      case .float32: .floats(try checked(floats))
      case .float64: .doubles(try checked(doubles))
      case .float16: .floats(try checked(integers).map { Self.half(UInt16(truncatingIfNeeded: $0)) })
      case .bfloat16:
        .floats(try checked(integers).map { Float(bitPattern: UInt32(UInt16(truncatingIfNeeded: $0)) << 16) })
      default: .integers(try checked(integers).map { SymbolicInteger($0) })
      }
    return Constant(shape: shape, values: values, origins: origins)
  }

  /// A number of half precision.
  static func half(_ bits: UInt16) -> Float {
    let sign: Float = bits & 0x8000 == 0 ? 1 : -1
    let (exponent, fraction) = (Int(bits >> 10 & 0x1F), Float(bits & 0x3FF))
    switch exponent {
    case 0: return sign * fraction * 0x1p-24
    case 31: return fraction == 0 ? sign * .infinity : .nan
    default: return sign * (1 + fraction * 0x1p-10) * Float(sign: .plus, exponent: exponent - 15, significand: 1)
    }
  }

  // MARK: - External data

  /// Where the numbers lie in a file beside this one.
  private func externalBytes(count: Int, _ element: Element) throws(ImportError) -> (
    file: MappedFile, range: Range<Int>
  ) {
    guard let location = external["location"], !location.isEmpty else {
      throw refusal("lies in another file, and does not say in which")
    }
    // A name from a file must not lead anywhere else.
    guard !location.hasPrefix("/"), !location.contains("\0"),
      !location.split(separator: "/", omittingEmptySubsequences: false).contains("..")
    else { throw refusal("lies in \(location.quoted), outside the folder of the ONNX file: nothing there is read") }
    let folder = URL(fileURLWithPath: file.path).deletingLastPathComponent().resolvingSymlinksInPath()
    let place = folder.appendingPathComponent(location).resolvingSymlinksInPath()
    guard place.path.hasPrefix(folder.path == "/" ? "/" : folder.path + "/") else {
      throw refusal("lies in \(location.quoted), outside the folder of the ONNX file: nothing there is read")
    }
    let other: MappedFile
    do {
      other = try MappedFile(place.path)
    } catch {
      throw refusal("lies in \(location.quoted), which \(error.reason)")
    }
    let offset = external["offset"].map { Int($0) ?? -1 } ?? 0
    guard offset >= 0, offset <= other.bytes.count else {
      throw refusal("lies in \(location.quoted) beyond its end")
    }
    let expected = count * element.bytes
    guard external["length"].map({ Int($0) == expected }) ?? true else {
      throw refusal(
        "has \(external["length"] ?? "") bytes in \(location.quoted), and \(expected) would be its shape \(shape)")
    }
    guard expected <= other.bytes.count - offset else { throw refusal("lies in \(location.quoted) beyond its end") }
    return (other, offset..<offset + expected)
  }
}
