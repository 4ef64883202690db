import RobustnessCore

extension Layout {
  /// A perturbation of one window of L2 norm 1: η of the paper's §3.4, two pyramids of opposite signs beside each other
  /// (above each other as often), whose levels fall as 1/r². Scattered features have no neighbours: a random direction
  /// takes its place, so that no direction in the window is preferred.
  func bump(extent: Int, _ stream: inout RandomStream) -> [Double] {
    switch self {
    case .image:
      let half = extent / 2
      let upper = Self.pyramid(half, extent)
      let lower = Self.pyramid(extent - half, extent)
      let values = Self.unit(upper + lower.map { -$0 })
      return stream.sign() > 0 ? values : Self.transposed(values, extent)
    case .runs:
      let half = extent / 2
      return Self.unit(Self.pyramid(1, half) + Self.pyramid(1, extent - half).map { -$0 })
    case .scattered:
      return Self.unit(stream.normals(extent))
    }
  }

  /// Nested rectangles round the centre of a grid of `rows` by `columns`, the r-th of them adding 1/r², scaled to norm 1.
  private static func pyramid(_ rows: Int, _ columns: Int) -> [Double] {
    var values = [Double](repeating: 0, count: rows * columns)
    // The corner of the r-th rectangle moves up and left by one each time, and so does the opposite one: (2r − 1) wide.
    for ring in 0..<max(rows / 2 + 1, columns / 2 + 1) where rows > 0 {
      let (top, left) = (rows / 2 - ring, columns / 2 - ring)
      let weight = 1 / Double((ring + 1) * (ring + 1))
      for row in max(top, 0)..<max(max(top, 0), min(top + 2 * ring + 1, rows)) {
        for column in max(left, 0)..<max(max(left, 0), min(left + 2 * ring + 1, columns)) {
          values[row * columns + column] += weight
        }
      }
    }
    return unit(values)
  }

  private static func transposed(_ values: [Double], _ extent: Int) -> [Double] {
    values.indices.map { values[$0 % extent * extent + $0 / extent] }
  }

  /// `values` scaled to norm 1; zeros stay.
  static func unit(_ values: [Double]) -> [Double] {
    let norm = values.reduce(0) { $0 + $1 * $1 }.squareRoot()
    return norm > 0 ? values.map { $0 / norm } : values
  }
}
