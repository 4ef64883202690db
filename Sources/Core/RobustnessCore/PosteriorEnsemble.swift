/// Draws of one architecture from a posterior (or the members of an ensemble), possibly more than memory holds.
///
/// ## Conforming to PosteriorEnsemble
///
/// ``inputShape``, ``classCount``, ``drawCount`` and ``member(_:)`` are enough: everything else has a default over
/// members, in `Double` and in the log domain. An implementation that packs its weights, streams them from a file, or
/// has no members to speak of (a Gaussian process) replaces the batched calls.
public protocol PosteriorEnsemble: Sendable {
  /// One draw.
  associatedtype Member: Model

  /// Shape of one input, without the axis of the examples: `[784]`, `[1, 28, 28]`.
  var inputShape: [Int] { get }
  /// Number of classes.
  var classCount: Int { get }
  /// Number of draws; a draw is named by its index, from 0.
  var drawCount: Int { get }
  /// One draw as a model.
  ///
  /// - Throws: an error of the implementation, for instance when a file can no longer be read.
  func member(_ draw: Int) throws -> Member

  /// Natural logarithms of the probabilities of every selected draw, shape (draws, examples, classes).
  func memberLogProbabilities(_ inputs: Tensor, draws: DrawSelection) throws -> Tensor
  /// The posterior predictive, which is the mean of the selected draws' probabilities, and their votes, at `inputs` of
  /// shape (examples, …inputShape).
  func predict(_ inputs: Tensor, draws: DrawSelection) throws -> Prediction
  /// Value of an objective over the selected draws for the labels of `examples`, and the prediction, without a
  /// gradient.
  func loss(_ examples: Examples, objective: Objective, draws: DrawSelection) throws -> Loss
  /// Value and input gradient of an objective over the selected draws for the labels of `examples` (for a targeted
  /// attack, put the targets there).
  func lossAndGradient(_ examples: Examples, objective: Objective, draws: DrawSelection) throws -> LossAndGradient
  /// How uncertain the selected draws are at `inputs`, and the gradient of that with respect to the inputs.
  func uncertaintyAndGradient(
    _ inputs: Tensor, score: UncertaintyScore, draws: DrawSelection
  ) throws -> UncertaintyAndGradient
  /// Whether the members have straight-through gradients.
  var hasWideDerivatives: Bool { get }
  /// The same with other derivatives of the activations; value and prediction are those of the ensemble.
  ///
  /// - Throws: `CoreError` where the members have no such derivatives.
  func lossAndGradient(
    _ examples: Examples, objective: Objective, draws: DrawSelection, derivative: ActivationDerivative
  ) throws -> LossAndGradient
}
