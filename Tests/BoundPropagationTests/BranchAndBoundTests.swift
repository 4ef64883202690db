import Foundation
import LinearBounds
import NeuralNetworks
import PosteriorFiles
import RobustnessCore
import TestSupport
import Testing

@testable import BoundPropagation
@testable import BranchAndBound
@testable import JointBounds

@Suite(.inTurn) struct `Branch and bound` {
  private static let count = 40

  private func moons(_ count: Int = Self.count) throws -> (NetworkEnsemble, Examples) {
    try BoundedFixture.load(
      try PosteriorFile.open(Fixtures.url("oracles/moons-fc2-leaky.h5").path, probe: nil), count)
  }

  /// Two draws that say the opposite with the same certainty: no box around the tie can be proven, however small.
  @Test func `does not split around a tie`() throws {
    let ensemble = try BoundedFixture.dense(
      [("a", 2, 2, "identity")], draws: [[1, 0, 0, 1, 0.25, 0], [-1, 0, 0, -1, -0.25, 0]])
    let examples = Examples(inputs: Tensor(shape: [1, 2], elements: [0.5, 0.25]), labels: [0])
    let question = try BoundedFixture.question(examples, epsilon: 0.25, draws: 2)
    let found = try BranchAndBound(.init()).certify(examples, question, of: ensemble)
    #expect(!found.examples[0].isCertified)
    // A box takes some tens of multiplications for a draw.
    #expect(found.multiplications < 4000)
  }

  /// The predictive's least margin on a grid over the box of each example, within the ball in L2.
  private func gridMinima(
    _ ensemble: NetworkEnsemble, _ examples: Examples, _ norm: Norm, _ epsilon: Double, steps: Int = 40,
    frozen: Int? = nil
  ) throws -> [Double] {
    try (0..<examples.count).map { example in
      let x = Array(examples.inputs[row: example])
      var points: [Double] = []
      for i in -steps...steps {
        for j in -steps...steps {
          let d = [Double(i), Double(j)].map { $0 / Double(steps) * epsilon }
          if frozen == 1, j != 0 { continue }
          if norm == .l2, d[0] * d[0] + d[1] * d[1] > epsilon * epsilon { continue }
          for f in 0..<2 { points.append(min(max(x[f] + d[f], 0), 1)) }
        }
      }
      let inputs = Tensor(shape: [points.count / 2, 2], elements: points)
      let p = try ensemble.predict(inputs, draws: .all).logProbabilities
      let label = examples.labels[example]
      return (0..<inputs.rowCount).map { exp(p[$0, label]) - exp(p[$0, 1 - label]) }.min()!
    }
  }

  @Test(arguments: [Norm.linf, .l2])
  func `half-moons are decided as on a grid`(_ norm: Norm) throws {
    let (ensemble, examples) = try moons()
    let minima = try gridMinima(ensemble, examples, norm, 0.08)
    let question = try BoundedFixture.question(examples, norm: norm, epsilon: 0.08, draws: ensemble.drawCount)
    let results = try BranchAndBound(.init()).certify(examples, question, of: ensemble).examples
    var decided = (yes: 0, no: 0)
    for (result, least) in zip(results, minima) {
      // The grid's networks are in single precision.
      #expect(result.margin <= least + 1e-4)
      if least > 0.02 {
        #expect(result.isCertified)
        decided.yes += 1
      } else if least < -1e-4 {
        #expect(!result.isCertified)
        decided.no += 1
      }
    }
    #expect(decided.yes >= 5 && decided.no >= 5 && decided.yes + decided.no >= Self.count - 3)
  }

  @Test func `with an accuracy the margin is the grid's`() throws {
    let (ensemble, examples) = try moons(12)
    let minima = try gridMinima(ensemble, examples, .linf, 0.05, steps: 100)
    let question = try BoundedFixture.question(examples, epsilon: 0.05, draws: ensemble.drawCount)
    let certificate = try BranchAndBound(.init(assignments: ["accuracy": "0.003"]))
    for (result, least) in zip(try certificate.certify(examples, question, of: ensemble).examples, minima) {
      #expect(abs(result.margin - least) < 0.01)
    }
  }

