import Foundation
import NeuralNetworks
import RobustnessCore
import TestSupport
import Testing

@testable import BoundPropagation

/// Whole multiples of a power of two: sums and products without rounding.
private struct Dyadic {
  var units: Int128
  /// The unit is 2^−scale.
  let scale: Int

  init(_ x: Double, scale: Int) {
    self.scale = scale
    units = Int128(scalbn(x, scale))
    precondition(Double(units) == scalbn(x, scale), "\(x) has too many bits")
  }

  init(units: Int128, scale: Int) { (self.units, self.scale) = (units, scale) }

  static func * (a: Dyadic, b: Dyadic) -> Dyadic { Dyadic(units: a.units * b.units, scale: a.scale + b.scale) }
  static func + (a: Dyadic, b: Dyadic) -> Dyadic {
    a.scale >= b.scale
      ? Dyadic(units: a.units + b.units << (a.scale - b.scale), scale: a.scale)
      : Dyadic(units: a.units << (b.scale - a.scale) + b.units, scale: b.scale)
  }
  static prefix func - (a: Dyadic) -> Dyadic { Dyadic(units: -a.units, scale: a.scale) }
  var rectified: Dyadic { units < 0 ? Dyadic(units: 0, scale: scale) : self }

  func isAtLeast(_ x: Double) -> Bool {
    x == -.infinity || (x < .infinity && units >= Int128(scalbn(x, scale).rounded(.up)))
  }
  func isAtMost(_ x: Double) -> Bool { (-self).isAtLeast(-x) }
}

/// Layers as they are in files, with weights that cancel: the last bits of every product decide.
@Suite(.inTurn) struct `Rounding in layers` {
  private static let features = 16
  private static let classes = 3

  /// A number with few bits and any of some exponents.
  private static func coarse(_ numbers: inout Numbers, bits: Int, scale: Int) -> Double {
    scalbn(Double(numbers.whole(below: 1 << bits) - (1 << (bits - 1))), -scale)
  }

  private static func architecture(_ kind: String) throws -> Architecture {
    let first =
      kind == "convolution"
      ? #"{"type":"conv2d","name":"first","filters":4,"kernel_size":[4,4],"stride":[2,2],"padding":[1,1,1,1],"activation":"relu"},{"type":"flatten"}"#
      : #"{"type":"flatten"},{"type":"dense","name":"first","units":16,"activation":"relu"}"#
    return try Architecture(
      json: """
        {"input_shape":[1,4,4],"class_count":\(classes),"layers":[\(first),
        {"type":"dense","name":"last","units":\(classes),"activation":"identity"}]}
        """)
  }

  /// Weights whose second layer takes away what the first has made: pairs of units that are alike up to their last bits,
  /// with opposite signs behind them.
  private static func weights(_ numbers: inout Numbers, _ architecture: Architecture, _ kind: String) -> [Float] {
    let (rows, columns, hidden) = kind == "convolution" ? (4, 16, 16) : (16, 16, 16)
    var first = (0..<rows * columns).map { _ in coarse(&numbers, bits: 20, scale: 16) }
    for row in stride(from: 0, to: rows, by: 2) {
      for column in 0..<columns {
        first[(row + 1) * columns + column] = first[row * columns + column] + coarse(&numbers, bits: 3, scale: 16)
      }
    }
    let firstBias = (0..<rows).map { _ in coarse(&numbers, bits: 20, scale: 14) }
    var second: [Double] = []
    let half = hidden / rows
    for _ in 0..<classes {
      let row = (0..<hidden).map { _ in coarse(&numbers, bits: 20, scale: 16) }
      second += (0..<hidden).map { unit in (unit / half) % 2 == 0 ? row[unit] : -row[unit - half] }
    }
    let secondBias = (0..<classes).map { _ in coarse(&numbers, bits: 8, scale: 16) }
    return (first + firstBias + second + secondBias).map { Float($0) }
  }

