import CHDF5

/// An attribute with its value.
public struct HDF5Attribute: Sendable, Hashable {
  /// What an attribute holds.
  public enum Value: Sendable, Hashable {
    /// One text.
    case text(String)
    /// Numbers: their bytes in C order, little-endian.
    case numbers(ElementType, [UInt8])
    /// Something that is described but not read.
    case unread
  }

  /// The attribute's name.
  public let name: String
  /// The stored type.
  public let type: StoredType
  /// Extent of every dimension; empty for a scalar, nil for an empty data space.
  public let shape: [Int]?
  /// The value.
  public let value: Value

  /// Describes an attribute.
  public init(name: String, type: StoredType, shape: [Int]?, value: Value) {
    self.name = name
    self.type = type
    self.shape = shape
    self.value = value
  }

  /// The value if it is one text.
  public var text: String? {
    if case .text(let text) = value { text } else { nil }
  }

  /// The numbers as double precision; nil when the value is not numeric.
  public var doubles: [Double]? {
    guard case .numbers(let element, let bytes) = value else { return nil }
    func load<T: BitwiseCopyable>(_ type: T.Type, _ convert: (T) -> Double) -> [Double] {
      bytes.withUnsafeBytes { raw in
        stride(from: 0, to: raw.count, by: MemoryLayout<T>.size).map {
          convert(raw.loadUnaligned(fromByteOffset: $0, as: T.self))
        }
      }
    }
    switch element {
    case .float32: return load(Float.self) { Double($0) }
    case .float64: return load(Double.self) { $0 }
    case .int8: return load(Int8.self) { Double($0) }
    case .int16: return load(Int16.self) { Double($0) }
    case .int32: return load(Int32.self) { Double($0) }
    case .int64: return load(Int64.self) { Double($0) }
    case .uint8: return load(UInt8.self) { Double($0) }
    case .uint16: return load(UInt16.self) { Double($0) }
    case .uint32: return load(UInt32.self) { Double($0) }
    case .uint64: return load(UInt64.self) { Double($0) }
    case .bigEndianFloat32: return load(UInt32.self) { Double(Float(bitPattern: UInt32(bigEndian: $0))) }
    }
  }

  /// The numbers as text, in full precision, separated by commas; the text itself for a text.
  public var valueDescription: String {
    switch value {
    case .text(let text): return text
    case .unread: return "(\(type))"
    case .numbers(let element, let bytes):
      func list<T: BitwiseCopyable & CustomStringConvertible>(_: T.Type) -> String {
        bytes.withUnsafeBytes { raw in
          stride(from: 0, to: raw.count, by: MemoryLayout<T>.size).map {
            raw.loadUnaligned(fromByteOffset: $0, as: T.self).description
          }.joined(separator: ", ")
        }
      }
      switch element {
      case .float32: return list(Float.self)
      case .float64: return list(Double.self)
      case .int8: return list(Int8.self)
      case .int16: return list(Int16.self)
      case .int32: return list(Int32.self)
      case .int64: return list(Int64.self)
      case .uint8: return list(UInt8.self)
      case .uint16: return list(UInt16.self)
      case .uint32: return list(UInt32.self)
      case .uint64: return list(UInt64.self)
      case .bigEndianFloat32: return (doubles ?? []).map(\.description).joined(separator: ", ")
      }
    }
  }
}

extension HDF5File {
  /// Longest text and largest array of numbers that an attribute may hold, in bytes.
  public static let attributeLimit = 1 << 20

  /// All attributes of an object, in the order of their names.
  ///
  /// A text longer than ``attributeLimit``, or one that is not UTF-8, is an error; so are more than a thousand
  /// attributes.
  ///
  /// - Parameter isLenient: Whether an attribute that cannot be read is described and not read, instead of an error:
  ///   for those that nothing depends on.
  public func attributes(of objectPath: String, isLenient: Bool = false) throws(HDF5Error) -> [HDF5Attribute] {
    let site = CallSite(file: path, path: objectPath)
    return try Library.locked { () throws(HDF5Error) -> [HDF5Attribute] in
      let object = try openObject(site)
      let count = try site.check("H5Oget_info") { chdf5_attribute_count(object.id) }
      guard count <= 1000 else { throw site.error("has \(count) attributes; the limit is 1000") }
      var attributes: [HDF5Attribute] = []
      for index in 0..<UInt64(count) {
        let attribute = try Handle(site, "H5Aopen_by_idx", close: H5Aclose) {
          H5Aopen_by_idx(
            object.id, ".", H5_INDEX_NAME, H5_ITER_INC, index, hid_t(H5P_DEFAULT), hid_t(H5P_DEFAULT))
        }
        let name = try Self.text(site, "H5Aget_name") { buffer, size in H5Aget_name(attribute.id, size, buffer) }
        do throws(HDF5Error) {
          attributes.append(
            try Self.read(attribute.id, name, CallSite(file: path, path: attributePath(objectPath, name))))
        } catch {
          guard isLenient else { throw error }
          attributes.append(HDF5Attribute(name: name, type: .other(error.reason), shape: nil, value: .unread))
        }
      }
      return attributes
    }
  }

