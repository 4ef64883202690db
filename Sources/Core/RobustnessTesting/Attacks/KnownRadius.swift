import RobustnessCore

#if canImport(Darwin)
import Darwin
#elseif canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// A problem whose robust radius is known exactly at every example: the smallest ε at which the decision can be
/// changed.
///
/// Box and mask do not bind.
struct KnownRadius {
  /// What the problem is, for the failure's text.
  let name: String
  let ensemble: ModelList<LinearModel>
  let examples: Examples
  let objective: Objective
  let judge: ConformanceOracle<ModelList<LinearModel>>.Judge
  /// The radius at each example.
  let radii: [Double]

  static let box = -50.0...50
  static let features = 10

  /// The problems for one norm, with at least `classes` classes.
  static func problems(_ norm: Norm, classes: Int) throws -> [KnownRadius] {
    [
      // Gradients of order 1, and far below the smallest number: a gap of 10⁴ between logits.
      try twoRivals("a linear model of two classes", norm, classes, scales: [1], .predictive, .predictive),
      try twoRivals(
        "a linear model whose gradients are near 10⁻⁴⁰⁰⁰", norm, classes, scales: [2e4], .predictive, .predictive),
      try twoRivals(
        "three linear models decided by their mean logit", norm, classes, scales: [0.5, 2, 9], .meanLogit, .meanLogit),
      try manyRivals(norm, classes),
      try multiplesOfOneDirection(norm, classes),
    ]
  }

  /// The norm in which a gradient measures how fast a step of unit length climbs: L1 for L∞, L2 for L2.
  static func dual(_ norm: Norm, _ w: [Double]) -> Double {
    switch norm {
    case .linf: w.reduce(0) { $0 + abs($1) }
    case .l2: w.reduce(0) { $0 + $1 * $1 }.squareRoot()
    }
  }

  private static func numbers(_ purpose: String, _ index: Int) -> [Double] {
    var stream = RandomStreams(seed: 29, purpose: "conformance/" + purpose).stream(example: index)
    return stream.uniforms(features).map { 2 * $0 - 1 }
  }

  private static func dot(_ a: [Double], _ b: [Double]) -> Double { zip(a, b).reduce(0) { $0 + $1.0 * $1.1 } }

  /// More classes for attacks that need them: so unlikely everywhere that they move no boundary.
  private static func padded(_ weights: [[Double]], _ bias: [Double], _ classes: Int) -> LinearModel {
    let missing = max(0, classes - weights.count)
    let low = -1e3 * (1 + weights.joined().reduce(0) { max($0, abs($1)) })
    return LinearModel(
      weights: weights + Array(repeating: [Double](repeating: 0, count: features), count: missing),
      bias: bias + (0..<missing).map { low - Double($0) })
  }

  /// Logits ± scale·(w·x + b)/2 for each scale: the boundary is the plane w·x + b = 0, so the radius is |w·x + b|/‖w‖.
  private static func twoRivals(
    _ name: String, _ norm: Norm, _ classes: Int, scales: [Double], _ objective: Objective,
    _ judge: ConformanceOracle<ModelList<LinearModel>>.Judge
  ) throws -> KnownRadius {
    let w = numbers("plane", 0)
    let b = 0.1
    let members = scales.map { scale in
      padded([w.map { scale * $0 / 2 }, w.map { -scale * $0 / 2 }], [scale * b / 2, -scale * b / 2], classes)
    }
    let inputs = (0..<4).map { numbers("plane inputs", $0) }
    let margins = inputs.map { dot(w, $0) + b }
    return KnownRadius(
      name: name, ensemble: ModelList(members: members),
      examples: Examples(
        inputs: Tensor(shape: [inputs.count, features], elements: inputs.flatMap { $0 }),
        labels: margins.map { $0 > 0 ? 0 : 1 }), objective: objective, judge: judge,
      radii: margins.map { abs($0) / dual(norm, w) })
  }

