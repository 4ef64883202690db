import Foundation

/// Writes archives of NumPy.
enum ArchiveWriter {
  /// A `.npy` of format 1.
  static func array(_ type: String, _ shape: [Int], _ bytes: [UInt8]) -> [UInt8] {
    let sizes = shape.map { "\($0)," }.joined()
    var header = "{'descr': '\(type)', 'fortran_order': False, 'shape': (\(sizes)), }"
    header += String(repeating: " ", count: 63 - (header.utf8.count + 10) % 64) + "\n"
    let length = UInt16(header.utf8.count)
    return [0x93] + Array("NUMPY".utf8) + [1, 0, UInt8(length & 0xFF), UInt8(length >> 8)] + Array(header.utf8) + bytes
  }

  static func floats(_ values: [Float]) -> [UInt8] { values.withUnsafeBytes { Array($0) } }
  static func doubles(_ values: [Double]) -> [UInt8] { values.withUnsafeBytes { Array($0) } }
  static func labels(_ values: [Int64]) -> [UInt8] { values.withUnsafeBytes { Array($0) } }

  /// A text as `numpy.savez(name="text")` writes it.
  static func text(_ text: String) -> [UInt8] {
    let bytes = text.unicodeScalars.flatMap { scalar in withUnsafeBytes(of: scalar.value.littleEndian) { Array($0) } }
    return array("<U\(text.unicodeScalars.count)", [], bytes)
  }

  /// A `.npz` as numpy.savez writes it, stored.
  static func archive(_ members: [(String, [UInt8])], _ folder: URL, _ name: String) throws -> String {
    var (data, directory): ([UInt8], [UInt8]) = ([], [])
    func number(_ value: Int, _ bytes: Int) -> [UInt8] {
      (0..<bytes).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
    }
    for (name, bytes) in members {
      let file = Array("\(name).npy".utf8)
      // Version, flags, method, time; checksum, sizes; lengths of the name and of what follows it.
      var common = number(20, 2) + number(0, 4) + number(0, 4)
      for size in [Int(crc(bytes)), bytes.count, bytes.count] { common += number(size, 4) }
      common += number(file.count, 2) + number(0, 2)
      directory += [0x50, 0x4B, 1, 2] + number(20, 2)
      directory += common
      directory += number(0, 6) + number(0, 4) + number(data.count, 4)
      directory += file
      data += [0x50, 0x4B, 3, 4] + common
      data += file + bytes
    }
    var end: [UInt8] = [0x50, 0x4B, 5, 6] + number(0, 4)
    end += number(members.count, 2) + number(members.count, 2)
    end += number(directory.count, 4) + number(data.count, 4) + number(0, 2)
    let place = folder.appendingPathComponent(name)
    try Data(data + directory + end).write(to: place)
    return place.path
  }

  private static func crc(_ bytes: [UInt8]) -> UInt32 {
    var sum = ~UInt32(0)
    for byte in bytes {
      sum ^= UInt32(byte)
      for _ in 0..<8 {
        let polynomial: UInt32 = sum & 1 == 1 ? 0xEDB8_8320 : 0
        sum = (sum >> 1) ^ polynomial
      }
    }
    return ~sum
  }
}
