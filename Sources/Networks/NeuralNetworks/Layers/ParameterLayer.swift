/// A parameter as a value that other layers take: a class token, positions to be added.
package struct ParameterLayer: LayerKind {
  package let shape: [Int]

  package static var type: String { "parameter" }
  package static var inputCount: ClosedRange<Int> { 0...0 }

  package init(_ fields: LayerFields) throws(ArchitectureError) {
    try fields.allowOnly(["shape"])
    shape = try fields.integers("shape")
  }

  package var members: [(key: String, json: String)] { [("shape", JSONText.list(shape))] }

  package func trace(_ inputs: [[Int]], _ place: LayerPlace) throws(ArchitectureError) -> LayerTrace {
    guard !shape.isEmpty else { throw place.error("is empty", at: "shape") }
    for size in shape { try place.positive(size, "shape") }
    return LayerTrace(shape, [LayerParameter("value", shape, .shift)])
  }

  package func statement(_ node: NetworkGraph.Node) -> any RowFunction {
    ParameterRows(count: node.parameters[0].count)
  }
}

/// y = w.
struct ParameterRows: RowFunction {
  let count: Int

  func forward(
    _ inputs: [UnsafePointer<Double>], _ parameters: [UnsafePointer<Double>], _ y: UnsafeMutablePointer<Double>
  ) { y.update(from: parameters[0], count: count) }

  func backward(
    _ inputs: [UnsafePointer<Double>], _ parameters: [UnsafePointer<Double>], _ y: UnsafePointer<Double>,
    _ g: UnsafePointer<Double>, _ dx: [UnsafeMutablePointer<Double>?], _ dp: [UnsafeMutablePointer<Double>]?
  ) {
    guard let dp else { return }
    for index in 0..<count { dp[0][index] += g[index] }
  }

  func bound(_ magnitudes: [Double], _ parameters: [UnsafeBufferPointer<Double>]) -> Double {
    parameters[0].map { abs($0) }.max() ?? 0
  }
}
