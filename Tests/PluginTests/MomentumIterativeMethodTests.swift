import MIFGSM
import PGD
import RobustnessCore
import TestSupport
import Testing

@Suite(.inTurn) struct `Momentum iterative method` {
  static let wide = -9.0...9.0

  /// Two classes on a plane, members of the objective chosen by `weights`: logits ±w·x.
  static func plane(_ w: [Double]) -> ListedEnsemble<LinearNetwork> {
    ListedEnsemble([LinearNetwork(weights: [w, w.map { -$0 }], bias: [0, 0])])
  }

  /// An oracle whose gradient at the n-th question is what the test says.
  struct ScriptedOracle: AttackOracle {
    var gradients: [ScaledGradient]
    var classCount: Int { 2 }
    private(set) var asked: [Tensor] = []

    init(_ gradients: [ScaledGradient]) { self.gradients = gradients }

    mutating func ascent(_ points: Tensor, of rows: [Int], objective: Objective?) throws -> Ascent {
      asked.append(points)
      return Ascent(values: [0], successes: [false], gradient: gradients.removeFirst())
    }
    mutating func ascent(
      _ points: Tensor, of rows: [Int], toward classes: [Int], objective: Objective?
    ) throws -> Ascent { try ascent(points, of: rows, objective: objective) }
    mutating func values(_ points: Tensor, of rows: [Int], objective: Objective?) throws -> Values {
      Values(values: [0], successes: [false])
    }
    mutating func logProbabilities(_ points: Tensor, of rows: [Int]) throws -> Tensor { Tensor(zeros: [1, 2]) }
    mutating func successes(_ points: Tensor, of rows: [Int]) throws -> [Bool] { [false] }
  }

  static func gradient(_ values: [Double], exponent: Int = 0) -> ScaledGradient {
    ScaledGradient(values: Tensor(shape: [1, values.count], elements: values), exponents: [exponent])
  }

  func end(_ gradients: [ScaledGradient], _ options: [String: String], norm: Norm, mask: [Bool]? = nil) throws
    -> [Double]
  {
    let count = gradients[0].values.rowSize
    let examples = Examples(inputs: Tensor(zeros: [1, count]), labels: [0])
    let threat = try ThreatModel(norm: norm, epsilon: 5, box: Self.wide, mask: mask)
    var oracle = ScriptedOracle(gradients)
    let settings = ["keep": "last", "steps": "\(gradients.count)", "step": "1"].merging(options) { $1 }
    let attack = try MomentumIterativeMethod(.init(assignments: settings))
    return try attack.perturb(examples, within: threat, oracle: &oracle, random: streams).elements
  }

  @Test func `steps follow the accumulated gradient, each gradient divided by its mean magnitude`() throws {
    // Normalised: (1.5, 0.5), then (−0.8, 1.2): m = (1.5, 0.5), then (0.7, 1.7).
    let gradients = [Self.gradient([3, 1]), Self.gradient([-80, 120])]
    #expect(try end(gradients, [:], norm: .linf) == [2, 2])
    // Without normalisation m would be (−77, 121); with decay 0.5 it is (−0.05, 1.45).
    #expect(try end(gradients, ["decay": "0.5"], norm: .linf) == [0, 2])
    let lengths = [(1.5 * 1.5 + 0.5 * 0.5).squareRoot(), (0.7 * 0.7 + 1.7 * 1.7).squareRoot()]
    let expected = [1.5 / lengths[0] + 0.7 / lengths[1], 0.5 / lengths[0] + 1.7 / lengths[1]]
    let reached = try end(gradients, [:], norm: .l2)
    #expect(zip(reached, expected).allSatisfy { abs($0 - $1) < 1e-12 }, "\(reached) is not \(expected)")
  }

  @Test func `gradients of any size count alike`() throws {
    let plain = [Self.gradient([0.75, 0.25]), Self.gradient([-0.5, 0.75]), Self.gradient([-0.5, 0.75])]
    let scaled = zip(plain, [-9000, 0, 9000]).map { Self.gradient($0.values.elements, exponent: $1) }
    #expect(try end(scaled, [:], norm: .l2) == end(plain, [:], norm: .l2))
    let tiny = [Self.gradient([3 * .leastNonzeroMagnitude, .leastNonzeroMagnitude]), plain[1], plain[2]]
    #expect(try end(tiny, [:], norm: .l2) == end(plain, [:], norm: .l2))
  }

  @Test func `a zero gradient goes on with what was accumulated`() throws {
    #expect(try end([Self.gradient([1, -1]), Self.gradient([0, 0])], [:], norm: .linf) == [2, -2])
  }

  @Test func `what may not change does not count`() throws {
    // The masked feature has most of the first gradient: were it in the mean, the second gradient would win.
    let gradients = [Self.gradient([100, 1, 1]), Self.gradient([0, -1, -0.5])]
    let reached = try end(gradients, [:], norm: .linf, mask: [false, true, true])
    #expect(reached == [0, 0, 2])
  }

  @Test func `without decay it is projected gradient descent`() throws {
    let ensemble = ClosedFormEnsemble(phases: [0, 0.15, -0.2])
    for norm in Norm.allCases {
      for start in ["true", "false"] {
        let threat = try ThreatModel(norm: norm, epsilon: 0.2)
        let momentum = try run(
          MomentumIterativeMethod.self, ["decay": "0", "random-start": start], on: ensemble,
          AttackFixtures.shared.examples, threat)
        let descent = try run(
          ProjectedGradientDescent.self, ["random-start": start], on: ensemble, AttackFixtures.shared.examples, threat)
        #expect(largestDifference(momentum.points, descent.points) < 1e-12)
      }
    }
  }

  @Test func `the length of the step is resolved into the result`() throws {
    let options = try MomentumIterativeMethod.Options(assignments: ["steps": "5"]).resolved(for: .linf)
    #expect(options.relativeStep == 0.5)
    #expect(options.step == nil)
    #expect(try MomentumIterativeMethod.Options(assignments: ["step": "0.1"]).resolved(for: .linf).relativeStep == nil)
  }

  @Test(arguments: [
    ["steps": "-1"], ["step": "-0.1"], ["relative-step": "-1"], ["decay": "-0.5"], ["step": "1", "relative-step": "1"],
  ])
  func `senseless options are refused`(_ options: [String: String]) {
    #expect(throws: CoreError.self) { try MomentumIterativeMethod(.init(assignments: options)) }
  }
}