  /// One attribute; nil when there is none of this name.
  public func attribute(_ name: String, of objectPath: String) throws(HDF5Error) -> HDF5Attribute? {
    let site = CallSite(file: path, path: attributePath(objectPath, name))
    return try Library.locked { () throws(HDF5Error) -> HDF5Attribute? in
      let object = try openObject(CallSite(file: path, path: objectPath))
      guard try site.check("H5Aexists", { H5Aexists(object.id, name) }) > 0 else { return nil }
      let attribute = try Handle(site, "H5Aopen", close: H5Aclose) { H5Aopen(object.id, name, hid_t(H5P_DEFAULT)) }
      return try Self.read(attribute.id, name, site)
    }
  }

  /// The texts of an attribute that holds a list of them; nil when there is none of this name, or it holds something
  /// else, or more than ``listLimit``.
  func texts(_ name: String, of objectPath: String) throws(HDF5Error) -> [String]? {
    let site = CallSite(file: path, path: attributePath(objectPath, name))
    return try Library.locked { () throws(HDF5Error) -> [String]? in
      let object = try openObject(CallSite(file: path, path: objectPath))
      guard try site.check("H5Aexists", { H5Aexists(object.id, name) }) > 0 else { return nil }
      let attribute = try Handle(site, "H5Aopen", close: H5Aclose) { H5Aopen(object.id, name, hid_t(H5P_DEFAULT)) }
      let type = try Handle(site, "H5Aget_type", close: H5Tclose) { H5Aget_type(attribute.id) }
      let space = try Handle(site, "H5Aget_space", close: H5Sclose) { H5Aget_space(attribute.id) }
      guard let shape = try Self.extents(space.id, site), shape.count == 1, (1...Self.listLimit).contains(shape[0]),
        case .text(let isVariableLength) = try StoredType(type.id, site)
      else { return nil }
      return isVariableLength
        ? try Self.readVariableTexts(attribute.id, type.id, space.id, count: shape[0], site)
        : try Self.readFixedTexts(attribute.id, type.id, count: shape[0], site)
    }
  }

  /// Most texts that are read of one attribute.
  private static let listLimit = 64

  private static func readVariableTexts(
    _ attribute: hid_t, _ type: hid_t, _ space: hid_t, count: Int, _ site: CallSite
  ) throws(HDF5Error) -> [String] {
    let memory = try textType(size: cH5T_VARIABLE(), characterSet: H5Tget_cset(type), site)
    var pointers = [UnsafeMutablePointer<CChar>?](repeating: nil, count: count)
    let status = pointers.withUnsafeMutableBufferPointer { H5Aread(attribute, memory.id, $0.baseAddress) }
    try site.check("H5Aread") { status }
    defer { for pointer in pointers { if let pointer { _ = H5free_memory(pointer) } } }
    return pointers.map { pointer in pointer.map { String(cString: $0) } ?? "" }
  }

  private static func readFixedTexts(
    _ attribute: hid_t, _ type: hid_t, count: Int, _ site: CallSite
  ) throws(HDF5Error) -> [String] {
    let size = H5Tget_size(type)
    guard size >= 1, size <= attributeLimit / listLimit else { throw site.error("holds texts of \(size) bytes") }
    let memory = try textType(size: size, characterSet: H5Tget_cset(type), site)
    _ = H5Tset_strpad(memory.id, H5T_STR_NULLPAD)
    var bytes = [UInt8](repeating: 0, count: size * count)
    let status = bytes.withUnsafeMutableBytes { H5Aread(attribute, memory.id, $0.baseAddress) }
    try site.check("H5Aread") { status }
    return (0..<count).map { index in
      String(decoding: bytes[(index * size)..<((index + 1) * size)].prefix { $0 != 0 }, as: UTF8.self)
    }
  }

  private func attributePath(_ object: String, _ name: String) -> String { "\(object)@\(name)" }

  private static func read(_ attribute: hid_t, _ name: String, _ site: CallSite) throws(HDF5Error) -> HDF5Attribute {
    let typeHandle = try Handle(site, "H5Aget_type", close: H5Tclose) { H5Aget_type(attribute) }
    let type = try StoredType(typeHandle.id, site)
    let space = try Handle(site, "H5Aget_space", close: H5Sclose) { H5Aget_space(attribute) }
    guard let shape = try extents(space.id, site) else {
      return HDF5Attribute(name: name, type: type, shape: nil, value: .unread)
    }
    switch type {
    case .text(let isVariableLength) where shape.isEmpty:
      let text =
        try isVariableLength
        ? readVariableText(attribute, typeHandle.id, space.id, site) : readFixedText(attribute, typeHandle.id, site)
      return HDF5Attribute(name: name, type: type, shape: shape, value: .text(text))
    case .number(let element):
      let (count, overflow) = elementCount(shape, bytesEach: element.byteCount)
      guard !overflow, count * element.byteCount <= attributeLimit else {
        throw site.error("holds more than \(attributeLimit) bytes")
      }
      var bytes = [UInt8](repeating: 0, count: count * element.byteCount)
      if count > 0 {
        let status = bytes.withUnsafeMutableBytes { H5Aread(attribute, element.identifier, $0.baseAddress) }
        try site.check("H5Aread") { status }
      }
      return HDF5Attribute(name: name, type: type, shape: shape, value: .numbers(element, bytes))
    default:
      return HDF5Attribute(name: name, type: type, shape: shape, value: .unread)
    }
  }

