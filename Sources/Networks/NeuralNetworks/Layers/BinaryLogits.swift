/// The logits 0 and z of two classes, from one number z: softmax makes them 1 − σ(z) and σ(z). Not a layer of any text:
/// it stands behind a last layer that gives one number for two classes.
package struct BinaryLogits: LayerKind {
  package static var type: String { "" }

  package init() {}
  package init(_ fields: LayerFields) throws(ArchitectureError) { try fields.allowOnly([]) }

  package func trace(_ inputs: [[Int]], _ place: LayerPlace) throws(ArchitectureError) -> LayerTrace { LayerTrace([2]) }

  package func statement(_ node: NetworkGraph.Node) -> any RowFunction {
    BinaryRows()
  }
}

/// (0, z).
struct BinaryRows: RowFunction {
  func forward(
    _ inputs: [UnsafePointer<Double>], _ parameters: [UnsafePointer<Double>], _ y: UnsafeMutablePointer<Double>
  ) {
    y[0] = 0
    y[1] = inputs[0][0]
  }

  func backward(
    _ inputs: [UnsafePointer<Double>], _ parameters: [UnsafePointer<Double>], _ y: UnsafePointer<Double>,
    _ g: UnsafePointer<Double>, _ dx: [UnsafeMutablePointer<Double>?], _ dp: [UnsafeMutablePointer<Double>]?
  ) {
    dx[0]?[0] += g[1]
  }

  func bound(_ magnitudes: [Double], _ parameters: [UnsafeBufferPointer<Double>]) -> Double {
    magnitudes[0]
  }
}
