/// The last dimensions that a normalisation goes over, its ε, and whether it has γ (and β) for each element of them:
/// what layer and RMS normalisation have in common.
struct NormalizedShape: Sendable, Hashable {
  let shape: [Int]
  let epsilon: Double
  let isAffine: Bool

  init(_ fields: LayerFields) throws(ArchitectureError) {
    try fields.allowOnly(["normalized_shape", "eps", "affine"])
    shape = try fields.integers("normalized_shape")
    epsilon = try fields.positive("eps")
    isAffine = try fields.boolean("affine", default: true)
  }

  var members: [(key: String, json: String)] {
    [("normalized_shape", JSONText.list(shape)), ("eps", epsilon.description)]
      + (isAffine ? [] : [("affine", "false")])
  }

  /// - Parameter parameters: Those of the layer, where it is affine.
  func trace(_ input: [Int], _ place: LayerPlace, _ parameters: [LayerParameter]) throws(ArchitectureError)
    -> LayerTrace
  {
    guard !shape.isEmpty, Array(input.suffix(shape.count)) == shape else {
      throw place.error("is \(shape); the last dimensions of \(input) are others", at: "normalized_shape")
    }
    return LayerTrace(input, isAffine ? parameters : [])
  }

  func statement(_ node: NetworkGraph.Node, isCentred: Bool) -> any RowFunction {
    let size = shape.reduce(1, *)
    return Standardization(
      groups: node.shape.reduce(1, *) / size, size: size, epsilon: epsilon, isCentred: isCentred, hasWeight: isAffine,
      hasBias: isAffine && isCentred, run: 1, count: size)
  }
}