  /// The logits of an input, exactly.
  private static func exact(_ weights: [Float], _ x: [Double], _ kind: String) -> [Dyadic] {
    let w = weights.map { Dyadic(Double($0), scale: 18) }
    let x = x.map { Dyadic($0, scale: 24) }
    let zero = Dyadic(0, scale: 0)
    var hidden: [Dyadic] = []
    let rows = kind == "convolution" ? 4 : 16
    for row in 0..<rows {
      let bias = w[rows * 16 + row]
      if kind == "convolution" {
        for i in 0..<2 {
          for j in 0..<2 {
            var sum = bias
            for u in 0..<4 {
              for v in 0..<4 {
                let (y, z) = (2 * i + u - 1, 2 * j + v - 1)
                if (0..<4).contains(y), (0..<4).contains(z) { sum = sum + w[row * 16 + 4 * u + v] * x[4 * y + z] }
              }
            }
            hidden.append(sum.rectified)
          }
        }
      } else {
        hidden.append((0..<16).reduce(bias) { $0 + w[row * 16 + $1] * x[$1] }.rectified)
      }
    }
    let start = rows * 17
    return (0..<classes).map { k in
      hidden.indices.reduce(w[start + classes * hidden.count + k] + zero) {
        $0 + w[start + k * hidden.count + $1] * hidden[$1]
      }
    }
  }

  @Test(arguments: ["dense", "convolution"], [Norm.linf, .l2])
  func `never lifts a bound above the exact value, and would without its slack`(_ kind: String, _ norm: Norm) throws {
    let architecture = try Self.architecture(kind)
    var numbers = Numbers(91)
    var (lifted, liftedIntervals) = (0, 0)
    for trial in 0..<60 {
      let weights = Self.weights(&numbers, architecture, kind)
      let x = (0..<16).map { _ in Self.coarse(&numbers, bits: 20, scale: 20) }
      let ensemble = try NetworkEnsemble(InMemoryWeights(architecture: architecture, draws: [weights]))
      let examples = Examples(inputs: Tensor(shape: [1, 1, 4, 4], elements: x), labels: [0])
      // A point, and a ball of which some points are looked at.
      let epsilon = trial % 2 == 0 ? 0 : 0x1p-16
      let threat = try ThreatModel(norm: norm, epsilon: epsilon, box: -1...1)
      let region = try InputRegion(examples, CertificateQuestion(threat: threat, radii: [epsilon], draws: [0]))
      let pass = BoundPass(try ensemble.boundedMember(0), over: region, hidden: .linear)
      var differences = pass
      let (box, slack) = differences.differences(labels: [0])[0]
      for corner in 0..<(epsilon == 0 ? 1 : 6) {
        let point = x.enumerated().map { index, value -> Double in
          if norm == .l2 {
            return index == corner ? value + (numbers.whole(below: 2) == 0 ? epsilon : -epsilon) : value
          }
          return value + (numbers.whole(below: 2) == 0 ? epsilon : -epsilon)
        }.map { max(-1, min(1, $0)) }
        let z = Self.exact(weights, point, kind)
        for k in 0..<Self.classes {
          #expect(z[k].isAtLeast(pass.lower[pass.logits][k]) && z[k].isAtMost(pass.upper[pass.logits][k]))
          guard k > 0 else { continue }
          let t = z[k] + -z[0]
          #expect(t.isAtLeast(box.lower[k]) && t.isAtMost(box.upper[k]))
          if epsilon == 0 {
            if !t.isAtLeast(box.lower[k] + slack) || !t.isAtMost(box.upper[k] - slack) { lifted += 1 }
            let width = pass.upper[pass.logits][k] - pass.lower[pass.logits][k]
            if width > 0 { liftedIntervals += 1 }
          }
        }
      }
    }
    #expect(lifted > 10)
    #expect(liftedIntervals > 10)
  }

