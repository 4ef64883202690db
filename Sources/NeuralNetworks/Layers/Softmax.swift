import Foundation

/// exp(x) over its sum, along the last dimension: the weights of attention. Never the last layer, which gives logits.
package struct Softmax: LayerKind {
  package static var type: String { "softmax" }

  package init(_ fields: LayerFields) throws(ArchitectureError) { try fields.allowOnly([]) }

  package func trace(_ inputs: [[Int]], _ place: LayerPlace) throws(ArchitectureError) -> LayerTrace { LayerTrace(inputs[0]) }

  package func statement(_ node: NetworkGraph.Node) -> any RowFunction {
    let length = node.shape.last!
    return SoftmaxRows(count: node.shape.reduce(1, *) / length, length: length)
  }
}

/// Softmax of so many vectors.
struct SoftmaxRows: RowFunction {
  let count: Int
  let length: Int

  func forward(
    _ inputs: [UnsafePointer<Double>], _ parameters: [UnsafePointer<Double>], _ y: UnsafeMutablePointer<Double>
  ) {
    for vector in 0..<count {
      let (x, p) = (inputs[0] + vector * length, y + vector * length)
      var top = x[0]
      for index in 1..<max(1, length) where x[index] > top { top = x[index] }
      var sum = 0.0
      for index in 0..<length {
        p[index] = exp(x[index] - top)
        sum += p[index]
      }
      for index in 0..<length { p[index] /= sum }
    }
  }

  func backward(
    _ inputs: [UnsafePointer<Double>], _ parameters: [UnsafePointer<Double>], _ y: UnsafePointer<Double>,
    _ g: UnsafePointer<Double>, _ dx: [UnsafeMutablePointer<Double>?], _ dp: [UnsafeMutablePointer<Double>]?
  ) {
    guard let target = dx[0] else { return }
    // From the input, not from a result that was rounded: p ⊙ (g − Σ p g), the sum taken relative to p's largest.
    let p = UnsafeMutablePointer<Double>.allocate(capacity: count * length)
    defer { p.deallocate() }
    forward(inputs, parameters, p)
    for vector in 0..<count {
      let start = vector * length
      for index in start..<start + length {
        // Σ_k p_k (g_i − g_k): no cancellation where one p is nearly 1.
        var sum = 0.0
        for other in start..<start + length { sum += p[other] * (g[index] - g[other]) }
        target[index] += p[index] * sum
      }
    }
  }

  func bound(_ magnitudes: [Double], _ parameters: [UnsafeBufferPointer<Double>]) -> Double {
    1
  }
}
