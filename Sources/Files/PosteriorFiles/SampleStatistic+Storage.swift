import HDF5

extension SampleStatistic {
  /// Truth values are always one byte.
  var storedElement: ElementType { name == "diverging" ? .uint8 : element }

  /// The values in the representation of the file; nil when one of them does not fit.
  var storedBytes: [UInt8]? {
    switch storedElement {
    case .float32: values.map { Float($0) }.withUnsafeBytes { Array($0) }
    case .float64: values.withUnsafeBytes { Array($0) }
    case .int8: integers(Int8.self)
    case .int16: integers(Int16.self)
    case .int32: integers(Int32.self)
    case .int64: integers(Int64.self)
    case .uint8: integers(UInt8.self)
    case .uint16: integers(UInt16.self)
    case .uint32: integers(UInt32.self)
    case .uint64: integers(UInt64.self)
    case .bigEndianFloat32: nil
    }
  }

  private func integers<T: FixedWidthInteger>(_: T.Type) -> [UInt8]? {
    var bytes: [UInt8] = []
    for value in values {
      guard let integer = T(exactly: value) else { return nil }
      withUnsafeBytes(of: integer.littleEndian) { bytes.append(contentsOf: $0) }
    }
    return bytes
  }
}
