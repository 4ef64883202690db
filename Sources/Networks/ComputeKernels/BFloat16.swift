internal import CComputeKernels

/// Conversion to bfloat16, the upper half of a float32.
public enum BFloat16 {
  /// Rounds `count` numbers to nearest, ties to even. Infinities stay; a NaN stays a NaN, made quiet.
  public static func convert(_ x: UnsafePointer<Float>, count: Int, into result: UnsafeMutablePointer<UInt16>) {
    portable_to_bfloat16(result, x, count)
  }
}
