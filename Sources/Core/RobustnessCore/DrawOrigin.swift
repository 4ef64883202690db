/// How the draws of an ensemble came about, which decides which checks and diagnostics apply.
public enum DrawOrigin: String, Sendable, Hashable, Codable {
  /// Markov chains.
  case mcmc
  /// A variational approximation.
  case variational
  /// Draws that were made apart from each other: dropout at prediction, Laplace's approximation, SWAG.
  case independent
  /// Networks trained independently.
  case ensemble
  /// Networks trained on resampled data.
  case bootstrap
  /// One network.
  case single
}
