import Foundation

/// The array of an IDX file, the format in which MNIST is distributed (LeCun, Cortes, Burges, *The MNIST database*).
///
/// Two zero bytes, one byte for the type, one for the number of axes, the length of each axis as four bytes with the
/// most significant first, and the values in C order. Images and labels hold unsigned bytes; the other types are
/// refused.
public struct IDXArray: Sendable, Hashable {
  /// Length of each axis.
  public let shape: [Int]
  /// The values in C order.
  public let bytes: [UInt8]

  /// Reads a file, plain or compressed with gzip.
  ///
  /// No more than the header announces is read or inflated.
  ///
  /// - Parameters:
  ///   - path: The file.
  ///   - axes: The number of axes that the file needs to have: 3 for images, 1 for labels.
  /// - Throws: The first problem.
  public static func read(_ path: String, axes: Int) throws(DatasetError) -> IDXArray {
    let reader = try ByteReader(path)
    let magic = try reader.read(4)
    guard magic.count == 4 else {
      throw DatasetError(
        file: path, reason: "is truncated: it holds \(magic.count) bytes, less than the header of an IDX file")
    }
    guard magic[0] == 0, magic[1] == 0, let type = typeNames[magic[2]] else {
      let digits = magic.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined(separator: " ")
      throw DatasetError(
        file: path, reason: "is not an IDX file: it begins with \(digits)",
        advice: "Images begin with 00 00 08 03, labels with 00 00 08 01")
    }
    guard magic[2] == 8 else {
      throw DatasetError(file: path, reason: "holds \(type); images and labels are unsigned bytes")
    }
    guard magic[3] == axes else {
      throw DatasetError(
        file: path,
        reason: "has \(magic[3]) axes; \(axes == 1 ? "labels need 1" : "images need \(axes): number, rows, columns")")
    }
    let shape = try readShape(reader, path, axes)
    return IDXArray(shape: shape, bytes: try readValues(reader, path, shape))
  }

  private static let typeNames: [UInt8: String] = [
    0x08: "unsigned bytes", 0x09: "signed bytes", 0x0B: "16-bit integers", 0x0C: "32-bit integers",
    0x0D: "numbers in single precision", 0x0E: "numbers in double precision",
  ]

  private static func readShape(_ reader: ByteReader, _ path: String, _ axes: Int) throws(DatasetError) -> [Int] {
    let lengths = try reader.read(4 * axes)
    guard lengths.count == 4 * axes else {
      throw DatasetError(file: path, reason: "is truncated: it ends inside its header")
    }
    let shape = (0..<axes).map { axis in lengths[4 * axis..<4 * axis + 4].reduce(0) { $0 << 8 | Int($1) } }
    guard shape.allSatisfy({ $0 > 0 }) else {
      throw DatasetError(file: path, reason: "holds nothing: its header says \(text(shape))")
    }
    return shape
  }

  private static func readValues(
    _ reader: ByteReader, _ path: String, _ shape: [Int]
  ) throws(DatasetError) -> [UInt8] {
    var count = 1
    for length in shape {
      let (product, overflow) = count.multipliedReportingOverflow(by: length)
      guard !overflow, product <= reader.largestContent else {
        throw DatasetError(
          file: path,
          reason:
            "is truncated or damaged: its header says \(text(shape)), more than its \(reader.fileSize) bytes can hold")
      }
      count = product
    }
    let values = try reader.read(count)
    guard values.count == count else {
      throw DatasetError(
        file: path, reason: "is truncated: it holds \(values.count) of the \(count) bytes that its header announces")
    }
    guard try reader.read(1).isEmpty else {
      throw DatasetError(
        file: path, reason: "goes on after the \(count) bytes that its header announces, \(text(shape))")
    }
    return values
  }

  private static func text(_ shape: [Int]) -> String { shape.map(String.init).joined(separator: " × ") }
}
