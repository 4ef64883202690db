import Foundation
import RobustnessCore
import TestSupport
import Testing

@testable import BoundPropagation
@testable import NeuralNetworks

@Suite(.inTurn) struct `Rounding` {
  /// Products that cancel: what is computed differs from the truth by more than the truth.
  static func cancelling(_ numbers: inout Numbers, _ n: Int) -> (weights: [Double], x: [Double], bias: Double) {
    var w = numbers.uniforms(n, -1, 1)
    var x = numbers.uniforms(n, 0, 1)
    for index in stride(from: 0, to: n - 1, by: 2) {
      let scale = scalbn(1.0, numbers.whole(below: 40))
      (w[index], w[index + 1]) = (w[index] * scale, -w[index] * scale)
      x[index + 1] = x[index] * (1 + 0x1p-50)
    }
    return (w, x, numbers.uniform(-1e-3, 1e-3))
  }

  @Test func `never lifts a bound above the exact value, where without its slack it would`() throws {
    var numbers = Numbers(61)
    var lifted = 0
    for _ in 0..<400 {
      let n = 24
      let (w, x, bias) = Self.cancelling(&numbers, n)
      var exact = ExactSum()
      for (a, b) in zip(w, x) { exact.add(a, b) }
      exact.add(bias, 1)
      let network = BoundedNetwork.linear([w], [bias])
      let examples = Examples(inputs: Tensor(shape: [1, n], elements: x), labels: [0])
      for norm in [Norm.linf, .l2] {
        let threat = try ThreatModel(norm: norm, epsilon: 0, box: -10...10)
        let region = try InputRegion(examples, CertificateQuestion(threat: threat, radii: [0], draws: [0]))
        var pass = BoundPass(network, over: region, hidden: .linear)
        let minima = pass.minima(of: [1], examples: [0], at: 1)
        #expect(exact.isAtLeast(minima.bounds[0]))
        #expect(exact.isAtLeast(pass.lower[1][0]))
        if !exact.isAtLeast(minima.bounds[0] + minima.slack[0]) { lifted += 1 }
      }
    }
    // The test would see a slack that is missing.
    #expect(lifted > 100)
  }

  @Test func `of ball and box keeps the region whole`() throws {
    var numbers = Numbers(62)
    for norm in [Norm.linf, .l2] {
      for _ in 0..<200 {
        let x = numbers.uniforms(6, 0, 1)
        let epsilon = numbers.uniform(0, 0.3)
        let threat = try ThreatModel(norm: norm, epsilon: epsilon)
        let examples = Examples(inputs: Tensor(shape: [1, 6], elements: x), labels: [0])
        let region = try InputRegion(examples, CertificateQuestion(threat: threat, radii: [epsilon], draws: [0]))
        for index in 0..<6 {
          // Ends that no rounding has moved inwards.
          var (low, high) = (ExactSum(), ExactSum())
          low.add(x[index], 1)
          low.add(epsilon, -1)
          high.add(x[index], 1)
          high.add(epsilon, 1)
          #expect(region.lower[index] == 0 || low.isAtLeast(region.lower[index]))
          #expect(region.upper[index] == 1 || high.isAtMost(region.upper[index]))
          #expect(region.middle[index] - region.halfWidth[index] <= region.lower[index])
          #expect(region.middle[index] + region.halfWidth[index] >= region.upper[index])
        }
      }
    }
  }

