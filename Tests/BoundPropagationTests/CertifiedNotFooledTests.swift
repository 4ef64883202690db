import ComputeKernels
import Foundation
import HDF5
import IntervalBounds
import LinearBounds
import NeuralNetworks
import PosteriorFiles
import RobustnessCore
import TestSupport
import Testing

@testable import BoundPropagation

@Suite(.inTurn) struct `What is certified is not fooled` {
  static func certify(
    _ certificate: some RobustnessCertificate, _ examples: Examples, _ threat: ThreatModel,
    _ ensemble: some BoundedEnsemble,
    decision: Decision = .predictive
  ) throws -> [CertifiedExample] {
    let question = CertificateQuestion(
      threat: threat, radii: examples.labels.map { _ in threat.epsilon }, draws: Array(0..<ensemble.drawCount),
      decision: decision)
    return try certificate.certify(examples, question, of: ensemble).examples
  }

  @Test(arguments: Posterior.small, [Norm.linf, .l2]) func `by steps along the gradient in double precision`(
    _ posterior: Posterior, _ norm: Norm
  ) throws {
    let (ensemble, examples, box) = try posterior.load(5, draws: 3)
    let width = (box.upperBound - box.lowerBound) * (norm == .l2 ? Double(examples.inputs.rowSize).squareRoot() / 3 : 1)
    var known: [Bool] = []
    for relative in [0, 0.004, 0.02, 0.1] {
      let threat = try ThreatModel(norm: norm, epsilon: relative * width, box: box)
      let linear = try Self.certify(LinearBounds(.init()), examples, threat, ensemble)
      let intervals = try Self.certify(IntervalBounds(.init()), examples, threat, ensemble)
      let least = try ensemble.attacked(examples, threat, steps: 8)
      for row in 0..<examples.count {
        #expect(linear[row].margin <= least[row] + 1e-9, "ε = \(threat.epsilon)")
        #expect(intervals[row].margin <= linear[row].margin + 1e-9)
        if linear[row].isCertified { #expect(least[row] > 0) }
        #expect(linear[row].safeDraws >= intervals[row].safeDraws)
      }
      if relative == 0 {
        let clean = try ensemble.margins(examples.inputs, examples.labels)
        // Nothing but rounding stands between.
        for row in 0..<examples.count where abs(clean[row]) > 1e-7 {
          #expect(linear[row].isCertified == (clean[row] > 0))
        }
      }
      let now = linear.map(\.isCertified)
      for (before, after) in zip(known, now) where after { #expect(before) }
      known = now
    }
  }

  /// Deep imported networks, with intervals in front of hidden functions.
  @Test(arguments: [Posterior.lenet, .mobilenet, .resnet], [Norm.linf, .l2]) func `in deep networks`(
    _ posterior: Posterior, _ norm: Norm
  ) throws {
    let (ensemble, examples, box) = try posterior.load(posterior == .lenet ? 5 : 2, draws: posterior == .lenet ? 2 : 1)
    var options = LinearBounds.Options()
    options.hidden = .intervals
    let width = (box.upperBound - box.lowerBound) * (norm == .l2 ? Double(examples.inputs.rowSize).squareRoot() / 3 : 1)
    for relative in [0, 1e-4, 0.01] {
      let threat = try ThreatModel(norm: norm, epsilon: relative * width, box: box)
      let found = try Self.certify(LinearBounds(options), examples, threat, ensemble)
      let least = try ensemble.attacked(examples, threat, steps: 3)
      for row in 0..<examples.count {
        #expect(found[row].margin <= least[row] + 1e-9)
        if relative == 0 { #expect(found[row].isCertified == (least[row] > 0)) }
      }
    }
  }

  @Test(arguments: [Decision.majorityVote, .singleDraw(1)]) func `by other decisions`(_ decision: Decision) throws {
    let (ensemble, examples, box) = try Posterior.sharp.load(8, draws: 7)
    var certified = 0
    for epsilon in [0.005, 0.02, 0.05] {
      let threat = try ThreatModel(epsilon: epsilon, box: box)
      let found = try Self.certify(LinearBounds(.init()), examples, threat, ensemble, decision: decision)
      var numbers = Numbers(71)
      for _ in 0..<20 {
        var points = examples.inputs
        for index in points.elements.indices {
          points.elements[index] += numbers.whole(below: 2) == 0 ? epsilon : -epsilon
        }
        threat.project(&points, around: examples.inputs)
        let prediction =
          try decision == .majorityVote
          ? ensemble.predict(points, draws: .all) : ensemble.predict(points, draws: .some([1]))
        for (row, chosen) in prediction.classes(decision == .majorityVote ? .majorityVote : .predictive).enumerated()
        where found[row].isCertified {
          #expect(chosen == examples.labels[row])
          certified += 1
        }
      }
    }
    #expect(certified > 0)
  }

  @Test(arguments: [Posterior.relu, .saturated, .moonsLeaky, .sigmoid])
  func `whoever else is asked about, and whatever linear bounds may cost`(_ posterior: Posterior) throws {
    let (ensemble, examples, box) = try posterior.load(4, draws: 2)
    let threat = try ThreatModel(epsilon: 0.01 * (box.upperBound - box.lowerBound), box: box)
    let together = try Self.certify(LinearBounds(.init()), examples, threat, ensemble)
    let intervals = try Self.certify(IntervalBounds(.init()), examples, threat, ensemble)
    var options = LinearBounds.Options()
    options.budget = 0
    let cheap = try Self.certify(LinearBounds(options), examples, threat, ensemble)
    for row in 0..<examples.count {
      let alone = examples.subset([row])
      #expect(try Self.certify(LinearBounds(.init()), alone, threat, ensemble) == [together[row]])
      #expect(try Self.certify(IntervalBounds(.init()), alone, threat, ensemble) == [intervals[row]])
      #expect(intervals[row].margin <= cheap[row].margin && cheap[row].margin <= together[row].margin + 1e-12)
    }
  }

  @Test func `whether every draw stands once or twice`() throws {
    let (ensemble, examples, box) = try Posterior.relu.load(6, draws: 4)
    let threat = try ThreatModel(epsilon: 0.01, box: box)
    let once = try Self.certify(LinearBounds(.init()), examples, threat, ensemble)
    let twice = MadeUp(
      networks: try [0, 1, 2, 3, 0, 1, 2, 3].map(ensemble.boundedMember), inputShape: ensemble.inputShape,
      classCount: ensemble.classCount)
    for (a, b) in zip(once, try Self.certify(LinearBounds(.init()), examples, threat, twice)) {
      #expect(abs(a.margin - b.margin) < 1e-13)
      #expect(2 * a.safeDraws == b.safeDraws)
    }
  }

  /// Intervals of an independent implementation.
  @Test func `and is no less than what another program's intervals certify`() throws {
    let (ensemble, _, box) = try Posterior.relu.load(1, draws: 8)
    let file = try HDF5File.open(Fixtures.url("oracles/mnist-fc2-relu.interval-bounds.h5").path)
    let inputs = try file.dataset("inputs").readAll(as: Double.self)
    let labels = try file.dataset("labels").readAll(as: Int64.self).map(Int.init)
    let theirs = try file.dataset("predictive_margin_lower_bound").readAll(as: Double.self)
    let examples = Examples(
      inputs: Tensor(shape: [labels.count] + ensemble.inputShape, elements: inputs), labels: labels)
    let threat = try ThreatModel(epsilon: 0.004, box: box)
    let intervals = try Self.certify(IntervalBounds(.init()), examples, threat, ensemble)
    let linear = try Self.certify(LinearBounds(.init()), examples, threat, ensemble)
    for row in labels.indices {
      let bound = (0..<10).filter { $0 != labels[row] }.map { theirs[row * 10 + $0] }.min()!
      #expect(abs(intervals[row].margin - bound) < 1e-9 || intervals[row].margin > bound)
      #expect(linear[row].margin >= intervals[row].margin - 1e-12)
    }
  }

  @Test(arguments: [Float.nan, .infinity, -.infinity, 1e38]) func `where weights are not numbers, or too large`(
    _ value: Float
  ) throws {
    let (source, examples, box) = try Posterior.relu.load(3, draws: 2)
    var parameters = try (0..<2).map { try source.member($0).parameters }
    parameters[1][17] = value
    parameters[1][parameters[1].count - 30] = value
    let architecture = try source.member(0).architecture
    let networks = try (0..<2).map { draw in
      try Network(architecture: architecture, parameters: parameters[draw])
    }
    let ensemble = try NetworkEnsemble(InMemoryWeights(architecture: architecture, draws: networks.map(\.parameters)))
    let threat = try ThreatModel(epsilon: 0.01, box: box)
    for example in try Self.certify(LinearBounds(.init()), examples, threat, ensemble) {
      #expect(!example.margin.isNaN)
      if !value.isFinite { #expect(!example.isCertified) }
    }
  }

  @Test func `where weights are a thousand times as large`() throws {
    let (source, examples, box) = try Posterior.relu.load(4, draws: 3)
    let architecture = try source.member(0).architecture
    let draws = try (0..<3).map { try source.member($0).parameters.map { 1000 * $0 } }
    let ensemble = try NetworkEnsemble(
      InMemoryWeights(architecture: architecture, draws: draws))
    for epsilon in [0, 1e-5, 1e-3, 0.1] {
      let threat = try ThreatModel(epsilon: epsilon, box: box)
      let least = try ensemble.attacked(examples, threat, steps: 6)
      for (found, margin) in zip(try Self.certify(LinearBounds(.init()), examples, threat, ensemble), least) {
        #expect(!found.margin.isNaN && found.margin <= margin + 1e-9)
      }
    }
  }
}
