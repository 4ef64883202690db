/// x where it is positive, and otherwise x times a slope that is a parameter: one, one for each channel, or more.
///
/// max(x, 0) + a (x − max(x, 0)), in which the difference is x where that is negative, and 0 elsewhere, without rounding.
struct ParametricReLURows: RowOperation {
  func plan(_ node: RowNode, _ graph: RowGraph) throws -> LayerPlan? {
    guard let input = node.inputs[0].rowID, let constant = node.inputs[1].constant else { return nil }
    let (slope, shape, name) = (try node.aligned(constant), node.shape.example, node.name)
    return LayerPlan([input]) { builder, values in
      let positive = builder.append("relu", [], values, shape: shape, hint: name)
      let opposite = builder.rescaled(positive, factor: -1, shift: 0)
      let negative = builder.append("add", [], [values[0], opposite], shape: shape, hint: name)
      let sloped = builder.multiplied(negative, by: slope, hint: name)
      return builder.append("add", [], [positive, sloped], shape: shape, hint: name)
    }
  }
}
