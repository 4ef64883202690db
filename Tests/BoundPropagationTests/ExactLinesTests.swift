import RobustnessCore
import TestSupport
import Testing

@testable import BoundPropagation
@testable import NeuralNetworks

/// Piecewise linear and quadratic functions are known without rounding, so that their lines can be held to it.
@Suite(.inTurn) struct `Lines without rounding` {
  static let functions: [ElementwiseFunction] = [
    .relu, .relu6, .leakyReLU(slope: 0.01), .leakyReLU(slope: 0.3), .leakyReLU(slope: 1), .leakyReLU(slope: 2),
    .leakyReLU(slope: -0.2), .hardswish, .hardsigmoid,
  ]

  /// factor · f(x).
  static func exact(_ function: ElementwiseFunction, _ x: Double) -> (sum: ExactSum, factor: Double) {
    var sum = ExactSum()
    switch function {
    case .relu: sum.add(max(x, 0), 1)
    case .relu6: sum.add(min(max(x, 0), 6), 1)
    case .leakyReLU(let slope): sum.add(x, x > 0 ? 1 : slope)
    case .hardswish:
      if x >= 3 {
        sum.add(x, 6)
      } else if x > -3 {
        sum.add(x, x)
        sum.add(x, 3)
      }
      return (sum, 6)
    case .hardsigmoid:
      if x >= 3 {
        sum.add(6, 1)
      } else if x > -3 {
        sum.add(x, 1)
        sum.add(3, 1)
      }
      return (sum, 6)
    default: preconditionFailure("\(function) is no fraction")
    }
    return (sum, 1)
  }

  @Test(arguments: functions) func `hold to the last bit`(_ function: ElementwiseFunction) {
    let relaxation = `Lines around activations`.relaxation(function)
    var numbers = Numbers(5)
    var touched = 0
    for (l, u) in `Lines around activations`.intervals {
      var (low, high) = (0.0, 0.0)
      relaxation.enclose([l], [u], &low, &high)
      for trial in 0..<3 {
        let at = trial == 1 ? l : numbers.uniform(l, u)
        var lines = RelaxationLines(count: 1)
        if trial == 0 {
          relaxation.relax([l], [u], near: nil, into: &lines)
        } else {
          relaxation.relax([l], [u], near: [at], into: &lines)
        }
        let inside = [l, u, l.nextUp, u.nextDown, at] + numbers.uniforms(4, l, u)
        let bends = [-3.0, 0, 3, 6].flatMap { [$0, $0.nextUp, $0.nextDown] }
        for x in inside + bends where x >= l && x <= u && (x == 0 || x.isNormal) {
          let (value, factor) = Self.exact(function, x)
          func isAbove(_ slope: Double, _ intercept: Double) -> Bool {
            var rest = value
            for _ in 0..<Int(factor) { rest.add(slope, -x) }
            return rest.isAtLeast(intercept, times: factor)
          }
          func isBelow(_ slope: Double, _ intercept: Double) -> Bool {
            var rest = value
            for _ in 0..<Int(factor) { rest.add(slope, -x) }
            return rest.isAtMost(intercept, times: factor)
          }
          let isFine =
            isAbove(lines.lowerSlope[0], lines.lowerIntercept[0])
            && isBelow(lines.upperSlope[0], lines.upperIntercept[0])
            && isAbove(0, low) && isBelow(0, high)
          #expect(isFine, "\(function) on [\(l), \(u)] at \(x)")
          if !isFine { return }
          let near = abs(lines.upperSlope[0] * x + lines.upperIntercept[0] - function.value(x))
          if near <= 1e-12 * max(1, abs(x)) { touched += 1 }
        }
      }
    }
    // Lines touch what they bound.
    #expect(touched > 500)
  }

  /// No width is too small, and no number.
  @Test func `of rectifiers hold around zero`() {
    for slope in [0, 0.01, 0.3, 1] {
      let relaxation = RectifierRelaxation(.leakyReLU(slope: slope), count: 1)!
      for l in [-1e-300, -0x1p-1022, -Double.leastNonzeroMagnitude, -1e-12, -1, -1e300] {
        for u in [1e-300, 0x1p-1022, Double.leastNonzeroMagnitude, 1e-12, 1, 1e300] {
          var lines = RelaxationLines(count: 1)
          relaxation.relax([l], [u], near: nil, into: &lines)
          #expect(lines.upperSlope[0] * l + lines.upperIntercept[0] >= slope * l)
          #expect(lines.upperSlope[0] * u + lines.upperIntercept[0] >= u)
          #expect(lines.lowerSlope[0] >= slope && lines.lowerSlope[0] <= 1 && lines.lowerIntercept[0] == 0)
        }
      }
    }
  }

  @Test(arguments: `Lines around activations`.functions)
  func `hold where one end is infinite or far away`(_ function: ElementwiseFunction) {
    let relaxation = `Lines around activations`.relaxation(function)
    let far: [Double] = [-1e300, -1e160, -1e9, -40, -1, 0, 1, 40, 1e9, 1e160, 1e300]
    for (l, u) in [
      (-Double.infinity, 2.0), (-.infinity, -1), (-3, .infinity), (0, .infinity), (1, .infinity), (-1e9, 1e9),
      (-1e300, 1e300), (-1e160, 0), (0, 1e160), (1e300, 1e300), (-1e300, -1e300), (-5e7, 4e7),
    ] {
      var (low, high) = (0.0, 0.0)
      relaxation.enclose([l], [u], &low, &high)
      for near in [nil, l, u, 0, 1e300, Double.nan] {
        var lines = RelaxationLines(count: 1)
        if let near {
          relaxation.relax([l], [u], near: [near], into: &lines)
        } else {
          relaxation.relax([l], [u], near: nil, into: &lines)
        }
        for x in far where x >= l && x <= u {
          let y = function.value(x)
          let room = 1e-14 * (abs(x) + abs(y))
          #expect(low <= y + room && y - room <= high, "\(function) on [\(l), \(u)] at \(x)")
          let (below, above) = (
            lines.lowerSlope[0] * x + lines.lowerIntercept[0], lines.upperSlope[0] * x + lines.upperIntercept[0]
          )
          #expect(!(below > y + room) && !(above < y - room), "\(function) on [\(l), \(u)] at \(x)")
        }
      }
    }
  }
}
