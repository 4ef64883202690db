import Foundation
import RobustnessCore
import TestSupport
import Testing

@testable import EvaluationHarness

/// What is judged: draws, examples, labels, the ball and the goal, one fault at a time, and the same without it.
@Suite(.inTurn) struct `What is judged is looked at` {
  /// Two classes on the first of three features, with the boundary at 0.5, and what else a draw says.
  static func network(_ slope: Double, tilt: [Double] = [0, 0], bias: Double = 0) -> LinearNetwork {
    LinearNetwork(weights: [[0, 0, 0], [slope] + tilt], bias: [0, bias - 0.5 * slope])
  }

  static func normals(_ count: Int, key: Int) -> [Double] {
    var stream = RandomStreams(seed: 5, purpose: "judged-things").stream(example: key)
    return stream.normals(count)
  }

  static func examples(_ count: Int, key: Int = 0, label: (Double) -> Int = { $0 > 0.5 ? 1 : 0 }) -> Examples {
    var stream = RandomStreams(seed: 5, purpose: "judged-inputs").stream(example: key)
    let inputs = Tensor(shape: [count, 3], elements: stream.uniforms(3 * count))
    return Examples(inputs: inputs, labels: (0..<count).map { label(inputs[row: $0].first ?? 0) })
  }

  func checks(
    _ networks: [LinearNetwork], _ examples: Examples = Self.examples(60), origin: DrawOrigin? = nil,
    attack: String = "pgd", epsilon: Double = 0.05, subject change: (inout EvaluationSubject) -> Void = { _ in },
    plan: (inout EvaluationPlan) -> Void = { _ in }
  ) throws -> (verdict: Verdict, checks: [Check], result: EvaluationResult) {
    var subject = ClosedForm.subject(ListedEnsemble(networks), examples: examples, origin: origin)
    change(&subject)
    let result = try subject.evaluated([request(attack)], epsilons: [epsilon], change: plan)
    return (result.verdict, result.attackRuns[0].checks, result)
  }

  /// Draws with tilts of their own, each a step further than the one before it where they are of a chain.
  func walk(_ count: Int, steps: Double, key: Int) -> [LinearNetwork] {
    var tilt = [0.0, 0]
    return (0..<count).map { draw in
      let step = Self.normals(2, key: 100 * key + draw)
      tilt = steps < 1 ? zip(tilt, step).map { $0 + steps * $1 } : step
      return Self.network(6, tilt: tilt)
    }
  }

