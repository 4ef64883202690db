/// Root mean square normalisation (Zhang and Sennrich, NeurIPS 2019) over the last dimensions, which `normalized_shape`
/// repeats: γ x/√(mean x² + ε).
package struct RMSNorm: LayerKind {
  package let shape: [Int]
  package let epsilon: Double
  package let isAffine: Bool

  package static var type: String { "rms_norm" }

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

  package var words: String? { "RMS norm" }

  package func trace(_ inputs: [[Int]], _ place: LayerPlace) throws(ArchitectureError) -> LayerTrace {
    guard !shape.isEmpty, Array(inputs[0].suffix(shape.count)) == shape else {
      throw place.error("is \(shape); the last dimensions of \(inputs[0]) are others", at: "normalized_shape")
    }
    return LayerTrace(inputs[0], isAffine ? [LayerParameter("weight", shape, .factor)] : [])
  }

  package func statement(_ node: NetworkGraph.Node) -> any RowFunction {
    let size = shape.reduce(1, *)
    return Standardization(
      groups: node.shape.reduce(1, *) / size, size: size, epsilon: epsilon, isCentred: false, hasWeight: isAffine,
      hasBias: false, run: 1, count: size)
  }
}
