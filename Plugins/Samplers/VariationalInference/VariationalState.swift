import NeuralNetworks

/// A mean-field Gaussian on its way, or fitted and being drawn from.
public struct VariationalState: Codable, Sendable {
  /// Number of the chain.
  public let chain: Int
  /// Means, then logarithms of standard deviations.
  public internal(set) var distribution: [Float]
  /// Epochs done.
  public internal(set) var epoch = 0
  /// Whether the optimisation has ended.
  public internal(set) var isFitted = false
  /// Estimate of the ELBO: mean over the batches of the last epoch, while the distribution moved; nil before the first
  /// epoch.
  public internal(set) var elbo: Double?
  /// How often the learning rate was reduced.
  public internal(set) var reductions = 0
  /// Draws made.
  public internal(set) var draws = 0
  /// The last draw; empty before the first.
  public internal(set) var draw: [Float] = []

  /// Nil once fitted.
  var optimizer: Adam?
  var plateau: PlateauDetector
  /// Mean of the iterates of the current window, one an epoch.
  var average: [Float] = []
  var averaged = 0

  var dimension: Int { distribution.count / 2 }
}
