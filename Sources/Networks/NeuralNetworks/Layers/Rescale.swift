/// factor · x + shift, with two constants: the 1/√d of attention, or inputs from 0 to 1 made −1 to 1.
package struct Rescale: LayerKind {
  package let factor: Double
  package let shift: Double

  package static var type: String { "rescale" }

  package init(_ fields: LayerFields) throws(ArchitectureError) {
    try fields.allowOnly(["factor", "shift"])
    factor = try fields.number("factor")
    shift = try fields.number("shift", default: 0)
    guard factor != 0 else { throw fields.error("factor", "is 0") }
  }

  package var members: [(key: String, json: String)] {
    [("factor", factor.description)] + (shift == 0 ? [] : [("shift", shift.description)])
  }

  package func trace(_ inputs: [[Int]], _ place: LayerPlace) throws(ArchitectureError) -> LayerTrace {
    LayerTrace(inputs[0])
  }

  package func statement(_ node: NetworkGraph.Node) -> any RowFunction {
    RescaleRows(count: node.shape.reduce(1, *), factor: factor, shift: shift)
  }
}

/// y = factor · x + shift.
struct RescaleRows: RowFunction {
  let count: Int
  let factor: Double
  let shift: Double

  func forward(
    _ inputs: [UnsafePointer<Double>], _ parameters: [UnsafePointer<Double>], _ y: UnsafeMutablePointer<Double>
  ) {
    for index in 0..<count { y[index] = factor * inputs[0][index] + shift }
  }

  func backward(
    _ inputs: [UnsafePointer<Double>], _ parameters: [UnsafePointer<Double>], _ y: UnsafePointer<Double>,
    _ g: UnsafePointer<Double>, _ dx: [UnsafeMutablePointer<Double>?], _ dp: [UnsafeMutablePointer<Double>]?
  ) {
    for index in 0..<count { dx[0]?[index] += factor * g[index] }
  }

  func bound(_ magnitudes: [Double], _ parameters: [UnsafeBufferPointer<Double>]) -> Double {
    abs(factor) * magnitudes[0] + abs(shift)
  }
}
