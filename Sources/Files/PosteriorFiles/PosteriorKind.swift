/// How the draws of a posterior came about, which decides what the chains mean and which diagnostics apply.
public enum PosteriorKind: String, Sendable, Hashable, Codable, CaseIterable {
  /// Markov chain Monte Carlo: correlated draws, a draw repeated after every rejection.
  case mcmc
  /// A fitted distribution: independent draws in one chain.
  case variational
  /// Independent draws in one chain, however they were made: dropout at prediction, Laplace's approximation, SWAG, and
  /// mixtures of such.
  case independent
  /// Independently trained networks, one chain of one draw each.
  case ensemble
  /// Networks trained on resampled data, one chain of one draw each.
  case bootstrap
  /// One network: one chain, one draw.
  case single
}

extension PosteriorKind {
  /// The first version of the format that has it.
  var since: FormatVersion { self == .independent ? .second : .first }

  /// Whether its draws are independent and belong into one chain.
  var isOneChain: Bool { self == .variational || self == .independent }
}

/// Whether a file still is what its author wrote.
public enum PosteriorIntegrity: String, Sendable, Hashable, Codable {
  /// The digests that the file holds are those of its content.
  case verified
  /// The file holds no `content_sha256`.
  case unsigned
  /// A digest that the file holds is not that of its content.
  case changed
}
