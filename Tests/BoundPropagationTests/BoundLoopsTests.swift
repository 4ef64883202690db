import CTensorLoops
import TestSupport
import Testing

/// Loops in lanes with a rest, against what they say they compute.
@Suite(.inTurn) struct `Loops of bounds` {
  @Test func `add up every element, in lanes and in the rest`() {
    var numbers = Numbers(98)
    for n in 0..<41 {
      let a = numbers.uniforms(n, -1, 1).map { numbers.whole(below: 5) == 0 ? 0 : $0 }
      let (b, c) = (numbers.uniforms(n, -1, 1), numbers.uniforms(n, 0, 1))
      let (d, e) = (numbers.uniforms(n, -1, 1), numbers.uniforms(n, -1, 1))
      func sum(_ term: (Int) -> Double) -> Double { (0..<n).reduce(0) { $0 + term($1) } }
      func isSame(_ x: Double, _ y: Double) -> Bool { abs(x - y) < 1e-14 * Double(n + 1) }
      var sums = [9.0, 9, 9]
      ctl_box_sums(a, b, c, n, &sums)
      #expect(isSame(sums[0], sum { a[$0] * b[$0] }) && isSame(sums[1], sum { abs(a[$0]) * c[$0] }))
      #expect(isSame(sums[2], sum { abs(a[$0] * b[$0]) }))
      #expect(isSame(ctl_magnitude_dot(a, c, n), sum { abs(a[$0]) * c[$0] }))
      var (row, relaxed) = (a, [9.0, 9])
      ctl_relax_row(&row, b, c, d, e, n, &relaxed)
      #expect(isSame(relaxed[0], sum { a[$0] > 0 ? a[$0] * c[$0] : a[$0] * e[$0] }))
      #expect(isSame(relaxed[1], sum { abs(a[$0] > 0 ? a[$0] * c[$0] : a[$0] * e[$0]) }))
      for index in 0..<n { #expect(row[index] == (a[index] > 0 ? a[index] * b[index] : a[index] * d[index])) }
    }
  }

  /// A coefficient that is ∞ − ∞, or infinite, says nothing; it is not 0.
  @Test func `keep what is not a number, in lanes and in the rest`() {
    for value in [Double.nan, .infinity] {
      for place in [3, 8] {
        var row = [Double](repeating: 1, count: 9)
        row[place] = value
        let ones = [Double](repeating: 1, count: 9)
        var sums = [0.0, 0]
        ctl_relax_row(&row, ones, ones, ones, ones, 9, &sums)
        #expect(sums[0].isNaN)
      }
    }
  }

  /// No value of the dual is above the least of the ball, and the size covers what was added up.
  @Test func `stay below the least value over ball and box`() {
    var numbers = Numbers(99)
    for n in 1..<20 {
      for radius in [1e-9, 0.1, 0.7, 3, 1e6] {
        let a = numbers.uniforms(n, -1, 1)
        let (low, high) = (numbers.uniforms(n, -1, 0), numbers.uniforms(n, 0, 1))
        var size = 0.0
        let bound = ctl_ball_box_minimum(a, low, high, radius, n, &size)
        #expect(bound <= 0 && size >= -bound)
        for scale in [0.1, 0.3, 1, 2, 3, 5, 10, 30, 1e3] {
          // A point of the box, drawn back into the ball.
          var point = (0..<n).map { min(max(-scale * radius * a[$0], low[$0]), high[$0]) }
          let length = point.reduce(0) { $0 + $1 * $1 }.squareRoot()
          if length > radius { point = point.map { $0 * radius / length } }
          let value = zip(a, point).reduce(0) { $0 + $1.0 * $1.1 }
          #expect(bound <= value + 1e-13 * max(1, size))
        }
      }
    }
  }
}
