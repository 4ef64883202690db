/// Zeros around what goes through the network.
enum PadOperators: Operator {
  static let types = ["Pad"]

  static func apply(_ call: inout OperatorCall) throws -> [Value] {
    let shape = try call.shape(0)
    let rank = shape.extents.count
    let mode = try call.text("mode", default: "constant")
    guard mode == "constant" else { throw call.refusal("pads by \(mode.quoted), and there is a layer for zeros only") }
    let pads = try call.integers(1, "pads")
    let axes = try call[3].isAbsent ? Array(0..<rank) : call.integers(3, "axes").map { try call.axis($0, rank: rank) }
    if !call[2].isAbsent, let value = call[2].constant, value.scalar != 0 {
      throw call.refusal(
        "pads with \(value.scalar.map { "\($0)" } ?? "several numbers"), and there is a layer for zeros only")
    }
    guard pads.count == 2 * axes.count, Set(axes).count == axes.count else {
      throw call.refusal("has \(pads.count) pads for \(axes.count) axes")
    }
    var result = shape
    var padding = [Int](repeating: 0, count: 2 * shape.example.count)
    for (index, axis) in axes.enumerated() {
      let (before, after) = (pads[index], pads[index + axes.count])
      guard (0...1 << 20).contains(before), (0...1 << 20).contains(after) else {
        throw call.refusal("cuts off what goes through the network (negative pads)")
      }
      guard before != 0 || after != 0 else { continue }
      let own = try call.exampleAxis(axis, of: shape)
      padding[2 * own] = before
      padding[2 * own + 1] = after
      result.extents[axis] += before + after
    }
    guard padding.contains(where: { $0 != 0 }) else { return [call[0]] }
    return [call.append(PadRows(padding: padding), [call[0]], result)]
  }
}

/// Zeros before and after each dimension of an example.
struct PadRows: RowOperation {
  let padding: [Int]

  func plan(_ node: RowNode, _ graph: RowGraph) -> LayerPlan? {
    guard let input = node.inputs[0].rowID else { return nil }
    let (padding, shape, name) = (padding, node.shape.example, node.name)
    return LayerPlan([input]) { builder, values in
      builder.append("pad", [("padding", builder.list(padding))], values, shape: shape, hint: name)
    }
  }
}