  /// The least value over ball ∩ box is below the value at random points of it, and near that of the best of them.
  @Test func `of the dual in L2 stays below every point`() throws {
    var numbers = Numbers(63)
    for trial in 0..<150 {
      let x = numbers.uniforms(6, 0, 1).map { trial % 3 == 0 ? $0.rounded() : $0 }
      let epsilon = numbers.uniform(0.01, 1.5)
      let a = numbers.uniforms(6, -2, 2)
      let threat = try ThreatModel(norm: .l2, epsilon: epsilon)
      let examples = Examples(inputs: Tensor(shape: [1, 6], elements: x), labels: [0])
      let region = try InputRegion(examples, CertificateQuestion(threat: threat, radii: [epsilon], draws: [0]))
      let (value, slack) = region.minimum(a, row: 0, example: 0, constant: 0.25)
      var least = Double.infinity
      for scale in [0.1, 0.5, 1, 2, 5, 20, 1e3, 1e6] {
        var point = Tensor(shape: [1, 6], elements: zip(x, a).map { $0 - scale * $1 })
        threat.project(&point, around: examples.inputs)
        least = min(least, 0.25 + zip(a, point.elements).reduce(0) { $0 + $1.0 * $1.1 })
      }
      #expect(value - slack <= least + 1e-12)
      #expect(value >= least - 1e-6)
      let point = region.minimizer(a, example: 0)
      #expect(zip(point, x).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }.squareRoot() <= epsilon * (1 + 1e-12))
    }
  }

  /// Where no function bends within the ball, a hidden number is linear in the input: its enclosure is what the corners
  /// reach, no less and hardly more.
  @Test func `leaves hidden enclosures that the corners reach`() throws {
    var numbers = Numbers(64)
    for trial in 0..<40 {
      let (n, hidden) = (3, 5)
      let first = (0..<hidden).map { _ in numbers.uniforms(n, -1, 1) }
      let second = (0..<hidden).map { _ in numbers.uniforms(hidden, -1, 1) }
      // All on or all off, by offsets.
      let offsets = (0..<hidden).map { _ in numbers.whole(below: 3) == 0 ? -9.0 : 9 }
      func affine(_ source: Int, _ matrix: [[Double]], _ offset: [Double]) -> BoundedNetwork.Step {
        .init(
          name: "affine", outputCount: matrix.count,
          operation: .affine(AffineStep([.init(source: source, map: Matrix(rowsOfMatrix: matrix))], offset: offset)))
      }
      func function(_ source: Int) -> BoundedNetwork.Step {
        .init(
          name: "function", outputCount: hidden,
          operation: .relaxed(source: source, RectifierRelaxation(.relu, count: hidden)!))
      }
      let middle = (0..<hidden).map { j in
        -second[j].enumerated().reduce(0) { $0 + ($1.offset < hidden ? $1.element * max(0, offsets[$1.offset]) : 0) }
      }
      let network = BoundedNetwork(
        inputCount: n,
        steps: [
          affine(0, first, offsets), function(1), affine(2, second, middle), function(3),
          affine(4, [[Double](repeating: 1, count: hidden)], []),
        ])
      let x = numbers.uniforms(n, 0.3, 0.7)
      let epsilon = [0.01, 0.2][trial % 2]
      let region = try InputRegion(
        Examples(inputs: Tensor(shape: [1, n], elements: x), labels: [0]),
        CertificateQuestion(threat: try ThreatModel(epsilon: epsilon), radii: [epsilon], draws: [0]))
      let pass = BoundPass(network, over: region, hidden: .linear)
      for j in 0..<hidden {
        let values = (0..<1 << n).map { bits -> Double in
          let corner = x.indices.map { bits >> $0 & 1 == 0 ? x[$0] - epsilon : x[$0] + epsilon }
          let one = first.indices.map { unit in
            max(0, zip(first[unit], corner).reduce(offsets[unit]) { $0 + $1.0 * $1.1 })
          }
          return zip(second[j], one).reduce(middle[j]) { $0 + $1.0 * $1.1 }
        }
        let (least, most) = (values.min()!, values.max()!)
        let (low, high) = (pass.lower[3][j], pass.upper[3][j])
        #expect(low <= least + 1e-13 && high >= most - 1e-13)
        // Where intervals already know the sign nothing is to be gained.
        if least < 0, most > 0 { #expect(low >= least - 1e-11 && high <= most + 1e-11) }
      }
    }
  }
}
