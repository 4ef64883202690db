import ArrayFiles
import Foundation
import TestSupport

/// Files that numpy and safetensors wrote, with values that are a formula: `Tests/Python/make_arrays.py`.
enum ArrayFixtures {
  static let shape = [3, 4, 5]

  static func path(_ name: String) -> String { Fixtures.url("arrays/\(name)").path }

  static func bytes(_ name: String) throws -> [UInt8] { Array(try Data(contentsOf: Fixtures.url("arrays/\(name)"))) }

  /// The values of an array of this type in row-major order.
  static func values(_ element: ForeignArray.ElementType, count: Int = 60) -> [Double] {
    (0..<count).map { position in
      let base = (37 * position + 11) % 101
      switch element {
      case .bool: return Double(base % 2)
      case .uint8, .uint16, .uint32, .uint64: return Double(base)
      case .int8, .int16, .int32, .int64: return Double(base - 50)
      case .float16, .bfloat16, .float32, .float64: return Double(base - 50) / 4
      }
    }
  }

  /// The types by the names that numpy gives them.
  static let types: [(name: String, element: ForeignArray.ElementType)] = [
    ("b1", .bool), ("i1", .int8), ("i2", .int16), ("i4", .int32), ("i8", .int64), ("u1", .uint8), ("u2", .uint16),
    ("u4", .uint32), ("u8", .uint64), ("f2", .float16), ("f4", .float32), ("f8", .float64),
  ]

  /// Calls `body` with the path of a file of these bytes.
  static func withFile<R>(_ bytes: [UInt8], _ body: (String) throws -> R) throws -> R {
    try withFolder { folder in
      let path = folder.appending(path: "file").path
      try write(bytes, to: path)
      return try body(path)
    }
  }

  /// Writes in place: thousands of new files would take longer than reading them.
  static func write(_ bytes: [UInt8], to path: String) throws {
    let descriptor = open(path, O_WRONLY | O_CREAT, 0o600)
    defer { close(descriptor) }
    guard descriptor >= 0,
      bytes.withUnsafeBytes({ Foundation.write(descriptor, $0.baseAddress, $0.count) }) == bytes.count,
      ftruncate(descriptor, off_t(bytes.count)) == 0
    else { throw CocoaError(.fileWriteUnknown) }
  }

  /// The refusal of a file, opened as what it is or read array by array.
  static func refusal(_ path: String) -> ArrayFileError? {
    do throws(ArrayFileError) {
      let archive = try ArrayFormat.open(path)
      for name in archive.names { _ = try archive.array(name).doubles() }
      return nil
    } catch {
      return error
    }
  }

  static func refusal(of bytes: [UInt8]) throws -> ArrayFileError? { try withFile(bytes) { refusal($0) } }

  /// The lengths to which the file can be cut, from `first` bytes on, without being refused.
  static func acceptedCuts(_ name: String, from first: Int) throws -> [Int] {
    let bytes = try bytes(name)
    return try withFile(bytes) { path in
      (first..<bytes.count).reversed().filter { count in
        truncate(path, off_t(count))
        return refusal(path) == nil
      }
    }
  }
}
