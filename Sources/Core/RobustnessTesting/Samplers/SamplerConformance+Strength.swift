import Diagnostics
import Foundation
import NeuralNetworks
import RobustnessCore

/// A quantity of a draw whose posterior mean and standard deviation are known.
private struct KnownMoment {
  let name: String
  let mean: Double
  let deviation: Double
  let value: ([Float]) -> Double
}

/// A posterior with known moments.
private struct KnownMoments {
  let problem: SamplerProblem
  let moments: [KnownMoment]

  static func normal() -> KnownMoments {
    let density = CorrelatedNormal()
    return KnownMoments(
      problem: SamplerProblem(name: "two correlated normal numbers", density: density),
      moments: (0..<2).map { index in
        KnownMoment(name: "parameter \(index)", mean: density.mean[index], deviation: density.deviations[index]) {
          Double($0[index])
        }
      })
  }

  /// Logistic regression as a network of one layer: the logit's difference at three inputs.
  static func logistic() throws -> KnownMoments {
    let regression = LogisticRegression(priorDeviation: 2)
    let inputs = [-1.5, 0, 1.5]
    let exact = try regression.moments(inputs.map { x in { a, b in a * x + b } })
    return KnownMoments(
      problem: SamplerProblem(name: "logistic regression", density: try regression.network()),
      moments: zip(inputs, exact).map { x, exact in
        KnownMoment(name: "the log-odds at \(x)", mean: exact.mean, deviation: exact.deviation) { draw in
          let (a, b) = LogisticRegression.coefficients(draw)
          return a * x + b
        }
      })
  }
}

extension SamplerConformance {
  /// Independent draws that a chain must be worth: with fewer its Monte Carlo error says nothing.
  static var minimumEffectiveDraws: Double { 100 }

  func checkStrength() throws {
    if Self.isTraining {
      try requireTraining()
    } else if Self.isExact {
      for known in [KnownMoments.normal(), try .logistic()] { try requireMoments(known) }
    } else {
      try requireApproximation(.logistic())
    }
  }

  /// Means and standard deviations within their Monte Carlo errors.
  private func requireMoments(_ known: KnownMoments) throws {
    let chains = try (0..<4).map { try runner.run(known.problem, chain: $0, draws: 2000).draws }
    for moment in known.moments {
      let values = chains.map { $0.map(moment.value) }
      let what = "with \(known.problem.name) \(moment.name)"
      let worth = EffectiveSampleSize.mean(values)
      guard worth >= Self.minimumEffectiveDraws else {
        throw Finding("\(what): four chains of 2000 draws are worth \(worth.isNaN ? 0 : Int(worth)) independent ones")
      }
      let all = values.flatMap { $0 }
      let mean = all.reduce(0, +) / Double(all.count)
      let deviation = (all.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(all.count - 1)).squareRoot()
      for (name, found, exact, error) in [
        ("mean", mean, moment.mean, MonteCarloError.mean(values)),
        ("standard deviation", deviation, moment.deviation, MonteCarloError.standardDeviation(values)),
      ] where !(abs(found - exact) <= Self.bound * error) {
        throw Finding("\(what) has a \(name) of \(found) ± \(error), exactly \(exact)")
      }
    }
  }

  /// Half a standard deviation and a factor of two: what a fitted distribution, or a chain with mini-batches, achieves
  /// where the posterior is nearly normal.
  private func requireApproximation(_ known: KnownMoments) throws {
    let draws = try runner.run(known.problem, draws: 1000).draws
    for moment in known.moments {
      let values = draws.map(moment.value)
      let mean = values.reduce(0, +) / Double(values.count)
      let deviation = (values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(values.count - 1)).squareRoot()
      let what = "with \(known.problem.name) \(moment.name)"
      guard abs(mean - moment.mean) <= moment.deviation / 2 else {
        throw Finding(
          "\(what) has a mean of \(mean), exactly \(moment.mean) with a standard deviation of \(moment.deviation)")
      }
      guard (0.5...2).contains(deviation / moment.deviation) else {
        throw Finding("\(what) has a standard deviation of \(deviation), exactly \(moment.deviation)")
      }
    }
  }

