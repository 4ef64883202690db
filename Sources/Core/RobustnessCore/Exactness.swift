/// What a sampler promises about the distribution that its draws come from in the long run.
public enum Exactness: String, Sendable, Hashable, Codable, CaseIterable {
  /// The posterior itself: Metropolis-adjusted Hamiltonian Monte Carlo, for instance.
  case exact
  /// The posterior but for a discretisation that nothing corrects: unadjusted Langevin.
  case unadjusted
  /// The same, with gradients of mini-batches: SGLD, SGHMC.
  case miniBatch = "mini-batch"
  /// Another distribution that stands for it: variational inference, Laplace, SWAG, dropout.
  case approximate
}
