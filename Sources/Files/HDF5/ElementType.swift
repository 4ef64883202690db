import CHDF5

/// A number's representation in a file, spelled as numpy does (`<f4`, `|u1`).
public enum ElementType: String, Sendable, Hashable, CaseIterable {
  /// IEEE single precision.
  case float32 = "<f4"
  /// IEEE double precision.
  case float64 = "<f8"
  /// Signed, one byte.
  case int8 = "|i1"
  /// Signed, two bytes.
  case int16 = "<i2"
  /// Signed, four bytes.
  case int32 = "<i4"
  /// Signed, eight bytes.
  case int64 = "<i8"
  /// Unsigned, one byte.
  case uint8 = "|u1"
  /// Unsigned, two bytes.
  case uint16 = "<u2"
  /// Unsigned, four bytes.
  case uint32 = "<u4"
  /// Unsigned, eight bytes.
  case uint64 = "<u8"
  /// IEEE single precision, big-endian: what netCDF libraries declare dimensions without coordinates as.
  case bigEndianFloat32 = ">f4"

  /// Every representation but the big-endian one.
  public static let littleEndian = allCases.filter { $0 != .bigEndianFloat32 }

  /// Every whole-number representation.
  public static let integers = littleEndian.filter { $0 != .float32 && $0 != .float64 }

  /// Bytes per number.
  public var byteCount: Int {
    switch self {
    case .int8, .uint8: 1
    case .int16, .uint16: 2
    case .float32, .int32, .uint32, .bigEndianFloat32: 4
    case .float64, .int64, .uint64: 8
    }
  }

  /// The library's own type of exactly this representation.
  var identifier: hid_t {
    switch self {
    case .float32: cH5T_IEEE_F32LE()
    case .float64: cH5T_IEEE_F64LE()
    case .int8: cH5T_STD_I8LE()
    case .int16: cH5T_STD_I16LE()
    case .int32: cH5T_STD_I32LE()
    case .int64: cH5T_STD_I64LE()
    case .uint8: cH5T_STD_U8LE()
    case .uint16: cH5T_STD_U16LE()
    case .uint32: cH5T_STD_U32LE()
    case .uint64: cH5T_STD_U64LE()
    case .bigEndianFloat32: cH5T_IEEE_F32BE()
    }
  }
}

/// The type of a stored data set or attribute.
public enum StoredType: Sendable, Hashable, CustomStringConvertible {
  /// A number that this module can read.
  case number(ElementType)
  /// Text, of variable or of fixed length.
  case text(isVariableLength: Bool)
  /// Object or region references.
  case reference
  /// Anything else, described in words: big-endian or half-precision numbers, compounds, enumerations …
  case other(String)

  /// numpy's name of the type, or words.
  public var description: String {
    switch self {
    case .number(let element): element.rawValue
    case .text: "text"
    case .reference: "references"
    case .other(let words): words
    }
  }

  /// Classifies an open type.
  init(_ type: hid_t, _ site: CallSite) throws(HDF5Error) {
    let typeClass = H5Tget_class(type)
    switch typeClass {
    case H5T_STRING:
      let isVariable = try site.check("H5Tis_variable_str") { H5Tis_variable_str(type) }
      self = .text(isVariableLength: isVariable > 0)
    case H5T_REFERENCE:
      self = .reference
    case H5T_INTEGER, H5T_FLOAT:
      for element in ElementType.allCases where H5Tequal(type, element.identifier) > 0 {
        self = .number(element)
        return
      }
      let order = H5Tget_order(type) == H5T_ORDER_BE ? "big-endian " : ""
      let name = typeClass == H5T_FLOAT ? "floating-point" : "integer"
      self = .other("\(order)\(name) numbers of \(H5Tget_size(type)) bytes")
    case H5T_COMPOUND: self = .other("a compound type")
    case H5T_ENUM: self = .other("an enumeration")
    case H5T_VLEN: self = .other("sequences of variable length")
    case H5T_ARRAY: self = .other("an array type")
    case H5T_OPAQUE: self = .other("opaque bytes")
    case H5T_BITFIELD: self = .other("a bit field")
    case H5T_TIME: self = .other("a time type")
    default: throw site.error("its type cannot be read")
    }
  }
}

/// A Swift type whose values can be read from and written to a file as they are in memory.
///
/// The type in memory always follows from the Swift type; the library converts from the file's.
public protocol HDF5Scalar: Sendable, BitwiseCopyable {
  /// The representation of a value in memory.
  static var elementType: ElementType { get }
  /// Zero.
  static var zero: Self { get }
}

extension Float: HDF5Scalar {
  /// `<f4`.
  public static var elementType: ElementType { .float32 }
}
extension Double: HDF5Scalar {
  /// `<f8`.
  public static var elementType: ElementType { .float64 }
}
extension Int64: HDF5Scalar {
  /// `<i8`.
  public static var elementType: ElementType { .int64 }
}
extension UInt8: HDF5Scalar {
  /// `|u1`.
  public static var elementType: ElementType { .uint8 }
}
