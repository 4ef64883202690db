internal import CComputeKernels

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

  /// Calls `body` with each second matrix as it lies, and transposed.
  private func each(
    _ second: UnsafePointer<Double>,
    _ body: (_ matrix: Int, _ straight: UnsafePointer<Double>, _ turned: UnsafePointer<Double>) -> Void
  ) {
    let turned = UnsafeMutablePointer<Double>.allocate(capacity: inner * columns)
    defer { turned.deallocate() }
    let (height, width) = transposesSecond ? (columns, inner) : (inner, columns)
    for matrix in 0..<matrices {
      let straight = second + matrix * inner * columns
      ckn_transpose_matrix(turned, straight, height, width)
      body(matrix, straight, turned)
    }
  }

  func forward(
    _ inputs: [UnsafePointer<Double>], _ parameters: [UnsafePointer<Double>], _ y: UnsafeMutablePointer<Double>
  ) {
    y.update(repeating: 0, count: matrices * rows * columns)
    each(inputs[1]) { matrix, straight, turned in
      ckn_add_matrix_product(
        y + matrix * rows * columns, inputs[0] + matrix * rows * inner, inner, 1, transposesSecond ? turned : straight,
        rows, inner, columns)
    }
  }

  func backward(
    _ inputs: [UnsafePointer<Double>], _ parameters: [UnsafePointer<Double>], _ y: UnsafePointer<Double>,
    _ g: UnsafePointer<Double>, _ dx: [UnsafeMutablePointer<Double>?], _ dp: [UnsafeMutablePointer<Double>]?
  ) {
    each(inputs[1]) { matrix, straight, turned in
      let a = inputs[0] + matrix * rows * inner
      let d = g + matrix * rows * columns
      if let target = dx[0] {
        // d · bᵀ
        ckn_add_matrix_product(
          target + matrix * rows * inner, d, columns, 1, transposesSecond ? straight : turned, rows, columns, inner)
      }
      guard let target = dx[1].map({ $0 + matrix * inner * columns }) else { return }
      if transposesSecond {
        // dᵀ · a
        ckn_add_matrix_product(target, d, 1, columns, a, columns, rows, inner)
      } else {
        // aᵀ · d
        ckn_add_matrix_product(target, a, 1, inner, d, inner, rows, columns)
      }
    }
  }

  func bound(_ magnitudes: [Double], _ parameters: [UnsafeBufferPointer<Double>]) -> Double {
    Double(inner) * magnitudes[0] * magnitudes[1]
  }
}
