/// The mean over some dimensions, which disappear.
package struct Mean: LayerKind {
  package let axes: [Int]

  package static var type: String { "mean" }

  package init(_ fields: LayerFields) throws(ArchitectureError) {
    try fields.allowOnly(["axes"])
    axes = try fields.integers("axes")
  }

  package var members: [(key: String, json: String)] { [("axes", JSONText.list(axes))] }

  package func trace(_ inputs: [[Int]], _ place: LayerPlace) throws(ArchitectureError) -> LayerTrace {
    let shape = inputs[0]
    guard !axes.isEmpty, Set(axes).count == axes.count, axes.allSatisfy(shape.indices.contains),
      axes.count < shape.count
    else {
      throw place.error("is \(axes); it names some, not all, of the \(shape.count) dimensions once, from 0", at: "axes")
    }
    return LayerTrace(shape.indices.filter { !axes.contains($0) }.map { shape[$0] })
  }

  package func statement(_ node: NetworkGraph.Node) -> any RowFunction {
    let shape = node.inputShapes[0]
    let kept = shape.indices.filter { !axes.contains($0) }
    let places = Places.transposed(shape, kept + axes)
    return MeanRows(places: places, count: axes.reduce(1) { $0 * shape[$1] })
  }
}

/// Means over runs of places.
struct MeanRows: RowFunction {
  let places: [Int]
  /// Elements of a run.
  let count: Int

  func forward(
    _ inputs: [UnsafePointer<Double>], _ parameters: [UnsafePointer<Double>], _ y: UnsafeMutablePointer<Double>
  ) {
    for index in 0..<places.count / count {
      var sum = 0.0
      for place in places[index * count..<(index + 1) * count] { sum += inputs[0][place] }
      y[index] = sum / Double(count)
    }
  }

  func backward(
    _ inputs: [UnsafePointer<Double>], _ parameters: [UnsafePointer<Double>], _ y: UnsafePointer<Double>,
    _ g: UnsafePointer<Double>, _ dx: [UnsafeMutablePointer<Double>?], _ dp: [UnsafeMutablePointer<Double>]?
  ) {
    guard let target = dx[0] else { return }
    for (index, place) in places.enumerated() { target[place] += g[index / count] / Double(count) }
  }

  func bound(_ magnitudes: [Double], _ parameters: [UnsafeBufferPointer<Double>]) -> Double {
    magnitudes[0]
  }
}
