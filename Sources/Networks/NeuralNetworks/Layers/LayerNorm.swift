/// Layer normalisation (Ba, Kiros and Hinton 2016) over the last dimensions, which `normalized_shape` repeats:
/// γ(x − m)/√(σ² + ε) + β, with one γ and β for each element of that shape.
package struct LayerNorm: LayerKind {
  let normalized: NormalizedShape

  package static var type: String { "layer_norm" }

  package init(_ fields: LayerFields) throws(ArchitectureError) { normalized = try NormalizedShape(fields) }

  package var members: [(key: String, json: String)] { normalized.members }
  package var words: String? { "layer norm" }

  package func trace(_ inputs: [[Int]], _ place: LayerPlace) throws(ArchitectureError) -> LayerTrace {
    let shape = normalized.shape
    return try normalized.trace(
      inputs[0], place, [LayerParameter("weight", shape, .factor), LayerParameter("bias", shape, .shift)])
  }

  package func statement(_ node: NetworkGraph.Node) -> any RowFunction { normalized.statement(node, isCentred: true) }
}