  private static func readVariableText(
    _ attribute: hid_t, _ type: hid_t, _ space: hid_t, _ site: CallSite
  ) throws(HDF5Error) -> String {
    // The character set is copied from the file: the library refuses to convert between them.
    let memory = try textType(size: cH5T_VARIABLE(), characterSet: H5Tget_cset(type), site)
    var pointer: UnsafeMutablePointer<CChar>?
    let status = withUnsafeMutablePointer(to: &pointer) { H5Aread(attribute, memory.id, $0) }
    try site.check("H5Aread") { status }
    guard let pointer else { return "" }
    defer { _ = H5free_memory(pointer) }
    var length = 0
    while length <= attributeLimit, pointer[length] != 0 { length += 1 }
    guard length <= attributeLimit else { throw site.error("holds a text of more than \(attributeLimit) bytes") }
    let bytes = UnsafeRawBufferPointer(start: pointer, count: length)
    guard let text = String(validating: bytes, as: UTF8.self) else { throw site.error("is not UTF-8") }
    return text
  }

  private static func readFixedText(_ attribute: hid_t, _ type: hid_t, _ site: CallSite) throws(HDF5Error) -> String {
    let size = H5Tget_size(type)
    guard size >= 1, size <= attributeLimit else { throw site.error("holds a text of \(size) bytes") }
    let memory = try textType(size: size, characterSet: H5Tget_cset(type), site)
    _ = H5Tset_strpad(memory.id, H5T_STR_NULLPAD)
    var bytes = [UInt8](repeating: 0, count: size)
    let status = bytes.withUnsafeMutableBytes { H5Aread(attribute, memory.id, $0.baseAddress) }
    try site.check("H5Aread") { status }
    guard let text = String(validating: bytes.prefix { $0 != 0 }, as: UTF8.self) else {
      throw site.error("is not UTF-8")
    }
    return text
  }

  private static func textType(size: Int, characterSet: H5T_cset_t, _ site: CallSite) throws(HDF5Error) -> Handle {
    let type = try Handle(site, "H5Tcopy", close: H5Tclose) { H5Tcopy(cH5T_C_S1()) }
    let identifier = type.id
    try site.check("H5Tset_size") { H5Tset_size(identifier, size) }
    try site.check("H5Tset_cset") { H5Tset_cset(identifier, characterSet) }
    return type
  }

  // MARK: - Writing

  /// Writes a text attribute: one UTF-8 text of variable length.
  ///
  /// - Throws: also when the text holds a NUL character, where the format would cut it.
  public func setAttribute(_ name: String, of objectPath: String, to text: String) throws(HDF5Error) {
    let site = CallSite(file: path, path: attributePath(objectPath, name))
    guard !text.utf8.contains(0) else { throw site.error("cannot hold a NUL character") }
    try Library.locked { () throws(HDF5Error) in
      let type = try Self.textType(size: cH5T_VARIABLE(), characterSet: H5T_CSET_UTF8, site)
      let space = try Handle(site, "H5Screate", close: H5Sclose) { H5Screate(H5S_SCALAR) }
      let object = try openObject(CallSite(file: path, path: objectPath))
      let attribute = try Handle(site, "H5Acreate2", close: H5Aclose) {
        H5Acreate2(object.id, name, type.id, space.id, hid_t(H5P_DEFAULT), hid_t(H5P_DEFAULT))
      }
      let status = text.withCString { characters in
        withUnsafePointer(to: Optional(characters)) { H5Awrite(attribute.id, type.id, $0) }
      }
      try site.check("H5Awrite") { status }
    }
  }

  /// Writes a numeric attribute.
  ///
  /// - Parameters:
  ///   - bytes: The numbers in C order, little-endian, in the representation `element`.
  ///   - shape: Extent of every dimension; empty for a scalar.
  public func setAttribute(
    _ name: String, of objectPath: String, to bytes: [UInt8], element: ElementType, shape: [Int]
  ) throws(HDF5Error) {
    let site = CallSite(file: path, path: attributePath(objectPath, name))
    guard shape.reduce(1, *) * element.byteCount == bytes.count else {
      throw site.error("\(bytes.count) bytes do not fill the shape \(shape)")
    }
    try Library.locked { () throws(HDF5Error) in
      let space = try Self.dataspace(shape, site)
      let object = try openObject(CallSite(file: path, path: objectPath))
      let attribute = try Handle(site, "H5Acreate2", close: H5Aclose) {
        H5Acreate2(object.id, name, element.identifier, space.id, hid_t(H5P_DEFAULT), hid_t(H5P_DEFAULT))
      }
      let status = bytes.withUnsafeBytes { H5Awrite(attribute.id, element.identifier, $0.baseAddress) }
      try site.check("H5Awrite") { status }
    }
  }
}
