import ArrayFiles
import CPNG

/// A PNG image in a file: how large it is, and its levels.
struct PNGImage {
  /// (channels, rows, columns), with one channel for grey and three for colours.
  let shape: [Int]
  private let path: String
  private let bytes: [UInt8]
  private let size: cpng_size

  /// Why images cannot be read on this machine, and what to do; nil where they can.
  static var unavailable: (reason: String, advice: String)? {
    guard !cpng_available() else { return nil }
    return (
      "cannot be read here: \(String(cString: cpng_unavailable_reason()))",
      "Install libpng, with apt-get install libpng-dev or brew install libpng, or store the images in a .npz file"
    )
  }

  /// Reads a file and the header in it.
  ///
  /// - Throws: `ArrayFileError` for a file that cannot be read, or is no PNG image that can be decoded.
  init(_ path: String) throws(ArrayFileError) {
    let file = try FileBytes(path)
    let bytes = try file.read(at: 0, count: file.count)
    guard bytes.starts(with: [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]) else {
      throw ArrayFileError(file: path, reason: "is no PNG image", advice: "Convert it, or take it out of the folder")
    }
    var size = cpng_size()
    let failure = Self.failure { cpng_read_size(bytes, bytes.count, &size, $0, $1) }
    if let failure { throw ArrayFileError(file: path, reason: failure) }
    self.path = path
    self.bytes = bytes
    self.size = size
    shape = [Int(size.channels), Int(size.height), Int(size.width)]
  }

  /// Decodes the image into planes, one for each channel, each level a byte.
  ///
  /// - Throws: `ArrayFileError` for an image that is damaged or has transparent pixels.
  func levels() throws(ArrayFileError) -> [UInt8] {
    var failure: String?
    let levels = [UInt8](unsafeUninitializedCapacity: shape.reduce(1, *)) { planes, initialized in
      withUnsafePointer(to: size) { size in
        failure = Self.failure { cpng_decode(bytes, bytes.count, size, planes.baseAddress, $0, $1) }
      }
      if failure == nil { initialized = planes.count }
    }
    if let failure { throw ArrayFileError(file: path, reason: failure) }
    return levels
  }

  /// What the library says of a call that failed.
  private static func failure(_ call: (UnsafeMutablePointer<CChar>?, Int) -> Bool) -> String? {
    var words = [CChar](repeating: 0, count: 256)
    let isDone = words.withUnsafeMutableBufferPointer { call($0.baseAddress, $0.count) }
    return isDone ? nil : String(decoding: words.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }
}
