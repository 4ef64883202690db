/// Root mean square normalisation (Zhang and Sennrich, NeurIPS 2019) over the last dimensions, which `normalized_shape`
/// repeats: γ x/√(mean x² + ε).
package struct RMSNorm: LayerKind {
  let normalized: NormalizedShape

  package static var type: String { "rms_norm" }

  package init(_ fields: LayerFields) throws(ArchitectureError) { normalized = try NormalizedShape(fields) }

  package var members: [(key: String, json: String)] { normalized.members }
  package var words: String? { "RMS norm" }

  package func trace(_ inputs: [[Int]], _ place: LayerPlace) throws(ArchitectureError) -> LayerTrace {
    try normalized.trace(inputs[0], place, [LayerParameter("weight", normalized.shape, .factor)])
  }

  package func statement(_ node: NetworkGraph.Node) -> any RowFunction { normalized.statement(node, isCentred: false) }
}
