public import RobustnessCore

extension BoundedNetwork {
  /// All values at some points, up to rounding: where to look, never what is proven.
  ///
  /// - Parameters:
  ///   - points: inputs, row by row.
  ///   - rows: their number.
  /// - Returns: for each value its numbers, row by row; value 0 is the points, the last one the logits.
  public func values(at points: [Double], rows: Int) -> [[Double]] {
    precondition(points.count == rows * inputCount)
    var values = [points]
    for step in steps {
      let count = step.outputCount
      var result = LinearForms.room(rows * count)
      switch step.operation {
      case .affine(let affine):
        var product = LinearForms.room(affine.terms.count > 1 ? result.count : 0)
        for (index, term) in affine.terms.enumerated() {
          if index == 0 {
            term.map.apply(values[term.source], rows: rows, to: &result)
          } else {
            term.map.apply(values[term.source], rows: rows, to: &product)
            for place in result.indices { result[place] += product[place] }
          }
        }
        if !affine.offset.isEmpty {
          for row in 0..<rows { for j in 0..<count { result[row * count + j] += affine.offset[j] } }
        }
      case .relaxed(let source, let relaxation):
        // The enclosure of a point.
        var upper = LinearForms.room(count)
        values[source].withUnsafeBufferPointer { x in
          result.withUnsafeMutableBufferPointer { y in
            for row in 0..<rows {
              let start = x.baseAddress! + row * relaxation.inputCount
              relaxation.enclose(start, start, y.baseAddress! + row * count, &upper)
              for j in 0..<count { y[row * count + j] = y[row * count + j] / 2 + upper[j] / 2 }
            }
          }
        }
      }
      values.append(result)
    }
    return values
  }
}
