/// An activation applied to a layer's result while it is still in the registers.
///
/// oneDNN's fused ReLU turns NaN into 0 (so does its gradient); the portable one and both leaky ones keep NaN. A
/// network must therefore check its parameters and its inputs for finiteness, not only its logits.
public enum FusedActivation: Sendable, Hashable {
  /// The result itself.
  case none
  /// max(a, 0).
  case relu
  /// a for positive a, else slope · a.
  case leakyReLU(slope: Double)

  /// The factor of negative pre-activations.
  var slope: Double {
    if case .leakyReLU(let slope) = self { slope } else { 0 }
  }
}
