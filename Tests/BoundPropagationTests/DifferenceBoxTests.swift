import Foundation
import TestSupport
import Testing

@testable import BoundPropagation

@Suite(.inTurn) struct `The least margin over a box` {
  /// p_y − p_k of logits, the largest exponent taken out.
  static func margin(_ z: [Double], _ label: Int, _ rival: Int) -> Double {
    let largest = z.max()!
    let e = z.map { exp($0 - largest) }
    return (e[label] - e[rival]) / e.reduce(0, +)
  }

  /// All corners.
  static func corners(_ l: [Double], _ u: [Double]) -> [[Double]] {
    (0..<1 << l.count).map { bits in l.indices.map { bits >> $0 & 1 == 0 ? l[$0] : u[$0] } }
  }

  @Test func `of differences is below every point and reached at a corner`() {
    var numbers = Numbers(11)
    for trial in 0..<1500 {
      let classes = 2 + trial % 4
      let label = numbers.whole(below: classes)
      let scale = [0.1, 1, 10, 60, 800, 1e300][trial % 6]
      var l = numbers.uniforms(classes, -scale, scale)
      var u = l.map { $0 + numbers.uniform(0, scale) }
      (l[label], u[label]) = (0, 0)
      let box = DifferenceBox(label: label, lower: l, upper: u)
      for k in 0..<classes where k != label {
        let bound = box.minimumMargin(against: k)
        let least = Self.corners(l, u).map { Self.margin($0, label, k) }.min()!
        #expect(bound <= least)
        #expect(bound >= least - 1e-13)
        for _ in 0..<5 {
          let t = zip(l, u).map { numbers.uniform($0, $1) }
          #expect(bound <= Self.margin(t, label, k))
        }
      }
    }
  }

  @Test func `of logits likewise`() {
    var numbers = Numbers(12)
    for trial in 0..<1500 {
      let classes = 2 + trial % 4
      let label = numbers.whole(below: classes)
      let scale = [0.1, 1, 10, 60, 800, 1e300][trial % 6]
      let l = numbers.uniforms(classes, -scale, scale)
      let u = l.map { $0 + numbers.uniform(0, scale) }
      for k in 0..<classes where k != label {
        let bound = DifferenceBox.minimumMargin(lower: l[...], upper: u[...], label: label, rival: k)
        let least = Self.corners(l, u).map { Self.margin($0, label, k) }.min()!
        #expect(bound <= least)
        #expect(bound >= least - 1e-13)
      }
    }
  }

  @Test func `never says more than it can where an end is infinite or huge`() {
    let ends: [Double] = [-.infinity, -1e300, -800, -1, 0, 1, 800, 1e300, .infinity]
    for a in ends {
      for b in ends where a <= b {
        for (c, d) in [(-1.0, 1.0), (-.infinity, .infinity), (5, 800), (-2, -1), (-1, 0), (-.infinity, -1)] {
          let box = DifferenceBox(label: 0, lower: [0, a, c], upper: [0, b, d])
          let bound = box.minimumMargin(against: 1)
          #expect(bound >= -1 - 1e-12 && bound <= 1)
          if b >= 0 { #expect(bound <= 0) }
          #expect(box.isSafe == (b < 0 && d < 0))
          let other = DifferenceBox.minimumMargin(lower: [0, a, c], upper: [0, b, d], label: 0, rival: 1)
          #expect(other >= -1 - 1e-12 && other <= 1)
          if b >= 0 { #expect(other <= 0) }
        }
      }
    }
  }
}
