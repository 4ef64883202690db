import ComputeKernels
import Diagnostics
import Foundation
import HMC
import NeuralNetworks
import RobustnessCore
import TestSupport
import Testing

/// A model from which parameters and data can be drawn.
private struct Generator: Sendable {
  let architecture: Architecture
  let inputs: [Double]
  let priorScale: Double

  var inputShape: [Int] { architecture.inputShape }
  var count: Int { inputs.count / inputShape[0] }

  static func logistic() throws -> Generator {
    try Generator(
      layers: [.dense(name: "output", units: 3, activation: .identity)], inputs: 2, count: 12, priorScale: 1.5)
  }

  static func network() throws -> Generator {
    try Generator(
      layers: [
        .dense(name: "dense1", units: 3, activation: .tanh), .dense(name: "output", units: 3, activation: .identity),
      ], inputs: 2, count: 15, priorScale: 1)
  }

  init(layers: [Architecture.Layer], inputs: Int, count: Int, priorScale: Double) throws {
    architecture = try Architecture(inputShape: [inputs], classCount: 3, layers: layers)
    var stream = RandomStreams(seed: 12, purpose: "test/inputs").stream(example: 0)
    self.inputs = stream.normals(count * inputs)
    self.priorScale = priorScale
  }

  /// The posterior of `labels`, under a prior that may be wrong.
  func posterior(_ labels: [Int], priorScale: Double? = nil) throws -> BayesianNetwork {
    try BayesianNetwork(
      architecture: architecture,
      prior: GaussianPrior(.global(priorScale ?? self.priorScale), architecture: architecture),
      examples: TrainingExamples(doubles: inputs, inputShape: inputShape, labels: labels),
      configuration: .init(library: .portable))
  }

  /// Labels from the network with these parameters.
  func labels(_ parameters: [Float], _ stream: inout RandomStream) throws -> [Int] {
    let network = try Network(architecture: architecture, parameters: parameters)
    let logits = try network.logits(Tensor(shape: [count, inputShape[0]], elements: inputs))
    let uniforms = stream.uniforms(count)
    return (0..<count).map { row in
      let exponentials = logits[row: row].map { exp($0) }
      var rest = uniforms[row] * exponentials.reduce(0, +)
      for (label, weight) in exponentials.enumerated() {
        rest -= weight
        if rest < 0 { return label }
      }
      return exponentials.count - 1
    }
  }
}

/// A transition that leaves the posterior alone if the sampler is right, and possibly one that does not.
private struct Transition: Sendable {
  var leapfrogSteps = 6
  var stepSize: Double
  /// The sampler's mistake: proposals are always accepted.
  var acceptsAll = false

  func apply(_ position: [Float], _ target: any LogDensity, _ index: Int, _ random: RandomStreams) throws -> [Float] {
    if acceptsAll {
      var stream = random.stream(example: index)
      let (_, gradient) = try target.gradient(position.map(Double.init))
      var end = Leapfrog(
        position: position.map(Double.init), momentum: stream.normals(position.count), gradient: gradient)
      try end.advance(target, steps: leapfrogSteps, stepSize: stepSize, inverseMass: nil, rounding: true)
      return end.position.map(Float.init)
    }
    var options = HamiltonianMonteCarlo.Options()
    options.warmup = 0
    options.stepSize = stepSize
    options.leapfrogSteps = leapfrogSteps
    options.jitter = 0.3
    let sampler = try HamiltonianMonteCarlo(options)
    let streams = random.streams(for: "\(index)")
    let state = try sampler.initialState(of: target, at: position, chain: 0, random: streams)
    return try sampler.step(state, of: target, random: streams).state.position
  }
}

/// Ranks of the parameters that generated the data among draws of the chain that runs through them.
///
/// The true parameters are a draw from the posterior of their own data. A chain of transitions that leave that
/// posterior alone, with the truth at a random place in it (forwards and backwards are the same for reversible
/// transitions), is stationary throughout: the truth's rank is uniform, however slowly the chain mixes (Besag and
/// Clifford 1989; Talts et al. 2018 for the idea of ranks).
private func ranks(
  _ generator: Generator, _ transition: Transition, repetitions: Int, priorScale: Double? = nil
) throws -> [String: [Int]] {
  let draws = 19
  var ranks: [String: [Int]] = [:]
  for repetition in 0..<repetitions {
    let random = RandomStreams(seed: UInt64(repetition), purpose: "test/calibration")
    var stream = random.stream(example: 0)
    let truth = try generator.posterior(Array(repeating: 0, count: generator.count)).priorDraw(&stream)
    let target = try generator.posterior(generator.labels(truth, &stream), priorScale: priorScale)
    let place = Int(stream.next() % UInt64(draws + 1))
    var found: [[Float]] = []
    for (direction, steps) in [place, draws - place].enumerated() {
      var position = truth
      for step in 0..<steps {
        for substep in 0..<3 {
          position = try transition.apply(
            position, target, 3 * step + substep, random.streams(for: direction == 0 ? "back" : "forth"))
        }
        found.append(position)
      }
    }
    func add(_ name: String, _ statistic: ([Float]) throws -> Double) rethrows {
      let true0 = try statistic(truth)
      // Ties (repeats after rejection) are broken at random: uniform among equals.
      let values = try found.map(statistic)
      let below = values.count { $0 < true0 }
      let equal = values.count { $0 == true0 }
      ranks[name, default: []].append(below + Int(stream.next() % UInt64(equal + 1)))
    }
    add("first weight") { Double($0[0]) }
    add("last bias") { Double($0.last!) }
    add("squared norm") { $0.reduce(0) { $0 + Double($1) * Double($1) } }
    try add("log-likelihood") { try target.gradient($0.map(Double.init)).value.logLikelihood }
  }
  return ranks
}