  /// Several classes: the radius is the smallest (z_y − z_k)/‖w_y − w_k‖ over the rivals k. Examples are taken where
  /// the nearest rival is also the most probable one and the others are far, so that climbing the loss leads to it.
  private static func manyRivals(_ norm: Norm, _ classes: Int) throws -> KnownRadius {
    let count = max(4, classes)
    let scale = 40.0
    let weights = (0..<count).map { k in numbers("classes", k).map { scale * $0 } }
    let model = LinearModel(weights: weights, bias: [Double](repeating: 0, count: count))
    var rows: [[Double]] = []
    var labels: [Int] = []
    var radii: [Double] = []
    var index = 0
    while rows.count < 4 {
      let x = numbers("class inputs", index)
      index += 1
      let z = weights.map { dot($0, x) }
      let order = z.indices.sorted { z[$0] > z[$1] }
      let y = order[0]
      let distances = order.dropFirst().map { k in
        (z[y] - z[k]) / dual(norm, zip(weights[y], weights[k]).map { $0 - $1 })
      }
      guard distances.dropFirst().allSatisfy({ $0 > 2 * distances[0] }), z[order[1]] - z[order[2]] > 20 else {
        continue
      }
      rows.append(x)
      labels.append(y)
      radii.append(distances[0])
    }
    return KnownRadius(
      name: "a linear model of \(count) classes", ensemble: ModelList(members: [model]),
      examples: Examples(inputs: Tensor(shape: [rows.count, features], elements: rows.flatMap { $0 }), labels: labels),
      objective: .predictive, judge: .predictive, radii: radii)
  }

  /// Members whose logit differences are aₛ·t + bₛ with t = w·x and aₛ > 0: the predictive probability mean σ(aₛt + bₛ)
  /// grows with t, and the boundary is where it is 1/2, a root in one dimension. Members differ by a factor of a
  /// thousand in steepness, so that at most points some are saturated and a few carry the gradient.
  private static func multiplesOfOneDirection(_ norm: Norm, _ classes: Int) throws -> KnownRadius {
    let w = numbers("direction", 0)
    let members: [(slope: Double, shift: Double)] = [(0.7, 0.2), (8, -3), (90, 40), (700, -500)]
    func surplus(_ t: Double) -> Double {
      members.reduce(0) { $0 + 1 / (1 + exp(-($1.slope * t + $1.shift))) } / Double(members.count) - 0.5
    }
    var low = -50.0
    var high = 50.0
    for _ in 0..<200 {
      let middle = (low + high) / 2
      if surplus(middle) > 0 { high = middle } else { low = middle }
    }
    let root = (low + high) / 2
    let models = members.map { member in
      padded(
        [w.map { member.slope * $0 / 2 }, w.map { -member.slope * $0 / 2 }], [member.shift / 2, -member.shift / 2],
        classes)
    }
    let inputs = (0..<6).map { numbers("direction inputs", $0) }
    let positions = inputs.map { dot(w, $0) }
    return KnownRadius(
      name: "the predictive of linear models in one direction", ensemble: ModelList(members: models),
      examples: Examples(
        inputs: Tensor(shape: [inputs.count, features], elements: inputs.flatMap { $0 }),
        labels: positions.map { surplus($0) > 0 ? 0 : 1 }), objective: .predictive, judge: .predictive,
      radii: positions.map { abs($0 - root) / dual(norm, w) })
  }
}

extension AttackConformance {
  /// How much more than the exact radius an attack may take.
  static var allowance: Double { 1.25 }

  func checkStrength() throws {
    guard A.capabilities.access == .gradients else { return }
    for norm in norms {
      for problem in try KnownRadius.problems(norm, classes: A.capabilities.minimumClasses) {
        for (row, radius) in problem.radii.enumerated() {
          let threat = try ThreatModel(norm: norm, epsilon: Self.allowance * radius, box: KnownRadius.box)
          let oracle = ConformanceOracle(
            problem.ensemble, problem.examples.subset([row]), objective: problem.objective, judge: problem.judge)
          guard try oracle.isReached(at: points(oracle, threat))[0] else {
            throw Finding(
              "in \(norm.symbol) it does not fool \(problem.name) (\(problem.objective.rawValue)) at ε = \(threat.epsilon), "
                + "\(Self.allowance) times the exact radius of example \(row). Steps along gradient.values never underflow, "
                + "gradient.plain can")
          }
        }
      }
    }
  }
}
