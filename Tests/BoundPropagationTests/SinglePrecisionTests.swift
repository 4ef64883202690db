import Foundation
import PosteriorFiles
import RobustnessCore
import TestSupport
import Testing

@testable import BoundPropagation
@testable import IntervalBounds
@testable import JointBounds
@testable import LinearBounds
@testable import NeuralNetworks

/// Bounds for a network as it runs: layers in single precision, sums in any order.
@Suite(.inTurn) struct `Single precision` {
  /// One order in which a sum of products can be taken.
  enum Order: CaseIterable {
    case forward, backward, pairwise, fused, largestFirst, offsetFirst

    func sum(_ w: [Float], _ x: [Float], _ b: Float) -> Float {
      let products = zip(w, x).map { $0 * $1 }
      switch self {
      case .forward: return products.reduce(0, +) + b
      case .backward: return products.reversed().reduce(0, +) + b
      case .fused:
        var sum: Float = 0
        for (a, c) in zip(w, x) { sum.addProduct(a, c) }
        return sum + b
      case .largestFirst: return products.sorted { abs($0) > abs($1) }.reduce(0, +) + b
      case .offsetFirst: return products.reduce(b, +)
      case .pairwise:
        var level = products
        while level.count > 1 {
          level = stride(from: 0, to: level.count, by: 2).map {
            $0 + 1 < level.count ? level[$0] + level[$0 + 1] : level[$0]
          }
        }
        return (level.first ?? 0) + b
      }
    }
  }

  /// Dense layers with rectifiers between them, whose numbers are single-precision numbers.
  struct Net {
    var layers: [(weights: [[Float]], bias: [Float])]
    var slope = 0.0

    var bounded: BoundedNetwork {
      var steps: [BoundedNetwork.Step] = []
      for (index, layer) in layers.enumerated() {
        let matrix = layer.weights.map { $0.map(Double.init) }
        steps.append(
          .init(
            name: "dense", outputCount: matrix.count,
            operation: .affine(
              AffineStep(
                [.init(source: steps.count, map: Matrix(rowsOfMatrix: matrix))], offset: layer.bias.map(Double.init)))))
        guard index + 1 < layers.count else { break }
        let function: ElementwiseFunction = slope == 0 ? .relu : .leakyReLU(slope: slope)
        steps.append(
          .init(
            name: "rectifier", outputCount: matrix.count,
            operation: .relaxed(source: steps.count, RectifierRelaxation(function, count: matrix.count)!)))
      }
      return BoundedNetwork(inputCount: layers[0].weights[0].count, steps: steps)
    }

    func logits(_ x: [Float], _ order: Order) -> [Float] {
      var x = x
      for (index, layer) in layers.enumerated() {
        x = zip(layer.weights, layer.bias).map { order.sum($0, x, $1) }
        if index + 1 < layers.count { x = x.map { $0 > 0 ? $0 : Float(slope) * $0 } }
      }
      return x
    }

    /// Weights that cancel in part, so that rounding matters.
    static func random(_ numbers: inout Numbers, _ sizes: [Int], slope: Double) -> Net {
      Net(
        layers: zip(sizes, sizes.dropFirst()).map { from, to in
          (
            (0..<to).map { _ in
              var row = numbers.uniforms(from, -1, 1).map { Float($0) }
              for index in stride(from: 0, to: from - 1, by: 2) where numbers.whole(below: 3) == 0 {
                row[index] *= 4096
                row[index + 1] = -row[index]
              }
              return row
            }, numbers.uniforms(to, -0.5, 0.5).map { Float($0) }
          )
        }, slope: slope)
    }
  }

  func pass(_ net: Net, _ x: [Float], _ epsilon: Double, _ norm: Norm, _ arithmetic: BoundedArithmetic) throws
    -> BoundPass
  {
    let region = try InputRegion(
      Examples(inputs: Tensor(shape: [1, x.count], elements: x.map(Double.init)), labels: [0]),
      CertificateQuestion(threat: try ThreatModel(norm: norm, epsilon: epsilon), radii: [epsilon], draws: [0]))
    return BoundPass(net.bounded, over: region, hidden: .linear, arithmetic: arithmetic)
  }

  /// Single-precision points of ball and box.
  func point(_ numbers: inout Numbers, _ x: [Float], _ epsilon: Double, _ norm: Norm) -> [Float] {
    let step = norm == .linf ? epsilon : epsilon / Double(x.count).squareRoot()
    return x.map { value in
      let moved = Double(value) + step * 0.999 * (numbers.whole(below: 2) == 0 ? -1 : 1)
      return min(1, max(0, Float(moved)))
    }
  }

