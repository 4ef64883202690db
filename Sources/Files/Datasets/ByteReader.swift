import Foundation
import Shell

/// The bytes of a file from its beginning; a gzip file, known by its first two bytes, is inflated on the way.
///
/// No more is inflated than the caller asks for: a small file that would inflate to a huge one costs nothing.
final class ByteReader {
  private let path: String
  private let handle: FileHandle
  private let inflater: Inflater?
  /// Length of the file as it lies on the disk.
  let fileSize: Int

  /// Whether the file is compressed.
  var isCompressed: Bool { inflater != nil }
  /// No file can hold more bytes than this: deflate cannot shrink by more than a factor of 1,032.
  var largestContent: Int { isCompressed ? min(fileSize, Int.max / 1032) * 1032 : fileSize }

  /// Opens a file.
  ///
  /// - Throws: ``DatasetError`` when it is no regular file or cannot be read.
  init(_ path: String) throws(DatasetError) {
    self.path = path
    var status = stat()
    guard stat(path, &status) == 0 else {
      throw DatasetError(file: path, reason: "cannot be opened: \(String(cString: strerror(errno)))")
    }
    // Opening a pipe would wait for a writer.
    guard status.st_mode & S_IFMT == S_IFREG else { throw DatasetError(file: path, reason: "is not a regular file") }
    guard let handle = FileHandle(forReadingAtPath: path) else {
      throw DatasetError(file: path, reason: "cannot be opened: \(String(cString: strerror(errno)))")
    }
    self.handle = handle
    fileSize = Int(status.st_size)
    do {
      let start = try handle.read(upToCount: 2) ?? Data()
      try handle.seek(toOffset: 0)
      inflater = start == Data([0x1F, 0x8B]) ? Inflater() : nil
    } catch {
      throw DatasetError(file: path, reason: "cannot be read: \(SystemError.words(of: error))")
    }
  }

  deinit { try? handle.close() }

  /// Up to `count` bytes; fewer only at the end.
  ///
  /// - Throws: ``DatasetError`` when the compressed data are damaged or end too early.
  func read(_ count: Int) throws(DatasetError) -> [UInt8] {
    var bytes: [UInt8] = []
    // In pieces, so that memory grows with what is there and not with what a header claims.
    while bytes.count < count {
      let size = min(count - bytes.count, 1 << 20)
      let part = if let inflater { try inflate(inflater, upTo: size) } else { try raw(size) }
      if part.isEmpty { break }
      bytes += part
    }
    return bytes
  }

  private func raw(_ count: Int) throws(DatasetError) -> [UInt8] {
    do {
      return Array(try handle.read(upToCount: count) ?? Data())
    } catch {
      throw DatasetError(file: path, reason: "cannot be read: \(SystemError.words(of: error))")
    }
  }

  private func inflate(_ inflater: Inflater, upTo count: Int) throws(DatasetError) -> [UInt8] {
    while true {
      if inflater.needsInput { inflater.append(try raw(1 << 16)) }
      switch inflater.inflate(upTo: count) {
      case .bytes(let bytes): return bytes
      case .needsInput: continue
      case .end: return []
      case .truncated:
        throw DatasetError(
          file: path, reason: "is truncated: the compressed data end too early", advice: "Copy or fetch it again")
      case .damaged(let reason):
        throw DatasetError(
          file: path, reason: "is damaged: its gzip data cannot be inflated (\(reason))",
          advice: "Copy or fetch it again")
      }
    }
  }
}