  @Test(arguments: 1...4) func `a chain that calls itself an ensemble`(_ key: Int) throws {
    #expect(try checks(walk(40, steps: 0.2, key: key), origin: .ensemble).verdict.warnings == ["independent-draws"])
    #expect(try checks(walk(40, steps: 1, key: key), origin: .ensemble).verdict.warnings == [])
    // Chains are asked for R-hat instead.
    #expect(
      try !checks(walk(40, steps: 0.2, key: key), origin: .mcmc).checks.contains { $0.name == "independent-draws" })
  }

  @Test func `copies with other rounding`() throws {
    let networks = (0..<9).map { Self.network(6 * (1 + 1e-7 * Double($0 % 8)), tilt: $0 == 8 ? [1, 0] : [0, 0]) }
    #expect(try checks(networks, origin: .ensemble).verdict.failed == ["identical-draws"])
    let half = (0..<8).map { Self.network(6 * (1 + 1e-7 * Double($0)), tilt: $0 < 4 ? [0, 0] : [Double($0), 0]) }
    #expect(try checks(half, origin: .bootstrap).verdict.warnings.contains("identical-draws"))
    #expect(try checks(walk(8, steps: 1, key: 9), origin: .bootstrap).verdict.warnings == [])
  }

  @Test func `a chain that is stored twice`() throws {
    let chain = walk(30, steps: 1, key: 3)
    #expect(
      try checks(chain + chain, origin: .mcmc, subject: { $0.chains = 2 }).verdict.failed.first == "identical-draws")
    #expect(
      try !checks(chain + walk(30, steps: 1, key: 4), origin: .mcmc, subject: { $0.chains = 2 }).verdict.failed
        .contains("identical-draws"))
  }

  @Test func `a random walk that repeats most of its states`() throws {
    let states = walk(120, steps: 1, key: 7)
    let chain = states.flatMap { Array(repeating: $0, count: 5) }
    #expect(try !checks(chain, origin: .mcmc).verdict.failed.contains("identical-draws"))
    #expect(try checks(Array(chain.prefix(300)), origin: .mcmc).verdict.failed.first == "identical-draws")
  }

  @Test func `a predictive that says nothing`() throws {
    #expect(try checks([Self.network(1e-5), Self.network(2e-5)]).verdict.failed.first == "uniform-predictive")
    #expect(try !checks([Self.network(0.3), Self.network(0.2)]).verdict.failed.contains("uniform-predictive"))
  }

  @Test func `labels of which half are others, and labels that are noisy and known to be`() throws {
    let sure = (0..<5).map { Self.network(48, tilt: Self.normals(2, key: 500 + $0)) }
    var count = 0
    let shifted = Self.examples(200) { x in
      count += 1
      return count % 3 == 0 ? (x > 0.5 ? 0 : 1) : (x > 0.5 ? 1 : 0)
    }
    #expect(try checks(sure, shifted).verdict.warnings == ["calibration"])
    #expect(try checks(sure, Self.examples(200)).verdict.warnings == [])
    // As sure as it is right.
    let modest = [Self.network(3), Self.network(2.5)]
    #expect(try checks(modest, shifted).verdict.warnings == [])
  }

  @Test func `draws at chance beside draws that know the task`() throws {
    let good = (0..<5).map { Self.network(20, tilt: Self.normals(2, key: 50 + $0)) }
    let garbage = (0..<3).map { draw in
      LinearNetwork(weights: [[0, 0, 0], [0] + Self.normals(2, key: 70 + draw).map { 9 * $0 }], bias: [0, 0])
    }
    let mixed = try checks(good + garbage, Self.examples(100))
    #expect(mixed.verdict.warnings.contains("member-accuracy"))
    #expect(try checks(good, Self.examples(100)).verdict.warnings == [])
    // From bad to good without a gap: one posterior.
    let continuum = (0..<12).map { Self.network(Double($0), tilt: Self.normals(2, key: 90 + $0)) }
    #expect(try !checks(continuum, Self.examples(100)).verdict.warnings.contains("member-accuracy"))
  }

  @Test func `one bad draw of many is the tail of a distribution, and of separate trainings one that failed`() throws {
    let good = (0..<24).map { Self.network(20, tilt: Self.normals(2, key: 600 + $0)) }
    let garbage = (0..<3).map { draw in
      LinearNetwork(weights: [[0, 0, 0], [0] + Self.normals(2, key: 70 + draw).map { 9 * $0 }], bias: [0, 0])
    }
    func isWarned(_ bad: Int, of count: Int, _ origin: DrawOrigin) throws -> Bool {
      try checks(Array(good.prefix(count - bad) + garbage.prefix(bad)), Self.examples(100), origin: origin).verdict
        .warnings.contains("member-accuracy")
    }
    #expect(try !isWarned(1, of: 20, .variational))
    #expect(try isWarned(1, of: 20, .ensemble))
    #expect(try !isWarned(1, of: 25, .ensemble))
    #expect(try isWarned(3, of: 25, .variational))
    #expect(try isWarned(1, of: 8, .variational))
  }

  @Test func `one draw that decides alone`() throws {
    let quiet = (0..<6).map { draw in
      LinearNetwork(weights: [[0, 0, 0], [-0.5] + Self.normals(2, key: 20 + draw).map { 0.2 * $0 }], bias: [0, 0.25])
    }
    #expect(try checks(quiet + [Self.network(200)], Self.examples(100)).verdict.warnings.contains("deciding-member"))
    #expect(try checks((0..<7).map { Self.network(6 + Double($0)) }, Self.examples(100)).verdict.warnings == [])
  }

  @Test func `a part of the draws`() throws {
    let networks = walk(12, steps: 1, key: 8)
    #expect(try checks(networks, plan: { $0.draws = .some([3]) }).verdict.warnings.contains("evaluated-draws"))
    #expect(try checks(networks, plan: { $0.decision = .singleDraw(2) }).verdict.warnings.contains("evaluated-draws"))
    let alike = (0..<12).map { Self.network(6 + 0.1 * Double($0)) }
    #expect(try checks(alike, plan: { $0.draws = .some(Array(0..<6)) }).verdict.warnings == [])
    // Fewer than half, and than ten: what they decide at the inputs as given says nothing of attacked points.
    #expect(try checks(alike, plan: { $0.draws = .some([0, 6]) }).verdict.warnings.contains("evaluated-draws"))
  }

  @Test func `examples of one class, near copies, and training data`() throws {
    let networks = walk(5, steps: 1, key: 6)
    let all = Self.examples(120)
    let ones = all.subset(all.labels.indices.filter { all.labels[$0] == 1 })
    #expect(try checks(networks, ones).verdict.warnings == ["example-classes"])

    var copies = Tensor(zeros: [60, 3])
    for row in 0..<60 {
      copies[row: row] = zip(all.inputs[row: row % 6], Self.normals(3, key: row)).map { $0 + 1e-5 * $1 }[...]
    }
    let near = Examples(inputs: copies, labels: (0..<60).map { all.labels[$0 % 6] })
    let result = try checks(networks, near)
    #expect(result.verdict.warnings == ["distinct-examples"])
    // The interval is that of six examples.
    let clean = result.result.cleanAccuracy
    let six = Estimate.proportion(Int((6 * clean.value).rounded()), of: 6)
    #expect(abs((clean.low ?? 0) - (six.low ?? 1)) < 1e-12)

    #expect(
      try checks(networks, all, subject: { $0.trainingDataStatement = "split = train" }).verdict.warnings
        == ["training-data"])
    #expect(try checks(networks, all).verdict.warnings == [])
  }

  @Test func `noise alone`() throws {
    let networks = walk(6, steps: 1, key: 2)
    #expect(try checks(networks).verdict.warnings == [])
    let subject = ClosedForm.subject(ListedEnsemble(networks), examples: Self.examples(60))
    #expect(try subject.evaluated([request("random")], epsilons: [0.05]).verdict.warnings == ["noise-alone"])
  }

  @Test func `a ball below rounding, a goal that is one class, draws that were not attacked`() throws {
    let networks = walk(6, steps: 1, key: 2)
    #expect(try checks(networks, epsilon: 1e-6).verdict.warnings == ["radius-above-rounding"])
    #expect(try checks(networks, epsilon: 1 / 255.0).verdict.warnings == [])
    #expect(try checks(networks, plan: { $0.target = .next }).verdict.warnings == ["targeted-goal"])
    #expect(try checks(networks, plan: { $0.target = .each }).verdict.warnings == [])
    #expect(
      try checks(networks, plan: { $0.attackDraws = .disjoint(2) }).verdict.warnings.contains("attack-draws"))
    #expect(try checks(networks, plan: { $0.attackDraws = .resampled(2) }).verdict.warnings == [])
  }
}
