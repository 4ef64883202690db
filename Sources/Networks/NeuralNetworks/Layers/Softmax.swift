internal import CComputeKernels
import Foundation

/// exp(x) over its sum, along the last dimension: the weights of attention. Never the last layer, which gives logits.
package struct Softmax: LayerKind {
  package static var type: String { "softmax" }

  package init(_ fields: LayerFields) throws(ArchitectureError) { try fields.allowOnly([]) }

  package func trace(_ inputs: [[Int]], _ place: LayerPlace) throws(ArchitectureError) -> LayerTrace {
    LayerTrace(inputs[0])
  }

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
    ckn_softmax(y, inputs[0], count, length)
  }

  func backward(
    _ inputs: [UnsafePointer<Double>], _ parameters: [UnsafePointer<Double>], _ y: UnsafePointer<Double>,
    _ g: UnsafePointer<Double>, _ dx: [UnsafeMutablePointer<Double>?], _ dp: [UnsafeMutablePointer<Double>]?
  ) {
    guard let target = dx[0] else { return }
    // From the input, not from a result that was rounded.
    let p = UnsafeMutablePointer<Double>.allocate(capacity: count * length)
    defer { p.deallocate() }
    forward(inputs, parameters, p)
    ckn_softmax_backward(target, p, g, count, length)
  }

  func scaledBackward(
    _ inputs: [UnsafePointer<Double>], _ parameters: [UnsafePointer<Double>], _ y: UnsafePointer<Double>,
    _ g: UnsafePointer<Double>, _ dx: [UnsafeMutablePointer<Double>?], _ dp: [UnsafeMutablePointer<Double>]?
  ) -> Int {
    guard let target = dx[0] else { return 0 }
    guard spread(inputs[0]) > 300 else {
      backward(inputs, parameters, y, g, dx, dp)
      return 0
    }
    let gradients = gradients(inputs[0], g)
    let largest = gradients.map(\.logarithm).max() ?? 0
    let logTwo = 0.693_147_180_559_945_3
    let exponent = largest < -600 && largest > -.infinity ? Int((largest / logTwo).rounded()) : 0
    for (index, value) in gradients.enumerated() {
      target[index] += value.sign * exp(value.logarithm - Double(exponent) * logTwo)
    }
    return exponent
  }

  /// The largest difference within a vector.
  private func spread(_ x: UnsafePointer<Double>) -> Double {
    (0..<count).reduce(0) { largest, vector in
      let values = UnsafeBufferPointer(start: x + vector * length, count: length)
      return max(largest, (values.max() ?? 0) - (values.min() ?? 0))
    }
  }

  /// p_i Σ_k p_k (g_i − g_k) by its logarithm: no cancellation where one p is nearly 1, nothing lost where the others are
  /// nearly 0.
  private func gradients(
    _ x: UnsafePointer<Double>, _ g: UnsafePointer<Double>
  ) -> [(sign: Double, logarithm: Double)] {
    var result: [(sign: Double, logarithm: Double)] = []
    result.reserveCapacity(count * length)
    for vector in 0..<count {
      let places = vector * length..<(vector + 1) * length
      let top = places.map { x[$0] }.max() ?? 0
      let logSum = log(places.reduce(0) { $0 + exp(x[$1] - top) })
      for index in places {
        // Terms relative to the largest of them.
        var largest = -Double.infinity
        for other in places where g[other] != g[index] { largest = max(largest, x[other]) }
        var sum = 0.0
        for other in places where g[other] != g[index] { sum += exp(x[other] - largest) * (g[index] - g[other]) }
        let logarithm = log(abs(sum)) + (largest - top - logSum) + (x[index] - top - logSum)
        // As low as that is what a mask of −10³⁰ hides: nothing, and no small number.
        guard sum != 0, logarithm > -1e20 else {
          result.append((0, -.infinity))
          continue
        }
        result.append((sum < 0 ? -1 : 1, logarithm))
      }
    }
    return result
  }

  func bound(_ magnitudes: [Double], _ parameters: [UnsafeBufferPointer<Double>]) -> Double {
    1
  }
}