  /// (x − m)·w/√(σ² + ε) + b with a root that is ¾, (x − m)/5 and a mean of five: no numbers of the machine, but three
  /// or five times each of them is a sum of products. An offset takes nearly all of it away again.
  @Test(arguments: ["batch_norm", "normalize", "mean"])
  func `of factors that are no numbers of the machine`(_ kind: String) throws {
    let layer =
      switch kind {
      case "batch_norm": #"{"type":"batch_norm","name":"norm","eps":0.0625}"#
      case "normalize": #"{"type":"normalize","mean":[0.4375],"scale":[5]}"#
      default:
        #"{"type":"average_pool2d","kernel_size":[1,5],"stride":[1,1]},{"type":"pad","padding":[0,0,0,0,0,4]}"#
      }
    let architecture = try Architecture(
      json: """
        {"input_shape":[1,1,5],"class_count":5,"layers":[\(layer),
        {"type":"flatten"},{"type":"dense","name":"last","units":5,"activation":"identity"}]}
        """)
    let factor = kind == "batch_norm" ? 3.0 : 5
    var numbers = Numbers(92)
    var (lifted, liftedIntervals) = (0, 0)
    for _ in 0..<300 {
      let m = kind == "normalize" ? 0.4375 : Self.coarse(&numbers, bits: 20, scale: 20)
      let w = Self.coarse(&numbers, bits: 20, scale: 16)
      let x = (0..<5).map { _ in Self.coarse(&numbers, bits: 20, scale: 20) }
      let b = Self.coarse(&numbers, bits: 20, scale: 16)
      let values = x.map { number in
        switch kind {
        case "batch_norm": (number - m) * w / 0.75 + b
        case "normalize": (number - m) / 5
        default: x.reduce(0, +) / 5
        }
      }
      let offsets = values.enumerated().map { kind == "mean" && $0 > 0 ? 0 : Float(-$1) }
      let identity = (0..<25).map { Float($0 / 5 == $0 % 5 ? 1 : 0) }
      let parameters = (kind == "batch_norm" ? [Float(w), Float(b), Float(m), 0.5] : []) + identity + offsets
      let ensemble = try NetworkEnsemble(InMemoryWeights(architecture: architecture, draws: [parameters]))
      let examples = Examples(inputs: Tensor(shape: [1, 1, 1, 5], elements: x), labels: [0])
      let threat = try ThreatModel(epsilon: 0, box: -2...2)
      let region = try InputRegion(examples, CertificateQuestion(threat: threat, radii: [0], draws: [0]))
      let network = try ensemble.boundedMember(0)
      // What the step says of its own numbers: how many roundings are in a factor, how far off an offset may be.
      if case .affine(let affine) = network.steps[0].operation {
        let map = affine.terms[0].map
        var row = [Double](repeating: 0, count: map.inputCount)
        map.copyRow(0, to: &row)
        var element = ExactSum()
        element.add(kind == "batch_norm" ? 4 : 1, kind == "batch_norm" ? w : 1)
        var (low, high) = (row[0], row[0])
        for _ in 0..<map.elementRoundings { (low, high) = (low.nextDown, high.nextUp) }
        #expect(element.isAtLeast(low, times: factor) && element.isAtMost(high, times: factor))
        if kind != "mean" {
          var offset = ExactSum()
          offset.add(kind == "batch_norm" ? -4 * m : -m, kind == "batch_norm" ? w : 1)
          offset.add(kind == "batch_norm" ? factor : 0, b)
          let (computed, error) = (affine.offset[0], affine.offsetError[0])
          #expect(offset.isAtLeast(computed - error, times: factor) && offset.isAtMost(computed + error, times: factor))
          // A few units in the last place of what was added up.
          #expect(error > 0 && error < 1e-14 * (abs(b) + abs(m * w) + 1))
        }
      }
      var pass = BoundPass(network, over: region, hidden: .linear)
      for i in 0..<(kind == "mean" ? 1 : 5) {
        var exact = ExactSum()
        switch kind {
        case "batch_norm":
          exact.add(4 * (x[i] - m), w)
          exact.add(3, b)
        case "normalize": exact.add(x[i] - m, 1)
        default: for number in x { exact.add(number, 1) }
        }
        exact.add(factor, Double(offsets[i]))
        let (l, u) = (pass.lower[pass.logits][i], pass.upper[pass.logits][i])
        #expect(exact.isAtLeast(l, times: factor) && exact.isAtMost(u, times: factor))
        if !exact.isAtLeast(l / 2 + u / 2, times: factor) { liftedIntervals += 1 }
        let minima = pass.minima(of: (0..<5).map { $0 == i ? 1 : 0 }, examples: [0], at: pass.logits)
        #expect(exact.isAtLeast(minima.bounds[0], times: factor))
        if !exact.isAtLeast(minima.bounds[0] + minima.slack[0], times: factor) { lifted += 1 }
      }
    }
    #expect(lifted > 10)
    #expect(liftedIntervals > 10)
  }
}
