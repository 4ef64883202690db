/// (x − mean) / scale with one mean and one scale per channel: what the network does to its input, in double precision,
/// when a block is loaded. Only as the first layer.
package struct Normalize: LayerKind {
  package let mean: [Double]
  package let scale: [Double]

  package static var type: String { "normalize" }

  package init(mean: [Double], scale: [Double]) {
    self.mean = mean
    self.scale = scale
  }

  package init(_ fields: LayerFields) throws(ArchitectureError) {
    try fields.allowOnly(["mean", "scale"])
    mean = try fields.numbers("mean")
    scale = try fields.numbers("scale")
  }

  package var members: [(key: String, json: String)] {
    [("mean", JSONText.list(mean)), ("scale", JSONText.list(scale))]
  }

  package var isOfFormat10: Bool { true }
  package var words: String? { "normalize" }

  package func trace(_ inputs: [[Int]], _ place: LayerPlace) throws(ArchitectureError) -> LayerTrace {
    guard place.index == 0 else { throw place.error("is normalize, which can only be the first layer") }
    guard mean.count == inputs[0][0], scale.count == inputs[0][0] else {
      throw place.error("has \(mean.count) means and \(scale.count) scales for \(inputs[0][0]) channels")
    }
    guard mean.allSatisfy(\.isFinite) else { throw place.error("is not finite", at: "mean") }
    guard scale.allSatisfy({ $0.isFinite && $0 > 0 }) else {
      throw place.error("is not finite and positive", at: "scale")
    }
    return LayerTrace(inputs[0])
  }

  package func statement(_ node: NetworkGraph.Node) -> any RowFunction {
    NormalizeRows(mean: mean, scale: scale, positions: node.shape.dropFirst().reduce(1, *))
  }

  package func lower(_ node: NetworkGraph.Node, into lowering: inout Lowering) throws -> Lowering.Value {
    lowering.operands[0]
  }
}

/// y = (x − mean) / scale.
struct NormalizeRows: RowFunction {
  let mean: [Double]
  let scale: [Double]
  let positions: Int

  func forward(
    _ inputs: [UnsafePointer<Double>], _ parameters: [UnsafePointer<Double>], _ y: UnsafeMutablePointer<Double>
  ) {
    for index in 0..<mean.count * positions {
      y[index] = (inputs[0][index] - mean[index / positions]) / scale[index / positions]
    }
  }

  func backward(
    _ inputs: [UnsafePointer<Double>], _ parameters: [UnsafePointer<Double>], _ y: UnsafePointer<Double>,
    _ g: UnsafePointer<Double>, _ dx: [UnsafeMutablePointer<Double>?], _ dp: [UnsafeMutablePointer<Double>]?
  ) {
    guard let target = dx[0] else { return }
    for index in 0..<mean.count * positions { target[index] += g[index] / scale[index / positions] }
  }

  func bound(_ magnitudes: [Double], _ parameters: [UnsafeBufferPointer<Double>]) -> Double {
    zip(mean, scale).map { (magnitudes[0] + abs($0)) / abs($1) }.max() ?? magnitudes[0]
  }
}
