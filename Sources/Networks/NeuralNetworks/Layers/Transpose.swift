/// Its dimensions in another order: dimension i of the result is dimension axes[i] of the input.
package struct Transpose: LayerKind {
  package let axes: [Int]

  package static var type: String { "transpose" }

  package init(_ fields: LayerFields) throws(ArchitectureError) {
    try fields.allowOnly(["axes"])
    axes = try fields.integers("axes")
  }

  package var members: [(key: String, json: String)] { [("axes", JSONText.list(axes))] }

  package var rearranges: Bool { true }

  package func trace(_ inputs: [[Int]], _ place: LayerPlace) throws(ArchitectureError) -> LayerTrace {
    guard axes.sorted() == Array(inputs[0].indices) else {
      throw place.error(
        "is \(axes); for an input of shape \(inputs[0]) it holds each of 0 to \(inputs[0].count - 1) once", at: "axes")
    }
    return LayerTrace(axes.map { inputs[0][$0] })
  }

  package func statement(_ node: NetworkGraph.Node) -> any RowFunction {
    GatherRows(places: Places.transposed(node.inputShapes[0], axes))
  }
}

/// Places of elements in C order.
enum Places {
  /// Where the elements of a transposed array come from.
  static func transposed(_ shape: [Int], _ axes: [Int]) -> [Int] {
    let strides = strides(shape)
    var result = [0]
    for axis in axes { result = result.flatMap { base in (0..<shape[axis]).map { base + $0 * strides[axis] } } }
    return result
  }

  /// Where the elements of a part come from, which has so many steps of `step` from `start` along an axis.
  static func slice(_ shape: [Int], axis: Int, start: Int, step: Int, count: Int) -> [Int] {
    let strides = strides(shape)
    var result = [0]
    for (index, size) in shape.enumerated() {
      let steps = index == axis ? (0..<count).map { start + $0 * step } : Array(0..<size)
      result = result.flatMap { base in steps.map { base + $0 * strides[index] } }
    }
    return result
  }

  private static func strides(_ shape: [Int]) -> [Int] {
    var strides = [Int](repeating: 1, count: shape.count)
    for axis in shape.indices.dropLast().reversed() { strides[axis] = strides[axis + 1] * shape[axis + 1] }
    return strides
  }
}

/// Elements from other places; −1 is a zero.
struct GatherRows: RowFunction {
  let places: [Int]

  func forward(
    _ inputs: [UnsafePointer<Double>], _ parameters: [UnsafePointer<Double>], _ y: UnsafeMutablePointer<Double>
  ) {
    for (index, place) in places.enumerated() { y[index] = place < 0 ? 0 : inputs[0][place] }
  }

  func backward(
    _ inputs: [UnsafePointer<Double>], _ parameters: [UnsafePointer<Double>], _ y: UnsafePointer<Double>,
    _ g: UnsafePointer<Double>, _ dx: [UnsafeMutablePointer<Double>?], _ dp: [UnsafeMutablePointer<Double>]?
  ) {
    guard let target = dx[0] else { return }
    for (index, place) in places.enumerated() where place >= 0 { target[place] += g[index] }
  }

  func bound(_ magnitudes: [Double], _ parameters: [UnsafeBufferPointer<Double>]) -> Double {
    magnitudes[0]
  }
}
