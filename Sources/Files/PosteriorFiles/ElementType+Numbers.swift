import HDF5

extension ElementType {
  /// Calls `body` with the index and the value of each number of a block in this representation.
  func forEach(in block: UnsafeRawBufferPointer, _ body: (Int, Double) -> Void) {
    func all<T: BitwiseCopyable>(_ type: T.Type, _ convert: (T) -> Double) {
      for (index, value) in block.assumingMemoryBound(to: T.self).enumerated() { body(index, convert(value)) }
    }
    switch self {
    case .float32: all(Float.self) { Double($0) }
    case .float64: all(Double.self) { $0 }
    case .int8: all(Int8.self) { Double($0) }
    case .int16: all(Int16.self) { Double($0) }
    case .int32: all(Int32.self) { Double($0) }
    case .int64: all(Int64.self) { Double($0) }
    case .uint8: all(UInt8.self) { Double($0) }
    case .uint16: all(UInt16.self) { Double($0) }
    case .uint32: all(UInt32.self) { Double($0) }
    case .uint64: all(UInt64.self) { Double($0) }
    case .bigEndianFloat32: all(UInt32.self) { Double(Float(bitPattern: UInt32(bigEndian: $0))) }
    }
  }
}
