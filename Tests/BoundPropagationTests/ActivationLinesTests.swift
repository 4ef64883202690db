import Foundation
import RobustnessCore
import TestSupport
import Testing

@testable import BoundPropagation
@testable import NeuralNetworks

@Suite(.inTurn) struct `Lines around activations` {
  static let functions: [ElementwiseFunction] = [
    .relu, .relu6, .leakyReLU(slope: 0.01), .leakyReLU(slope: 0.3), .leakyReLU(slope: 1), .leakyReLU(slope: 2),
    .leakyReLU(slope: -0.2), .tanh, .sigmoid, .elu(alpha: 0.5), .elu(alpha: 1), .elu(alpha: 3), .selu, .silu, .gelu,
    .geluTanh, .softplus(beta: 1, threshold: 20), .softplus(beta: 3, threshold: 1),
    .softplus(beta: 0.5, threshold: 0.1), .hardswish, .hardsigmoid,
  ]

  static func relaxation(_ function: ElementwiseFunction) -> any Relaxation {
    RectifierRelaxation(function, count: 1) ?? CurveRelaxation(function, count: 1)
  }

  /// Intervals of all sizes, with ends at the places where functions bend, and around them.
  static let intervals: [(Double, Double)] = {
    var numbers = Numbers(1)
    var result: [(Double, Double)] = []
    for width in [1e-13, 1e-9, 1e-7, 1e-3, 0.1, 1, 5, 30, 1e3, 1e7] {
      for _ in 0..<12 {
        let l = numbers.uniform(-8, 8) - (width > 20 ? width / 2 : 0)
        result.append((l, l + width))
      }
      for bend in [-3, -2.3993572805154677, -1.4142135623730951, 0, 0.2, 1.0 / 3, 2.3993572805154677, 3, 6, 20] {
        result.append((bend, bend + width))
        result.append((bend - width, bend))
        result.append((bend - width / 3, bend + width))
      }
    }
    return result + [(0, 0), (-1, -1), (2.5, 2.5)]
  }()

  @Test(arguments: functions) func `enclose every value, whatever the interval`(_ function: ElementwiseFunction) {
    let relaxation = Self.relaxation(function)
    var numbers = Numbers(2)
    for (l, u) in Self.intervals {
      var (low, high) = (0.0, 0.0)
      relaxation.enclose([l], [u], &low, &high)
      var near: [Double?] = [nil]
      near.append(numbers.uniform(l, u))
      for at in near {
        var lines = RelaxationLines(count: 1)
        if let at {
          relaxation.relax([l], [u], near: [at], into: &lines)
        } else {
          relaxation.relax([l], [u], near: nil, into: &lines)
        }
        for step in 0...200 {
          // Dense at the ends, where lines touch.
          let t =
            step <= 100 ? Double(step) / 100 : 0.5 + 0.5 * pow(-1, Double(step)) * (1 - pow(0.9, Double(step - 100)))
          let x = min(max(l + (u - l) * t, l), u)
          let y = function.value(x)
          let isFine =
            low <= y && y <= high && lines.lowerSlope[0] * x + lines.lowerIntercept[0] <= y.nextUp + abs(x) * 1e-16
            && lines.upperSlope[0] * x + lines.upperIntercept[0] >= y.nextDown - abs(x) * 1e-16
          #expect(isFine, "\(function) on [\(l), \(u)] at \(x)")
          if !isFine { return }
        }
      }
    }
  }

  /// A box is sound and worth nothing: lines must be close to the best ones.
  @Test(arguments: functions.filter { $0 != .softplus(beta: 0.5, threshold: 0.1) }) func `are close`(
    _ function: ElementwiseFunction
  ) {
    let relaxation = Self.relaxation(function)
    var numbers = Numbers(3)
    for _ in 0..<25 {
      let l = numbers.uniform(-4, 3)
      let u = l + numbers.uniform(0.2, 3)
      var lines = RelaxationLines(count: 1)
      relaxation.relax([l], [u], near: nil, into: &lines)
      let xs = (0...60).map { l + (u - l) * Double($0) / 60 }
      let middle = (l + u) / 2
      /// The best line at the middle, over many slopes.
      func best(_ sign: Double) -> Double {
        stride(from: -3.0, through: 3, by: 0.02).map { slope in
          xs.map { sign * (function.value($0) - slope * $0) }.min()! + sign * slope * middle
        }.max()!
      }
      let below = lines.lowerSlope[0] * middle + lines.lowerIntercept[0]
      let above = lines.upperSlope[0] * middle + lines.upperIntercept[0]
      // Rectifiers take the line below that is best over the whole interval, not at its middle.
      if !(relaxation is RectifierRelaxation) { #expect(below >= best(1) - 0.03, "\(function) on [\(l), \(u)]") }
      #expect(above <= -best(-1) + 0.03, "\(function) on [\(l), \(u)]")
    }
  }

  @Test func `know nothing where an end is infinite`() {
    for function in Self.functions {
      let relaxation = Self.relaxation(function)
      var lines = RelaxationLines(count: 1)
      relaxation.relax([-.infinity], [.infinity], near: nil, into: &lines)
      for x in [-1e3, -1, 0, 2, 1e3] {
        let (below, above) = (
          lines.lowerSlope[0] * x + lines.lowerIntercept[0], lines.upperSlope[0] * x + lines.upperIntercept[0]
        )
        #expect(!(below > function.value(x)) && !(above < function.value(x)), "\(function)")
      }
    }
  }

  @Test func `of maxima hold for overlapping windows`() {
    var numbers = Numbers(4)
    let windows = [[0, 1, 4, 5], [1, 2, 5, 6], [2, 3, 6, 7], [7]]
    let relaxation = MaximumRelaxation(windows, inputCount: 8)
    for trial in 0..<300 {
      let l = numbers.uniforms(8, -1, 1)
      let u = l.map { $0 + numbers.uniform(0, trial % 3 == 0 ? 0.1 : 1.5) }
      var lines = RelaxationLines(count: 4)
      let near = trial % 2 == 0 ? nil : zip(l, u).map { numbers.uniform($0, $1) }
      if let near {
        relaxation.relax(l, u, near: near, into: &lines)
      } else {
        relaxation.relax(l, u, near: nil, into: &lines)
      }
      var (low, high) = ([Double](repeating: 0, count: 4), [Double](repeating: 0, count: 4))
      relaxation.enclose(l, u, &low, &high)
      for _ in 0..<40 {
        let x = zip(l, u).map {
          numbers.whole(below: 3) == 0 ? $0 : numbers.whole(below: 2) == 0 ? $1 : numbers.uniform($0, $1)
        }
        for (j, window) in windows.enumerated() {
          let y = window.map { x[$0] }.max()!
          let below = lines.lowerSlope[j] * x[Int(lines.lowerSources[j])] + lines.lowerIntercept[j]
          let above = lines.upperSlope[j] * x[Int(lines.upperSources[j])] + lines.upperIntercept[j]
          #expect(low[j] <= y && y <= high[j] && below <= y && above >= y)
        }
      }
    }
  }
}
