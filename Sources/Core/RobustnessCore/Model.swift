/// A differentiable classifier: logits and their pullback. One draw of a posterior is a model.
///
/// The probabilities of the classes are softmax(logits). A model that gives probabilities instead is found by the check
/// `logits` of an evaluation.
public protocol Model: Sendable {
  /// Shape of one input, without the axis of the examples: `[784]`, `[1, 28, 28]`.
  var inputShape: [Int] { get }
  /// Number of classes.
  var classCount: Int { get }
  /// Logits, shape (examples, classes), of inputs of shape (examples, …inputShape).
  func logits(_ inputs: Tensor) throws -> Tensor
  /// Gradient with respect to the inputs of Σ logitGradient · logits, row by row.
  ///
  /// - Parameters:
  ///   - inputs: shape (examples, …inputShape).
  ///   - logitGradient: what each logit is multiplied with, shape (examples, classes).
  /// - Returns: the shape of `inputs`. Rows may be scaled freely: return what is too small for a plain number as
  ///   mantissas and an exponent.
  func inputGradient(_ inputs: Tensor, logitGradient: Tensor) throws -> ScaledGradient
  /// The same with other derivatives of the activations, where the model has some.
  ///
  /// - Throws: `CoreError` where it has not.
  func inputGradient(
    _ inputs: Tensor, logitGradient: Tensor, derivative: ActivationDerivative
  ) throws -> ScaledGradient
}

extension Model {
  /// The gradient with the activations' own derivatives, the only ones that are known.
  public func inputGradient(
    _ inputs: Tensor, logitGradient: Tensor, derivative: ActivationDerivative
  ) throws -> ScaledGradient {
    guard derivative == .exact else {
      throw CoreError("this model has no straight-through gradients: they are those of networks from posterior files")
    }
    return try inputGradient(inputs, logitGradient: logitGradient)
  }
}