/// χ² of the ranks' histogram in ten bins, as a normal deviate (Wilson and Hilferty 1931).
private func uniformityDeviate(_ ranks: [Int]) -> Double {
  var bins = [Int](repeating: 0, count: 10)
  for rank in ranks { bins[rank / 2] += 1 }
  let expected = Double(ranks.count) / 10
  let chi = bins.reduce(0) { $0 + (Double($1) - expected) * (Double($1) - expected) / expected }
  let variance = 2.0 / 81
  return (cbrt(chi / 9) - (1 - variance)) / variance.squareRoot()
}

@Suite("Simulation-based calibration", .inTurnEarly)
struct CalibrationTests {
  private let repetitions = runsLongTests ? 1500 : 300

  @Test("ranks of the true parameters are uniform: logistic regression and a small network", arguments: [false, true])
  func uniform(isNetwork: Bool) throws {
    let generator = try isNetwork ? Generator.network() : Generator.logistic()
    for (statistic, ranks) in try ranks(generator, Transition(stepSize: 0.25), repetitions: repetitions) {
      // Eight statistics with fixed seeds: beyond 3.5 once in 500 sets of seeds.
      #expect(uniformityDeviate(ranks) < 3.5, "\(statistic)")
    }
  }

  @Test("a prior that is wrong by a fifth is found", arguments: [false, true])
  func wrongPrior(isNetwork: Bool) throws {
    let generator = try isNetwork ? Generator.network() : Generator.logistic()
    let ranks = try ranks(
      generator, Transition(stepSize: 0.25), repetitions: repetitions, priorScale: 1.2 * generator.priorScale)
    #expect(uniformityDeviate(ranks["squared norm"]!) > 3.5)
  }

  @Test("a sampler without its accept step is found")
  func withoutAcceptance() throws {
    let transition = Transition(stepSize: 0.9, acceptsAll: true)
    let ranks = try ranks(Generator.logistic(), transition, repetitions: repetitions)
    #expect(ranks.values.map(uniformityDeviate).max()! > 3.5)
  }
}

@Suite("Geweke's joint test", .inTurnEarly)
struct GewekeTests {
  /// Parameters given labels by the sampler, labels given parameters by the model, in turn: the parameters' marginal is
  /// then the prior (Geweke 2004).
  private func chain(_ transition: Transition, priorScale: Double? = nil) throws -> [[Float]] {
    let generator = try Generator.network()
    let random = RandomStreams(seed: 6, purpose: "test/geweke")
    var stream = random.stream(example: 0)
    var position = try generator.posterior(Array(repeating: 0, count: generator.count)).priorDraw(&stream)
    return try (0..<(runsLongTests ? 40_000 : 4000)).map { index in
      let target = try generator.posterior(generator.labels(position, &stream), priorScale: priorScale)
      position = try transition.apply(position, target, index, random)
      return position
    }
  }

  /// The largest deviate among means of w and w² for every parameter, and of the mean square of all of them.
  private func largestDeviate(_ draws: [[Float]]) -> Double {
    func deviate(_ values: [Double], _ expected: Double) -> Double {
      abs(values.reduce(0, +) / Double(values.count) - expected) / MonteCarloError.mean([values])
    }
    let each = draws[0].indices.flatMap { parameter in
      [
        deviate(draws.map { Double($0[parameter]) }, 0),
        deviate(draws.map { Double($0[parameter] * $0[parameter]) }, 1),
      ]
    }
    let all = deviate(draws.map { $0.reduce(0) { $0 + Double($1 * $1) } / Double($0.count) }, 1)
    return max(each.max()!, all)
  }

  @Test("the joint distribution is left alone, likelihood and prior included")
  func joint() throws {
    // 43 deviates: beyond 4 once in 400 sets of seeds.
    #expect(largestDeviate(try chain(Transition(stepSize: 0.3))) < 4)
  }

  @Test("a wrong prior and a missing accept step are found")
  func wrong() throws {
    #expect(largestDeviate(try chain(Transition(stepSize: 0.3), priorScale: 1.2)) > 4)
    #expect(largestDeviate(try chain(Transition(stepSize: 0.9, acceptsAll: true))) > 4)
  }
}
