/// A differentiable classifier: logits and their pullback. One draw of a posterior is a model.
public protocol Model: Sendable {
  /// Shape of one input.
  var inputShape: [Int] { get }
  /// Number of classes.
  var classCount: Int { get }
  /// Logits, shape (examples, classes), of inputs of shape (examples, …inputShape).
  func logits(_ inputs: Tensor) throws -> Tensor
  /// Gradient with respect to the inputs of Σ logitGradient · logits, row by row. Rows may be scaled freely: return what is too small for a plain number as
  /// mantissas and an exponent.
  func inputGradient(_ inputs: Tensor, logitGradient: Tensor) throws -> ScaledGradient
}