  /// A trained network does better on its examples than its start, and better than a guess.
  private func requireTraining() throws {
    let network = try KnownNetworks.linear(examples: 20_480)
    let problem = SamplerProblem(name: "classes that lie apart", density: network)
    func loss(_ parameters: [Float]) throws -> Double {
      let all = (0..<Int64(network.examples.count)).map { $0 }
      return try parameters.withUnsafeBufferPointer {
        -(try network.logLikelihood($0, examples: all, gradient: nil)) / Double(all.count)
      }
    }
    for chain in 0..<(S.yield == .network ? 1 : 2) {
      let run = try runner.run(problem, chain: chain, draws: 1)
      let (before, after) = (try loss(run.start), try loss(run.draws[0]))
      guard after < before, after < log(Double(network.architecture.classCount)) else {
        throw Finding(
          "network \(chain) of \(problem.name) has a loss of \(after), a guess one of \(log(Double(network.architecture.classCount))), its start one of \(before)"
        )
      }
    }
  }

  // MARK: - Invariance

  /// Chains that start at exact draws of a correlated normal density are at draws of it after their warm-up and five
  /// transitions more, however slowly they mix: functions of the position are uniform under their exact distribution
  /// functions.
  ///
  /// The warm-up may adapt, as slightly as it does near its end; five transitions with what it ended with let the
  /// traces of that fade.
  func checkInvariance() throws {
    guard Self.isExact else { return }
    let density = CorrelatedNormal()
    let problem = SamplerProblem(name: "two correlated normal numbers", density: density)
    let runner = try shortened()
    let sampler = try runner.sampler()
    var levels: [String: [Double]] = [:]
    let target = try runner.target(problem)
    for chain in 0..<Self.chains {
      var exact = RandomStreams(seed: 7, purpose: "conformance/exact").stream(example: chain)
      let random = runner.random(seed: 3, chain: chain)
      var state = try sampler.initialState(of: target, at: density.draw(&exact), chain: chain, random: random)
      var (steps, draws) = (0, 0)
      while draws < 5 {
        if sampler.warmup(of: state) == nil { draws += 1 }
        state = try sampler.step(state, of: target, random: random).state
        steps += 1
        guard draws > 0 || steps <= SamplerRunner<S>.patience else { throw Finding("its warm-up never ends") }
      }
      try runner.requireDraw(sampler.draw(of: state), problem, "after \(steps) steps")
      for (name, level) in density.levels(sampler.draw(of: state)) { levels[name, default: []].append(level) }
    }
    for (name, levels) in levels.sorted(by: { $0.key < $1.key }) {
      guard let finding = Self.nonuniformity(levels) else { continue }
      throw Finding(
        "of \(Self.chains) chains that start at exact draws, \(name) does not end at such: the levels of its exact distribution function "
          + "\(finding). Is every proposal accepted with the right probability?")
    }
  }

  private static var chains: Int { 1000 }

  /// With a warm-up of 200 steps at most, where that is an option.
  private func shortened() throws -> SamplerRunner<S> {
    let warmup = try S.Options(assignments: options).described().first { $0.name == "warmup" }
    guard let steps = warmup?.value.flatMap({ Int($0) }), steps > 200 else { return runner }
    var shorter = runner
    shorter.options["warmup"] = "200"
    return (try? shorter.sampler()) == nil ? runner : shorter
  }

  /// What shows that levels are not uniform: their mean, their spread, or the χ² of ten bins as a normal deviate
  /// (Wilson and Hilferty 1931). Each has standard deviation 1.
  private static func nonuniformity(_ levels: [Double]) -> String? {
    let n = Double(levels.count)
    let mean = levels.reduce(0, +) / n
    let square = levels.reduce(0) { $0 + ($1 - 0.5) * ($1 - 0.5) } / n
    var bins = [Int](repeating: 0, count: 10)
    for level in levels { bins[min(9, Int(10 * level))] += 1 }
    let chi = bins.reduce(0) { $0 + (Double($1) - n / 10) * (Double($1) - n / 10) / (n / 10) }
    let variance = 2.0 / 81
    if abs(mean - 0.5) * (12 * n).squareRoot() > threshold { return "have a mean of \(mean) in place of 0.5" }
    if abs(square - 1.0 / 12) * (180 * n).squareRoot() > threshold {
      return "have a mean squared distance from 0.5 of \(square) in place of 0.0833"
    }
    if (cbrt(chi / 9) - (1 - variance)) / variance.squareRoot() > threshold {
      return "fall in the tenths \(bins) times"
    }
    return nil
  }

  /// Twelve numbers with fixed seeds: beyond it once in ten thousand sound samplers.
  private static var threshold: Double { 4.5 }
}
