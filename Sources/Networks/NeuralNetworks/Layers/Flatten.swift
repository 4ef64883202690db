/// All dimensions become one, in C order.
package struct Flatten: LayerKind {
  package static var type: String { "flatten" }

  package init() {}
  package init(_ fields: LayerFields) throws(ArchitectureError) { try fields.allowOnly([]) }

  package var isOfFormat10: Bool { true }

  package var rearranges: Bool { true }

  package func trace(_ inputs: [[Int]], _ place: LayerPlace) throws(ArchitectureError) -> LayerTrace {
    LayerTrace([try place.product(inputs[0])])
  }

  package func statement(_ node: NetworkGraph.Node) -> any RowFunction {
    CopyRows(count: node.shape.reduce(1, *))
  }

  package func lower(_ node: NetworkGraph.Node, into lowering: inout Lowering) throws -> Lowering.Value {
    try lowering.reshaped(lowering.operands[0], to: node.shape)
  }
}

/// y = x.
struct CopyRows: RowFunction {
  let count: Int

  func forward(
    _ inputs: [UnsafePointer<Double>], _ parameters: [UnsafePointer<Double>], _ y: UnsafeMutablePointer<Double>
  ) {
    y.update(from: inputs[0], count: count)
  }

  func backward(
    _ inputs: [UnsafePointer<Double>], _ parameters: [UnsafePointer<Double>], _ y: UnsafePointer<Double>,
    _ g: UnsafePointer<Double>, _ dx: [UnsafeMutablePointer<Double>?], _ dp: [UnsafeMutablePointer<Double>]?
  ) {
    guard let target = dx[0] else { return }
    for index in 0..<count { target[index] += g[index] }
  }

  func bound(_ magnitudes: [Double], _ parameters: [UnsafeBufferPointer<Double>]) -> Double {
    magnitudes[0]
  }
}
