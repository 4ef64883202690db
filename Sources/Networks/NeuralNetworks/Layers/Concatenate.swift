/// Its inputs behind each other along one dimension: channels unless it says another.
package struct Concatenate: LayerKind {
  package let axis: Int

  package static var type: String { "concat" }
  package static var inputCount: ClosedRange<Int> { 2...256 }

  package init(_ fields: LayerFields) throws(ArchitectureError) {
    try fields.allowOnly(["axis"])
    axis = try fields.integer("axis", default: 0)
  }

  package var members: [(key: String, json: String)] { axis == 0 ? [] : [("axis", "\(axis)")] }

  package func trace(_ inputs: [[Int]], _ place: LayerPlace) throws(ArchitectureError) -> LayerTrace {
    var shape = inputs[0]
    guard shape.indices.contains(axis) else {
      throw place.error("is \(axis), and its inputs have \(shape.count) dimensions, from 0", at: "axis")
    }
    var size = 0
    for input in inputs {
      var other = input
      guard other.count == shape.count else { throw place.error("takes inputs of \(shape) and \(input)") }
      size += other[axis]
      other[axis] = shape[axis]
      guard other == shape else {
        throw place.error("takes inputs that differ beyond dimension \(axis): \(inputs[0]) and \(input)")
      }
    }
    shape[axis] = size
    return LayerTrace(shape)
  }

  package func statement(_ node: NetworkGraph.Node) -> any RowFunction {
    let runs = node.inputShapes.map { $0[axis...].reduce(1, *) }
    return ConcatenateRows(repeats: node.shape[..<axis].reduce(1, *), runs: runs)
  }
}

/// Runs of each input in turn.
struct ConcatenateRows: RowFunction {
  let repeats: Int
  let runs: [Int]

  func forward(
    _ inputs: [UnsafePointer<Double>], _ parameters: [UnsafePointer<Double>], _ y: UnsafeMutablePointer<Double>
  ) {
    var to = y
    for outer in 0..<repeats {
      for (index, run) in runs.enumerated() {
        to.update(from: inputs[index] + outer * run, count: run)
        to += run
      }
    }
  }

  func backward(
    _ inputs: [UnsafePointer<Double>], _ parameters: [UnsafePointer<Double>], _ y: UnsafePointer<Double>,
    _ g: UnsafePointer<Double>, _ dx: [UnsafeMutablePointer<Double>?], _ dp: [UnsafeMutablePointer<Double>]?
  ) {
    var from = g
    for outer in 0..<repeats {
      for (index, run) in runs.enumerated() {
        if let target = dx[index] { for place in 0..<run { target[outer * run + place] += from[place] } }
        from += run
      }
    }
  }

  func bound(_ magnitudes: [Double], _ parameters: [UnsafeBufferPointer<Double>]) -> Double {
    magnitudes.max() ?? 0
  }
}
