package import PosteriorFiles

/// What `posterior import` is asked for.
package struct ImportRequest: Sendable, Hashable {
  /// A graph with its weights for each draw; empty where one graph has its weights elsewhere.
  package var graphs: [String] = []
  /// The one graph, and a file of named tensors for each draw.
  package var network: String?
  package var draws: [String] = []
  /// An archive of NumPy with `inputs` and `labels`.
  package var data: String?
  /// An archive of NumPy with `logits`, `log_predictive` or both, and perhaps `inputs`.
  package var reference: String?
  package var kind: PosteriorKind?
  package var chains: Int?
  /// The lowest and the highest value of an input: two numbers, or two for each channel.
  package var bounds: [Double] = []

  package init() {}
}
