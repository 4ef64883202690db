/// Parameters as the caller keeps them, in C order.
enum ParameterSource {
  case float(UnsafePointer<Float>)
  case double(UnsafePointer<Double>)

  /// The pointer of a kernel that reads float32 parameters.
  func float32() throws -> UnsafePointer<Float> {
    guard case .float(let pointer) = self else { throw KernelError.doubleParameters }
    return pointer
  }
}

/// A gradient of parameters as the caller keeps it, in C order; kernels add to it.
enum ParameterDestination {
  case float(UnsafeMutablePointer<Float>)
  case double(UnsafeMutablePointer<Double>)

  /// The pointer of a kernel that adds to float32 gradients.
  func float32() throws -> UnsafeMutablePointer<Float> {
    guard case .float(let pointer) = self else { throw KernelError.doubleParameters }
    return pointer
  }
}

extension KernelError {
  static var doubleParameters: KernelError {
    KernelError("double-precision parameters need a kernel in float64; give this one Float")
  }
}