  @Test func `nothing else is certified where the decision changes`() throws {
    let (ensemble, examples) = try moons(100)
    let question = try BoundedFixture.question(examples, epsilon: 0.08, draws: ensemble.drawCount)
    let exact = try BranchAndBound(.init()).certify(examples, question, of: ensemble).examples
    let linear = try LinearBounds(.init()).certify(examples, question, of: ensemble).examples
    let joint = try JointBounds(.init()).certify(examples, question, of: ensemble).examples
    for row in exact.indices {
      #expect(exact[row].isCertified || !linear[row].isCertified)
      #expect(exact[row].isCertified || !joint[row].isCertified)
    }
    let counts = [linear, joint, exact].map { $0.filter(\.isCertified).count }
    #expect(counts[0] < counts[1] && counts[1] <= counts[2], "\(counts)")
  }

  @Test func `joint bounds end where the exact radius does`() throws {
    let (ensemble, examples) = try moons(60)
    let exact = try BranchAndBound(.init())
    var joint = try JointBounds(.init())
    // By its bounds alone.
    joint.refutes = false
    var question = try BoundedFixture.question(examples, epsilon: 0.1, draws: ensemble.drawCount)
    // Bisection: `high` is refuted, `low` proven.
    var (low, high) = (question.radii.map { _ in 0.0 }, question.radii)
    for _ in 0..<9 {
      question.radii = zip(low, high).map { ($0 + $1) / 2 }
      for (row, result) in try exact.certify(examples, question, of: ensemble).examples.enumerated() {
        if result.isCertified { low[row] = question.radii[row] } else { high[row] = question.radii[row] }
      }
    }
    let rows = high.indices.filter { high[$0] < 0.1 && low[$0] > 0 }
    #expect(rows.count > 20)
    var proven = [Int](repeating: 0, count: 3)
    for (index, share) in [1.0, 1.01, 1.05].enumerated() {
      question.radii = high.map { $0 * share }
      let results = try joint.certify(examples.subset(rows), question.about(rows), of: ensemble).examples
      #expect(results.allSatisfy { !$0.isCertified }, "at \(share)")
      question.radii = low.map { $0 * [0.98, 0.95, 0.9][index] }
      proven[index] = try joint.certify(examples.subset(rows), question.about(rows), of: ensemble).examples
        .filter(\.isCertified).count
    }
    // They come close enough for that to mean something.
    #expect(proven[0] > rows.count / 4 && proven[2] > rows.count / 2, "\(proven) of \(rows.count)")
  }

  @Test func `features that may not change are left alone`() throws {
    let (ensemble, examples) = try moons()
    let minima = try gridMinima(ensemble, examples, .linf, 0.1, steps: 200, frozen: 1)
    var question = try BoundedFixture.question(examples, epsilon: 0.1, draws: ensemble.drawCount)
    question.threat = try ThreatModel(epsilon: 0.1, mask: [true, false])
    let masked = try BranchAndBound(.init()).certify(examples, question, of: ensemble).examples
    question.threat = try ThreatModel(epsilon: 0.1, epsilonPerFeature: [0.1, 0])
    let radii = try BranchAndBound(.init()).certify(examples, question, of: ensemble).examples
    for (row, least) in minima.enumerated() where abs(least) > 1e-3 {
      #expect(masked[row].isCertified == (least > 0))
      #expect(radii[row].isCertified == (least > 0))
    }
  }

