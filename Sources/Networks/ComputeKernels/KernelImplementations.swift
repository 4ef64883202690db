/// What computes a layer: oneDNN's own name of the code that it chose or generated, such as `brg:avx512_core_bf16`, or
/// `portable` for the loops of this package.
///
/// Two kernels of one layer with different names, or with the same name and another number of rows, may add in another
/// order and differ in the last bits.
public struct KernelImplementations: Sendable, Hashable {
  /// Of the result.
  public let forward: String
  /// Of the gradient with respect to the input.
  public let toInput: String
  /// Of the gradient with respect to the weights; nil where there are none.
  public let toWeights: String?

  /// The loops in C, everywhere.
  static let portable = KernelImplementations(forward: "portable", toInput: "portable", toWeights: "portable")
}
