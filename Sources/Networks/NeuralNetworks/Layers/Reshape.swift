/// The same numbers in C order under another shape.
package struct Reshape: LayerKind {
  package let shape: [Int]

  package static var type: String { "reshape" }

  package init(_ fields: LayerFields) throws(ArchitectureError) {
    try fields.allowOnly(["shape"])
    shape = try fields.integers("shape")
  }

  package var members: [(key: String, json: String)] { [("shape", JSONText.list(shape))] }

  package var rearranges: Bool { true }

  package func trace(_ inputs: [[Int]], _ place: LayerPlace) throws(ArchitectureError) -> LayerTrace {
    for size in shape { try place.positive(size, "shape") }
    let (count, given) = (try place.product(shape), try place.product(inputs[0]))
    guard !shape.isEmpty, count == given else {
      throw place.error("has \(count) elements; its input of shape \(inputs[0]) has \(given)", at: "shape")
    }
    return LayerTrace(shape)
  }

  package func statement(_ node: NetworkGraph.Node) -> any RowFunction {
    CopyRows(count: node.shape.reduce(1, *))
  }

  package func lower(_ node: NetworkGraph.Node, into lowering: inout Lowering) throws -> Lowering.Value {
    try lowering.reshaped(lowering.operands[0], to: node.shape)
  }
}
