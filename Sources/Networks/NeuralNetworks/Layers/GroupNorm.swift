/// Group normalisation (Wu and He, ECCV 2018): γ(x − m)/√(σ² + ε) + β with mean and variance over the positions of a
/// group of channels, one γ and β a channel. As many groups as channels make it instance normalisation.
package struct GroupNorm: LayerKind {
  package let groups: Int
  package let epsilon: Double
  package let isAffine: Bool

  package static var type: String { "group_norm" }

  package init(_ fields: LayerFields) throws(ArchitectureError) {
    try fields.allowOnly(["groups", "eps", "affine"])
    groups = try fields.integer("groups")
    epsilon = try fields.positive("eps")
    isAffine = try fields.boolean("affine", default: true)
  }

  package var members: [(key: String, json: String)] {
    [("groups", "\(groups)"), ("eps", epsilon.description)] + (isAffine ? [] : [("affine", "false")])
  }

  package var words: String? { "group norm" }

  package func trace(_ inputs: [[Int]], _ place: LayerPlace) throws(ArchitectureError) -> LayerTrace {
    let channels = inputs[0][0]
    try place.positive(groups, "groups")
    guard channels % groups == 0 else {
      throw place.error("is \(groups), which does not divide \(channels) channels", at: "groups")
    }
    return LayerTrace(
      inputs[0],
      isAffine ? [LayerParameter("weight", [channels], .factor), LayerParameter("bias", [channels], .shift)] : [])
  }

  package func statement(_ node: NetworkGraph.Node) -> any RowFunction {
    let count = node.shape.reduce(1, *)
    return Standardization(
      groups: groups, size: count / groups, epsilon: epsilon, isCentred: true, hasWeight: isAffine,
      hasBias: isAffine, run: count / node.shape[0], count: node.shape[0])
  }
}
