/// The number format of a kernel's operands or results.
public enum Precision: String, Sendable, Hashable, CaseIterable, Codable {
  /// IEEE 754 single precision, from either library.
  case float32
  /// The upper half of a float32 (eight bits of significand). oneDNN only, and only where the processor multiplies it
  /// natively.
  case bfloat16
  /// IEEE 754 double precision: always the portable kernels, meant as a reference.
  case float64

  /// Bytes of one number.
  public var bytes: Int {
    switch self {
    case .float32: 4
    case .bfloat16: 2
    case .float64: 8
    }
  }
}
