import CZlib
import Foundation
import Shell

/// A file of bytes, with errors that name it.
final class PlainFile: Sendable {
  let path: String
  private let descriptor: Int32

  init(_ path: String, _ flags: Int32) throws {
    self.path = path
    descriptor = open(path, flags | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else { throw Self.failure(path) }
  }

  deinit { close(descriptor) }

  static func failure(_ path: String) -> RunError {
    RunError("\(path) cannot be written: \(String(cString: strerror(errno)))")
  }

  var size: Int {
    get throws {
      var status = stat()
      guard fstat(descriptor, &status) == 0 else { throw Self.failure(path) }
      return Int(status.st_size)
    }
  }

  /// Writes all bytes at the file's position, in one call if the system takes them.
  func write(_ bytes: [UInt8]) throws {
    do {
      try bytes.withUnsafeBytes { try SystemError.writeAll($0, to: descriptor) }
    } catch {
      throw RunError("\(path) cannot be written: \(error)")
    }
  }

  /// Up to `count` bytes at `offset`; fewer at the end of the file.
  func read(_ count: Int, at offset: Int) throws -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: count)
    var done = 0
    while done < count {
      let got = bytes.withUnsafeMutableBytes {
        pread(descriptor, $0.baseAddress! + done, count - done, off_t(offset + done))
      }
      if got < 0, errno == EINTR { continue }
      guard got >= 0 else { throw BadDataError("\(path) cannot be read: \(String(cString: strerror(errno)))") }
      if got == 0 { break }
      done += got
    }
    bytes.removeLast(count - done)
    return bytes
  }

  /// Cuts the file, and goes to its end.
  func cut(to size: Int) throws {
    guard ftruncate(descriptor, off_t(size)) == 0, lseek(descriptor, off_t(size), SEEK_SET) >= 0 else {
      throw Self.failure(path)
    }
  }

  func synchronize() throws {
    guard fsync(descriptor) == 0 else { throw Self.failure(path) }
  }

  /// Takes the file for this process alone; false when another process has it.
  func lock() -> Bool { flock(descriptor, LOCK_EX | LOCK_NB) == 0 }

  /// Replaces a file in one piece: at every moment the old one is there, or the new one.
  static func replace(_ path: String, with bytes: [UInt8], isSynchronized: Bool) throws {
    // The name of a file in the making is always the same: what a kill leaves is overwritten, and goes with the folder.
    do {
      try AtomicFile.replace(
        path, with: bytes, temporary: path + ".new", durability: isSynchronized ? .content : .none)
    } catch {
      throw RunError("\(path) cannot be written: \(error)")
    }
  }

  /// The whole file; nil when there is none.
  static func contents(_ path: String) throws -> [UInt8]? {
    guard FileManager.default.fileExists(atPath: path) else { return nil }
    let file: PlainFile
    do {
      file = try PlainFile(path, O_RDONLY)
    } catch {
      throw BadDataError("\(path) cannot be read: \(String(cString: strerror(errno)))")
    }
    return try file.read(try file.size, at: 0)
  }
}

/// CRC-32 as in gzip and PNG.
func checksum(_ bytes: [UInt8], after previous: UInt32 = 0) -> UInt32 {
  bytes.withUnsafeBufferPointer { buffer in
    var value = CZlib.uLong(previous)
    var rest = buffer[...]
    while !rest.isEmpty {
      let part = UnsafeBufferPointer(rebasing: rest.prefix(1 << 30))
      value = crc32(value, part.baseAddress, CZlib.uInt(part.count))
      rest = rest.dropFirst(part.count)
    }
    return UInt32(truncatingIfNeeded: value)
  }
}

extension [UInt8] {
  mutating func append(number: some FixedWidthInteger) {
    Swift.withUnsafeBytes(of: number.littleEndian) { append(contentsOf: $0) }
  }

  func number<T: FixedWidthInteger>(_ type: T.Type, at offset: Int) -> T {
    withUnsafeBytes { T(littleEndian: $0.loadUnaligned(fromByteOffset: offset, as: T.self)) }
  }
}
