import RobustnessCore
import TestSupport

/// An oracle that counts what is asked about each example, and refuses what an attack says it does not need.
struct CountingOracle<Ensemble: PosteriorEnsemble>: AttackOracle {
  private var base: DirectOracle<Ensemble>
  private let access: AttackCapabilities.Access
  /// Points asked about each example.
  private(set) var counts: [Int]
  /// The points of each question with the examples they belong to, in order.
  private(set) var questions: [(points: Tensor, rows: [Int])] = []

  init(
    _ ensemble: Ensemble, _ examples: Examples, access: AttackCapabilities.Access,
    goal: ThreatModel.Goal = .untargeted
  ) {
    base = DirectOracle(ensemble, examples, goal: goal)
    self.access = access
    counts = [Int](repeating: 0, count: examples.count)
  }

  var classCount: Int { base.classCount }

  private mutating func count(_ points: Tensor, _ rows: [Int], _ needed: [AttackCapabilities.Access]) throws {
    guard needed.contains(access) else { throw CoreError("an attack on \(access.rawValue) asks for more") }
    for row in rows { counts[row] += 1 }
    questions.append((points, rows))
  }

  mutating func ascent(_ points: Tensor, of rows: [Int], objective: Objective?) throws -> Ascent {
    try count(points, rows, [.gradients])
    return try base.ascent(points, of: rows, objective: objective)
  }

  mutating func ascent(
    _ points: Tensor, of rows: [Int], toward classes: [Int], objective: Objective?
  ) throws -> Ascent {
    try count(points, rows, [.gradients])
    return try base.ascent(points, of: rows, toward: classes, objective: objective)
  }

  mutating func values(_ points: Tensor, of rows: [Int], objective: Objective?) throws -> Values {
    try count(points, rows, [.gradients, .scores])
    return try base.values(points, of: rows, objective: objective)
  }

  mutating func logProbabilities(_ points: Tensor, of rows: [Int]) throws -> Tensor {
    try count(points, rows, [.gradients, .scores])
    return try base.logProbabilities(points, of: rows)
  }

  mutating func successes(_ points: Tensor, of rows: [Int]) throws -> [Bool] {
    try count(points, rows, [.gradients, .scores, .decisions])
    return try base.successes(points, of: rows)
  }
}

/// A problem of two classes whose boundary is the plane w·x + b = 0, far inside its box.
struct Plane {
  let weights: [Double]
  let bias: Double
  let shape: [Int]
  let inputs: [[Double]]
  /// Logits are ± scale·(w·x + b)/2.
  var scale = 1.0

  static let box = -50.0...50

  /// Inputs and weights that are numbers of a stream, uniform in (−1, 1).
  init(shape: [Int], examples: Int, weights: [Double]? = nil, seed: UInt64 = 5) {
    let size = shape.reduce(1, *)
    func numbers(_ purpose: String, _ index: Int) -> [Double] {
      var stream = RandomStreams(seed: seed, purpose: purpose).stream(example: index)
      return stream.uniforms(size).map { 2 * $0 - 1 }
    }
    self.shape = shape
    self.weights = weights ?? numbers("weights", 0)
    bias = 0.3
    inputs = (0..<examples).map { numbers("inputs", $0) }
  }

  private var margins: [Double] { inputs.map { zip(weights, $0).reduce(bias) { $0 + $1.0 * $1.1 } } }

  var ensemble: ListedEnsemble<ShapedPlane> {
    ListedEnsemble([ShapedPlane(shape: shape, weights: weights.map { scale * $0 }, bias: scale * bias)])
  }

  var examples: Examples {
    let labels = margins.map { $0 > 0 ? 0 : 1 }
    return Examples(
      inputs: Tensor(shape: [inputs.count] + shape, elements: inputs.flatMap { $0 }), labels: labels,
      targets: labels.map { 1 - $0 })
  }

  /// The distance of each input from the plane.
  func radii(_ norm: Norm) -> [Double] {
    let dual =
      norm == .linf
      ? weights.reduce(0) { $0 + abs($1) } : weights.reduce(0) { $0 + $1 * $1 }.squareRoot()
    return margins.map { abs($0) / dual }
  }

  /// Whether each example falls to an attack that may go `factor` times its radius.
  func falls<A: Attack>(
    _ attack: A.Type, _ assignments: [String: String] = [:], _ norm: Norm, factor: Double,
    goal: ThreatModel.Goal = .untargeted
  ) throws -> [Bool] {
    try radii(norm).enumerated().map { row, radius in
      let threat = try ThreatModel(norm: norm, epsilon: factor * radius, box: Self.box, goal: goal)
      let one = examples.subset([row])
      var oracle = CountingOracle(ensemble, one, access: A.capabilities.access, goal: goal)
      let points = try A(A.Options(assignments: assignments))
        .perturb(one, within: threat, oracle: &oracle, random: streams)
      guard threat.respectsBudget(points, around: one.inputs)[0] else { return false }
      var judge = DirectOracle(ensemble, one, goal: goal)
      return try judge.successes(points)[0]
    }
  }
}

/// Logits ±(w·x + b)/2 of inputs of any shape.
struct ShapedPlane: Model {
  let shape: [Int]
  let weights: [Double]
  let bias: Double

  var inputShape: [Int] { shape }
  var classCount: Int { 2 }

  private var flat: LinearNetwork {
    LinearNetwork(weights: [weights.map { $0 / 2 }, weights.map { -$0 / 2 }], bias: [bias / 2, -bias / 2])
  }

  func logits(_ inputs: Tensor) throws -> Tensor {
    try flat.logits(inputs.reshaped([inputs.rowCount, inputs.rowSize]))
  }

  func inputGradient(_ inputs: Tensor, logitGradient: Tensor) throws -> ScaledGradient {
    let answer = try flat.inputGradient(
      inputs.reshaped([inputs.rowCount, inputs.rowSize]), logitGradient: logitGradient)
    return ScaledGradient(values: answer.values.reshaped(inputs.shape), exponents: answer.exponents)
  }
}
