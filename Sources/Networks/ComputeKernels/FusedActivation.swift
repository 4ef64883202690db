/// An activation applied to a layer's result while it is still in the registers.
///
/// oneDNN's fused ReLU and clipped ReLU turn NaN into 0 (so do their gradients); the portable ones and both leaky ones
/// keep NaN. A network must therefore check its parameters and its inputs for finiteness, not only its logits.
public enum FusedActivation: Sendable, Hashable {
  /// The result itself.
  case none
  /// max(a, 0).
  case relu
  /// a for positive a, else slope · a.
  case leakyReLU(slope: Double)
  /// min(max(a, 0), upper), with a positive `upper`: 6 makes it the ReLU6.
  case clipped(upper: Double)

  /// Throws unless the bound is a positive number.
  func check(for name: String) throws {
    if case .clipped(let upper) = self, !(upper > 0 && upper.isFinite) {
      throw KernelError("\(name): the bound of a clipped activation must be positive, not \(upper)")
    }
  }
}
