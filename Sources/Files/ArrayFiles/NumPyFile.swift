import Foundation

/// One array in a `.npy` file of NumPy, under the name of the file without its extension.
///
/// The format has no checksum: what is found is a header that contradicts the length of the file.
public struct NumPyFile: ArrayArchive {
  /// The one name.
  public var names: [String] { [contents.name] }
  /// The array.
  public let contents: ForeignArray

  /// Reads the header of a file.
  ///
  /// - Throws: ``ArrayFileError`` when it is damaged, or holds what is not read.
  public init(_ path: String) throws(ArrayFileError) {
    let file = try FileBytes(path)
    let start = try file.read(at: 0, count: min(file.count, NumPyHeader.limit + 12))
    let header: NumPyHeader
    do throws(NumPyHeader.Refusal) {
      header = try NumPyHeader(start)
    } catch {
      throw file.error(error.reason, advice: error.advice)
    }
    let name = URL(filePath: path).deletingPathExtension().lastPathComponent
    let size = file.count - header.length
    contents = try ForeignArray(name: name, header, file: path, byteCount: size) { () throws(ArrayFileError) in
      try file.read(at: header.length, count: size)
    }
  }

  /// The array, by the only name that there is.
  public func array(_ name: String) throws(ArrayFileError) -> ForeignArray {
    guard name == contents.name else {
      throw ArrayFileError(file: contents.file, reason: "holds one array, and no '\(name)'")
    }
    return contents
  }
}

extension ForeignArray {
  /// An array as a header of NumPy describes it.
  init(
    name: String, _ header: NumPyHeader, file: String, byteCount: Int,
    bytes: @escaping @Sendable () throws(ArrayFileError) -> [UInt8]
  ) throws(ArrayFileError) {
    try self.init(
      name: name, shape: header.shape, element: header.element, file: file, isBigEndian: header.isBigEndian,
      isColumnMajor: header.isColumnMajor, byteCount: byteCount, bytes: bytes)
  }
}
