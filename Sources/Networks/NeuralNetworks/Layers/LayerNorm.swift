/// Layer normalisation (Ba, Kiros and Hinton 2016) over the last dimensions, which `normalized_shape` repeats:
/// γ(x − m)/√(σ² + ε) + β, with one γ and β for each element of that shape.
package struct LayerNorm: LayerKind {
  package let shape: [Int]
  package let epsilon: Double
  package let isAffine: Bool

  package static var type: String { "layer_norm" }

  package init(_ fields: LayerFields) throws(ArchitectureError) {
    try fields.allowOnly(["normalized_shape", "eps", "affine"])
    shape = try fields.integers("normalized_shape")
    epsilon = try fields.positive("eps")
    isAffine = try fields.boolean("affine", default: true)
  }

  package var members: [(key: String, json: String)] {
    [("normalized_shape", JSONText.list(shape)), ("eps", epsilon.description)]
      + (isAffine ? [] : [("affine", "false")])
  }

  package var words: String? { "layer norm" }

  package func trace(_ inputs: [[Int]], _ place: LayerPlace) throws(ArchitectureError) -> LayerTrace {
    guard !shape.isEmpty, Array(inputs[0].suffix(shape.count)) == shape else {
      throw place.error("is \(shape); the last dimensions of \(inputs[0]) are others", at: "normalized_shape")
    }
    return LayerTrace(
      inputs[0],
      isAffine ? [LayerParameter("weight", shape, .factor), LayerParameter("bias", shape, .shift)] : [])
  }

  package func statement(_ node: NetworkGraph.Node) -> any RowFunction {
    let size = shape.reduce(1, *)
    return Standardization(
      groups: node.shape.reduce(1, *) / size, size: size, epsilon: epsilon, isCentred: true, hasWeight: isAffine,
      hasBias: isAffine, run: 1, count: size)
  }
}