  @Test(arguments: Norm.allCases)
  func `in any order stays within its bounds, and leaves those of real numbers`(_ norm: Norm) throws {
    var numbers = Numbers(71)
    var escapes = 0
    for trial in 0..<120 {
      let net = Net.random(&numbers, trial % 2 == 0 ? [12, 8, 6, 3] : [24, 4], slope: trial % 3 == 0 ? 0.01 : 0)
      let x = numbers.uniforms(net.bounded.inputCount, 0, 1).map { Float($0) }
      let epsilon = [0, 1e-6, 0.05][trial % 3]
      var single = try pass(net, x, epsilon, norm, .float32)
      var real = try pass(net, x, epsilon, norm, .real)
      let (own, usual) = (single.differences(labels: [0])[0].box, real.differences(labels: [0])[0].box)
      let value = net.bounded.steps.count
      for _ in 0..<4 {
        let at = epsilon == 0 ? x : point(&numbers, x, epsilon, norm)
        for order in Order.allCases {
          let z = net.logits(at, order).map(Double.init)
          for k in z.indices {
            #expect(single.lower[value][k] <= z[k] && single.upper[value][k] >= z[k])
            if real.lower[value][k] > z[k] || real.upper[value][k] < z[k] { escapes += 1 }
            guard k > 0 else { continue }
            #expect(own.lower[k] <= z[k] - z[0] && own.upper[k] >= z[k] - z[0])
            if usual.lower[k] > z[k] - z[0] || usual.upper[k] < z[k] - z[0] { escapes += 1 }
          }
        }
      }
    }
    // The test would see it if nothing were added for single precision.
    #expect(escapes > 100)
  }

  /// In real numbers the label wins everywhere; in single precision, summed from the front, it loses.
  @Test func `fools a network that real numbers do not, and is not certified then`() throws {
    let net = Net(layers: [([[0x1p25, 1, -0x1p25], [0, 0, 0]], [0, 0.5])])
    let x: [Float] = [1, 1, 1]
    #expect(net.logits(x, .forward) == [0, 0.5])
    #expect(net.logits(x, .largestFirst)[0] == 1)
    for (arithmetic, isProven) in [(BoundedArithmetic.real, true), (.float32, false)] {
      var pass = try pass(net, x, 0, .linf, arithmetic)
      #expect(pass.differences(labels: [0])[0].box.isSafe == isProven)
    }
  }

  /// Differences of one unit in the last place, in networks of one number: the bound is no more than a few units wide.
  @Test func `costs a few units in the last place where there is one product`() throws {
    let net = Net(layers: [([[0.1], [0.3]], [0.7, 0.2])])
    let single = try pass(net, [0.5], 0, .linf, .float32)
    let real = try pass(net, [0.5], 0, .linf, .real)
    for k in 0..<2 {
      #expect(real.lower[1][k] - single.lower[1][k] > 0x1p-24 * real.lower[1][k])
      #expect(real.lower[1][k] - single.lower[1][k] < 12 * 0x1p-24)
    }
  }

  @Test func `that may overflow is unbounded`() throws {
    let net = Net(layers: [([[1e38], [1]], [0, 0])])
    let real = try pass(net, [1], 0, .linf, .real)
    #expect(real.upper[1][0] < 1.1e38)
    let single = try pass(net, [1], 0, .linf, .float32)
    #expect(single.upper[1][0] == .infinity && single.lower[1][0] == -.infinity)
    #expect(single.upper[1][1] < 1.1)
  }

  /// Every weight subnormal: with subnormal numbers flushed all logits are equal.
  @Test func `that flushes subnormal numbers proves nothing by them`() throws {
    let net = Net(layers: [([[1e-39, 1e-39], [0, 0]], [0, 0])])
    for (arithmetic, isProven) in [(BoundedArithmetic.real, true), (.float32, false)] {
      var pass = try pass(net, [1, 1], 0, .linf, arithmetic)
      #expect(pass.differences(labels: [0])[0].box.isSafe == isProven)
    }
  }

  /// Certificates of a whole posterior: at most what they prove for real numbers, and not much less where weights do not
  /// cancel.
  @Test func `costs a trained posterior next to nothing`() throws {
    let file = try PosteriorFile.open(Fixtures.url("mnist-deep-ensemble.h5").path, probe: nil)
    let (ensemble, examples) = try BoundedFixture.load(file, 6)
    let question = try BoundedFixture.question(examples, epsilon: 0.02, draws: 3)
    func margins(_ arithmetic: BoundedArithmetic) throws -> [[CertifiedExample]] {
      var (linear, joint, intervals) = (LinearBounds.Options(), JointBounds.Options(), IntervalBounds.Options())
      (linear.arithmetic, joint.arithmetic, intervals.arithmetic) = (arithmetic, arithmetic, arithmetic)
      return [
        try LinearBounds(linear).certify(examples, question, of: ensemble).examples,
        try JointBounds(joint).certify(examples, question, of: ensemble).examples,
        try IntervalBounds(intervals).certify(examples, question, of: ensemble).examples,
      ]
    }
    for (real, single) in zip(try margins(.real), try margins(.float32)) {
      for (a, b) in zip(real, single) {
        #expect(b.margin <= a.margin)
        #expect(b.margin > a.margin - 0.01)
      }
    }
  }

  @Test func `is not available where nobody says how a function rounds`() throws {
    let steps: [BoundedNetwork.Step] = [
      .init(name: "curve", outputCount: 1, operation: .relaxed(source: 0, CurveRelaxation(.tanh, count: 1)))
    ]
    let network = BoundedNetwork(inputCount: 1, steps: steps)
    try BoundedArithmetic.real.check(network)
    let error = #expect(throws: BoundsUnavailable.self) { try BoundedArithmetic.float32.check(network) }
    #expect(error?.description == "no bounds are known for the layer curve in single precision")
  }
}
