import Foundation
import NeuralNetworks
import RobustnessCore
import TestSupport
import Testing

@testable import BoundPropagation

@Suite(.inTurn) struct `Bounds of whole networks` {
  func question(_ threat: ThreatModel, _ examples: Examples, draws: Int) -> CertificateQuestion {
    CertificateQuestion(
      threat: threat, radii: examples.labels.map { _ in threat.epsilon }, draws: Array(0..<draws))
  }

  /// The steps compute what the network computes: at a point the enclosure is a point.
  @Test(arguments: Posterior.allCases) func `hold the logits at a point, and hardly more`(_ posterior: Posterior) throws
  {
    let (ensemble, examples, box) = try posterior.load(3, draws: 2)
    let threat = try ThreatModel(epsilon: 0, box: box)
    let region = try InputRegion(examples, question(threat, examples, draws: 2))
    for draw in 0..<ensemble.drawCount {
      let pass = BoundPass(try ensemble.boundedMember(draw), over: region, hidden: .intervals)
      let logits = try ensemble.member(draw).logits(examples.inputs)
      for row in 0..<examples.count {
        let (l, u) = pass.interval(pass.logits, example: row)
        for (z, (low, high)) in zip(logits[row: row], zip(l, u)) {
          let size = max(1, abs(z))
          // The reference rounds as well.
          #expect(low <= z + 1e-9 * size && z - 1e-9 * size <= high)
          #expect(high - low < 1e-4 * size)
        }
      }
    }
  }

  @Test(arguments: [Posterior.hmc, .moons, .sharp, .convolution, .sigmoid], [Norm.linf, .l2])
  func `hold the logits all over the ball`(
    _ posterior: Posterior, _ norm: Norm
  ) throws {
    let (ensemble, examples, box) = try posterior.load(posterior == .convolution ? 1 : 3, draws: 2)
    let width = box.upperBound - box.lowerBound
    var numbers = Numbers(21)
    for relative in [0.02] {
      let epsilon = relative * width * (norm == .l2 ? Double(examples.inputs.rowSize).squareRoot() * 0.5 : 1)
      let threat = try ThreatModel(norm: norm, epsilon: epsilon, box: box)
      let region = try InputRegion(examples, question(threat, examples, draws: 2))
      do {
        let draw = 1
        let network = try ensemble.boundedMember(draw)
        var tight = BoundPass(network, over: region, hidden: .linear)
        let loose = BoundPass(network, over: region, hidden: .intervals)
        let differences = tight.differences(labels: examples.labels)
        for trial in 0..<8 {
          var points = examples.inputs
          for index in points.elements.indices {
            let move = trial % 2 == 0 ? (numbers.whole(below: 2) == 0 ? -1.0 : 1) : numbers.uniform(-1, 1)
            points.elements[index] += move * epsilon
          }
          threat.project(&points, around: examples.inputs)
          let logits = try ensemble.member(draw).logits(points)
          for row in 0..<examples.count {
            let z = Array(logits[row: row])
            for pass in [tight, loose] {
              let (l, u) = pass.interval(pass.logits, example: row)
              for (k, value) in z.enumerated() {
                #expect(l[l.startIndex + k] <= value + 1e-9 && value - 1e-9 <= u[u.startIndex + k])
              }
            }
            let (differenceBox, slack) = differences[row]
            #expect(slack >= 0 && slack < 1e-3)
            for (k, value) in z.enumerated() where k != examples.labels[row] {
              let t = value - z[examples.labels[row]]
              #expect(differenceBox.lower[k] <= t + 1e-9 && t - 1e-9 <= differenceBox.upper[k])
            }
          }
        }
      }
    }
  }

  /// ⟨a, M x⟩ = ⟨a M, x⟩, |M x| ≤ |M| |x|, and no row or column has more elements than it says.
  @Test(arguments: Posterior.allCases) func `are made of maps that keep their word`(_ posterior: Posterior) throws {
    let (ensemble, _, _) = try posterior.load(1, draws: 1)
    var numbers = Numbers(31)
    for step in try ensemble.boundedMember(0).steps {
      guard case .affine(let affine) = step.operation else { continue }
      for term in affine.terms {
        let map = term.map
        #expect(map.outputCount == step.outputCount)
        let x = numbers.uniforms(2 * map.inputCount, -1, 1)
        let a = numbers.uniforms(2 * map.outputCount, -1, 1)
        var (y, b) = ([Double](repeating: 7, count: a.count), [Double](repeating: 7, count: x.count))
        map.apply(x, rows: 2, to: &y)
        map.applyTransposed(a, rows: 2, to: &b)
        for row in 0..<2 {
          let left = (0..<map.outputCount).reduce(0) {
            $0 + a[row * map.outputCount + $1] * y[row * map.outputCount + $1]
          }
          let right = (0..<map.inputCount).reduce(0) {
            $0 + b[row * map.inputCount + $1] * x[row * map.inputCount + $1]
          }
          #expect(abs(left - right) < 1e-9 * max(1, abs(left)), "\(step.name)")
        }
        var sizes = [Double](repeating: 7, count: a.count)
        map.applyMagnitudes(x.map(abs), rows: 2, to: &sizes)
        for index in y.indices { #expect(abs(y[index]) <= sizes[index] * (1 + 1e-12) + 1e-300, "\(step.name)") }
        // Some rows of M itself.
        var row = [Double](repeating: 7, count: map.inputCount)
        for _ in 0..<3 {
          let output = numbers.whole(below: map.outputCount)
          map.copyRow(output, to: &row)
          #expect(row.count { $0 != 0 } <= map.longestRow, "\(step.name)")
          let value = zip(row, x).reduce(0) { $0 + $1.0 * $1.1 }
          #expect(abs(value - y[output]) < 1e-9 * max(1, abs(value)))
        }
        // And some columns.
        var (unit, column) = (
          [Double](repeating: 0, count: map.inputCount), [Double](repeating: 7, count: map.outputCount)
        )
        for _ in 0..<3 {
          let input = numbers.whole(below: map.inputCount)
          unit[input] = 1
          map.apply(unit, rows: 1, to: &column)
          unit[input] = 0
          #expect(column.count { $0 != 0 } <= map.longestColumn, "\(step.name)")
        }
      }
    }
  }

  @Test(arguments: [
    ("photographs-resnet", "stem.norm (filter_response_norm)"), ("networks/resnet8-frn-silu", "filter_response_norm"),
    ("networks/strided-gn-gelu", "group_norm"), ("networks/vit-tiny", "layer_norm"),
  ]) func `are not there for some layers, which are named`(_ name: String, _ layer: String) throws {
    let file = try PosteriorFileWeights(name)
    let error = #expect(throws: BoundsUnavailable.self) { try file.ensemble.boundedMember(0) }
    #expect(error?.layer.contains(layer) == true)
  }
}