  @Test func `more boxes prove more, and one proves what linear bounds do`() throws {
    let (ensemble, examples) = try moons()
    let question = try BoundedFixture.question(examples, epsilon: 0.07, draws: ensemble.drawCount)
    let linear = try LinearBounds(.init()).certify(examples, question, of: ensemble).examples
    var before = linear.map(\.margin)
    var counts: [Int] = []
    for boxes in [1, 9, 200] {
      let results = try BranchAndBound(.init(assignments: ["boxes": "\(boxes)"])).certify(
        examples, question, of: ensemble
      ).examples
      for row in before.indices { #expect(results[row].margin >= before[row] - 1e-12 || results[row].isCertified) }
      before = results.map(\.margin)
      counts.append(results.filter(\.isCertified).count)
    }
    #expect(counts[0] < counts[2], "\(counts)")
  }

  @Test func `a wrong decision at the input, or at a suspect, ends the search`() throws {
    let (ensemble, examples) = try moons(8)
    var question = try BoundedFixture.question(examples, epsilon: 0.01, draws: ensemble.drawCount)
    let right = try BranchAndBound(.init()).certify(examples, question, of: ensemble)
    #expect(right.examples.filter(\.isCertified).count >= 6)
    let swapped = Examples(inputs: examples.inputs, labels: examples.labels.map { 1 - $0 })
    let wrong = try BranchAndBound(.init()).certify(swapped, question, of: ensemble)
    #expect(wrong.examples.allSatisfy { !$0.isCertified })
    // One box each.
    #expect(wrong.multiplications <= 1.01 * right.multiplications)
    question.suspects = Tensor(shape: examples.inputs.shape, elements: examples.inputs.elements.map { _ in .nan })
    let nowhere = try BranchAndBound(.init()).certify(examples, question, of: ensemble)
    #expect(nowhere.examples.map(\.isCertified) == right.examples.map(\.isCertified))
  }

  @Test func `votes and single draws are decided too`() throws {
    let (ensemble, examples) = try moons()
    var question = try BoundedFixture.question(examples, epsilon: 0.1, draws: ensemble.drawCount)
    for decision in [Decision.majorityVote, .singleDraw(3)] {
      question.decision = decision
      let linear = try LinearBounds(.init()).certify(examples, question, of: ensemble).examples
      let exact = try BranchAndBound(.init(assignments: ["boxes": "600"])).certify(examples, question, of: ensemble)
        .examples
      for row in exact.indices { #expect(exact[row].margin >= linear[row].margin - 1e-12 || exact[row].isCertified) }
      #expect(exact.filter(\.isCertified).count > linear.filter(\.isCertified).count)
    }
  }

  @Test func `an ensemble of linear draws gets its closed form`() throws {
    let ensemble = try BoundedFixture.dense([("output", 2, 1, "identity")], draws: [[0, 4, 1, 0], [0, -4, 1, 0]])
    let examples = Examples(inputs: Tensor(shape: [1, 1], elements: [0.1]), labels: [0])
    let question = CertificateQuestion(
      threat: try ThreatModel(epsilon: 0.5, box: -1...1), radii: [0.5], draws: [0, 1])
    let result = try BranchAndBound(.init(assignments: ["accuracy": "1e-6"])).certify(examples, question, of: ensemble)
    // The margin is even, and falls away from 0.
    let least = (tanh((1 - 4 * 0.6) / 2) + tanh((1 + 4 * 0.6) / 2)) / 2
    #expect(result.examples[0].margin <= least && result.examples[0].margin > least - 2e-6)
  }

  @Test func `what a ball leaves of a box holds all of its points`() throws {
    var random = SplitMix(state: 8)
    let examples = Examples(inputs: Tensor(shape: [1, 3], elements: [0.5, 0.5, 0.5]), labels: [0])
    let region = try InputRegion(examples, try BoundedFixture.question(examples, epsilon: 0.5, draws: 1))
    var (smaller, gone) = (0, 0)
    for _ in 0..<200 {
      var box = InputBox(region, example: 0)
      for i in 0..<3 {
        let (a, b) = (random.uniform(0, 1), random.uniform(0, 1))
        (box.lower[i], box.upper[i]) = (min(a, b), max(a, b))
      }
      var part = box
      let isLeft = part.contract(to: region.centre(example: 0), radius: 0.3)
      if !isLeft { gone += 1 } else if part.lower != box.lower || part.upper != box.upper { smaller += 1 }
      for _ in 0..<100 {
        let p = (0..<3).map { random.uniform(box.lower[$0], box.upper[$0]) }
        guard p.reduce(0, { $0 + ($1 - 0.5) * ($1 - 0.5) }) <= 0.09 else { continue }
        #expect(isLeft)
        for i in 0..<3 { #expect(part.lower[i] <= p[i] && p[i] <= part.upper[i]) }
      }
    }
    #expect(smaller > 50 && gone > 5)
  }

  @Test func `options that make no sense are refused`() {
    #expect(throws: CoreError.self) { try BranchAndBound(.init(assignments: ["boxes": "0"])) }
    #expect(throws: CoreError.self) { try BranchAndBound(.init(assignments: ["accuracy": "0"])) }
  }
}
