/// x times a parameter: a vector with one number for each channel, or one for each element. A dropout mask that belongs
/// to a draw is one, with 0 and 1/(1 − p).
package struct ScaleLayer: LayerKind {
  package let isElementwise: Bool

  package static var type: String { "scale" }

  package init(_ fields: LayerFields) throws(ArchitectureError) {
    try fields.allowOnly(["elementwise"])
    isElementwise = try fields.boolean("elementwise", default: false)
  }

  package var members: [(key: String, json: String)] { isElementwise ? [("elementwise", "true")] : [] }
  package var words: String? { "scale" }

  package func trace(_ inputs: [[Int]], _ place: LayerPlace) throws(ArchitectureError) -> LayerTrace {
    LayerTrace(inputs[0], [LayerParameter("weight", isElementwise ? inputs[0] : [inputs[0][0]], .factor)])
  }

  package func statement(_ node: NetworkGraph.Node) -> any RowFunction {
    let count = node.shape.reduce(1, *)
    return ScaleRows(count: count, positions: count / node.parameters[0].count)
  }
}

/// y = x · w, w repeated over so many positions.
struct ScaleRows: RowFunction {
  let count: Int
  let positions: Int

  func forward(
    _ inputs: [UnsafePointer<Double>], _ parameters: [UnsafePointer<Double>], _ y: UnsafeMutablePointer<Double>
  ) {
    for index in 0..<count { y[index] = inputs[0][index] * parameters[0][index / positions] }
  }

  func backward(
    _ inputs: [UnsafePointer<Double>], _ parameters: [UnsafePointer<Double>], _ y: UnsafePointer<Double>,
    _ g: UnsafePointer<Double>, _ dx: [UnsafeMutablePointer<Double>?], _ dp: [UnsafeMutablePointer<Double>]?
  ) {
    for index in 0..<count {
      dx[0]?[index] += g[index] * parameters[0][index / positions]
      dp?[0][index / positions] += g[index] * inputs[0][index]
    }
  }

  func bound(_ magnitudes: [Double], _ parameters: [UnsafeBufferPointer<Double>]) -> Double {
    magnitudes[0] * (parameters[0].map { abs($0) }.max() ?? 0)
  }
}
