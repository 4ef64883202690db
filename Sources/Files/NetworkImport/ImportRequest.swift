package import PosteriorFiles

/// What `posterior import` is asked for.
package struct ImportRequest: Sendable, Hashable {
  /// A graph with its weights for each draw; empty where one graph has its weights elsewhere.
  package var graphs: [String] = []
  /// The one network, a graph or a description, and a file of named tensors for each draw or one of all draws.
  package var network: String?
  package var draws: [String] = []
  /// An InferenceData of ArviZ.
  package var posterior: String?
  /// Which array a tensor of the network is: `TENSOR=VARIABLE`, with `,transposed` or `.T`.
  package var map: [String] = []
  /// An archive of NumPy with `inputs` and `labels`.
  package var data: String?
  /// An archive of NumPy with `logits`, `log_predictive` or both, and perhaps `inputs`.
  package var reference: String?
  package var kind: PosteriorKind?
  package var chains: Int?
  /// The lowest and the highest value of an input: two numbers, or two for each channel.
  package var bounds: [Double] = []

  /// The program that reads HDF5 of unknown origin first; nil in tests.
  package var probe: ProbeCommand?

  package init() {}
}
