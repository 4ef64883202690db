/// An array of another program: what it is, and its values when they are asked for.
///
/// Values come in row-major order, the last axis fastest, whatever the order and the byte order of the file.
public struct ForeignArray: Sendable {
  /// Its name in the file.
  public let name: String
  /// Length of every axis; empty for a single number.
  public let shape: [Int]
  /// The type of its numbers in the file.
  public let element: ElementType
  /// Number of values, the product of the shape.
  public let count: Int

  let file: String
  let isBigEndian: Bool
  /// Whether the first axis is the fastest in the file.
  let isColumnMajor: Bool
  /// Reads the bytes of all values; checks them where the file has a checksum.
  let bytes: @Sendable () throws(ArrayFileError) -> [UInt8]

  /// The most axes that an array may have, as in NumPy.
  static let axisLimit = 64

  /// Describes an array whose values take as many bytes as the file says.
  ///
  /// - Throws: ``ArrayFileError`` when shape and size contradict each other.
  package init(
    name: String, shape: [Int], element: ElementType, file: String, isBigEndian: Bool = false,
    isColumnMajor: Bool = false, byteCount: Int, bytes: @escaping @Sendable () throws(ArrayFileError) -> [UInt8]
  ) throws(ArrayFileError) {
    guard shape.count <= Self.axisLimit else {
      throw ArrayFileError(
        file: file, place: name, reason: "has \(shape.count) axes; no array has more than \(Self.axisLimit)")
    }
    // The product of all but zeros, so that no order of the axes overflows where another does not.
    var product = 1
    for length in shape where length != 0 {
      let (next, overflows) = product.multipliedReportingOverflow(by: length)
      guard length > 0, !overflows else {
        throw ArrayFileError(file: file, place: name, reason: "has shape \(words(of: shape)), which no memory holds")
      }
      product = next
    }
    let count = shape.contains(0) ? 0 : product
    let (needed, overflows) = count.multipliedReportingOverflow(by: element.byteCount)
    guard !overflows, needed == byteCount else {
      throw ArrayFileError(
        file: file, place: name,
        reason: "has \(byteCount) bytes of values; its shape \(words(of: shape)) of \(element.rawValue) needs "
          + (overflows ? "more than any file has" : "\(needed)"),
        advice: "Write the file again")
    }
    self.name = name
    self.shape = shape
    self.element = element
    self.count = count
    self.file = file
    self.isBigEndian = isBigEndian
    self.isColumnMajor = isColumnMajor
    self.bytes = bytes
  }

  func error(_ reason: String, advice: String? = nil) -> ArrayFileError {
    ArrayFileError(file: file, place: name, reason: reason, advice: advice)
  }
}

extension ForeignArray {
  /// The types of numbers that are read.
  public enum ElementType: String, Sendable, Hashable, CaseIterable {
    /// Truth values, a byte each.
    case bool
    /// Signed, one byte.
    case int8
    /// Signed, two bytes.
    case int16
    /// Signed, four bytes.
    case int32
    /// Signed, eight bytes.
    case int64
    /// Unsigned, one byte.
    case uint8
    /// Unsigned, two bytes.
    case uint16
    /// Unsigned, four bytes.
    case uint32
    /// Unsigned, eight bytes.
    case uint64
    /// IEEE half precision.
    case float16
    /// The upper half of IEEE single precision.
    case bfloat16
    /// IEEE single precision.
    case float32
    /// IEEE double precision.
    case float64

    /// Bytes per number.
    public var byteCount: Int {
      switch self {
      case .bool, .int8, .uint8: 1
      case .int16, .uint16, .float16, .bfloat16: 2
      case .int32, .uint32, .float32: 4
      case .int64, .uint64, .float64: 8
      }
    }

    /// Whether it is a whole number or a truth value.
    public var isWhole: Bool {
      switch self {
      case .float16, .bfloat16, .float32, .float64: false
      default: true
      }
    }
  }
}
