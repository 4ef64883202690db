/// The product of two inputs, matrix by matrix: (…, m, k) · (…, k, n), or (…, m, k) · (…, n, k)ᵀ. What stands before the
/// last two dimensions is the same in both: the heads of attention.
package struct MatrixProduct: LayerKind {
  package let transposesSecond: Bool

  package static var type: String { "matmul" }
  package static var inputCount: ClosedRange<Int> { 2...2 }

  package init(_ fields: LayerFields) throws(ArchitectureError) {
    try fields.allowOnly(["transpose_second"])
    transposesSecond = try fields.boolean("transpose_second", default: false)
  }

  package var members: [(key: String, json: String)] { transposesSecond ? [("transpose_second", "true")] : [] }

  package func trace(_ inputs: [[Int]], _ place: LayerPlace) throws(ArchitectureError) -> LayerTrace {
    let (a, b) = (inputs[0], inputs[1])
    guard a.count >= 2, b.count == a.count, a.dropLast(2) == b.dropLast(2) else {
      throw place.error("takes two inputs of matrices, as many of each, and gets \(a) and \(b)")
    }
    let (inner, outer) = transposesSecond ? (b[b.count - 1], b[b.count - 2]) : (b[b.count - 2], b[b.count - 1])
    guard a[a.count - 1] == inner else {
      throw place.error("cannot multiply matrices of \(a) and \(b)\(transposesSecond ? " transposed" : "")")
    }
    return LayerTrace(a.dropLast() + [outer])
  }

  package func operations(_ node: NetworkGraph.Node) -> Double {
    2 * Double(node.shape.reduce(1, *)) * Double(node.inputShapes[0].last!)
  }

  package func statement(_ node: NetworkGraph.Node) -> any RowFunction {
    let (a, shape) = (node.inputShapes[0], node.shape)
    return MatrixProductRows(
      matrices: shape.dropLast(2).reduce(1, *), rows: shape[shape.count - 2], columns: shape.last!, inner: a.last!,
      transposesSecond: transposesSecond)
  }
}

/// c = a b for so many matrices.
struct MatrixProductRows: RowFunction {
  let matrices: Int
  let rows: Int
  let columns: Int
  let inner: Int
  let transposesSecond: Bool

  /// Place of element (k, j) of the second matrix.
  private func second(_ k: Int, _ j: Int) -> Int { transposesSecond ? j * inner + k : k * columns + j }

  func forward(
    _ inputs: [UnsafePointer<Double>], _ parameters: [UnsafePointer<Double>], _ y: UnsafeMutablePointer<Double>
  ) {
    for matrix in 0..<matrices {
      let (a, b) = (inputs[0] + matrix * rows * inner, inputs[1] + matrix * inner * columns)
      let c = y + matrix * rows * columns
      for i in 0..<rows {
        for j in 0..<columns {
          var sum = 0.0
          for k in 0..<inner { sum += a[i * inner + k] * b[second(k, j)] }
          c[i * columns + j] = sum
        }
      }
    }
  }

  func backward(
    _ inputs: [UnsafePointer<Double>], _ parameters: [UnsafePointer<Double>], _ y: UnsafePointer<Double>,
    _ g: UnsafePointer<Double>, _ dx: [UnsafeMutablePointer<Double>?], _ dp: [UnsafeMutablePointer<Double>]?
  ) {
    for matrix in 0..<matrices {
      let (a, b) = (inputs[0] + matrix * rows * inner, inputs[1] + matrix * inner * columns)
      let (da, db) = (dx[0].map { $0 + matrix * rows * inner }, dx[1].map { $0 + matrix * inner * columns })
      let dc = g + matrix * rows * columns
      for i in 0..<rows {
        for j in 0..<columns {
          let d = dc[i * columns + j]
          if d == 0 { continue }
          for k in 0..<inner {
            da?[i * inner + k] += d * b[second(k, j)]
            db?[second(k, j)] += d * a[i * inner + k]
          }
        }
      }
    }
  }

  func bound(_ magnitudes: [Double], _ parameters: [UnsafeBufferPointer<Double>]) -> Double {
    Double(inner) * magnitudes[0] * magnitudes[1]
  }
}
