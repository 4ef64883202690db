import Foundation
import NeuralNetworks
import RobustnessCore

/// The rules of `SamplerRule`, checked on one sampler.
struct SamplerConformance<S: PosteriorSampler>: Sendable {
  typealias Run = SamplerRun<S>

  let options: [String: String]
  /// The problem of most rules: in two dimensions, or a linear network for samplers that need mini-batches.
  let plain: SamplerProblem
  /// A chain on it, with states that were saved on the way: what other runs are compared with.
  private let reference: Result<Run, any Error>

  init(options: [String: String]) throws {
    self.options = options
    let network = SamplerProblem(name: "a linear network", density: try KnownNetworks.linear())
    plain =
      Self.takes(CorrelatedNormal())
      ? SamplerProblem(name: "two correlated normal numbers", density: CorrelatedNormal()) : network
    reference =
      Self.takes(plain.density)
      ? Result { [plain] in
        try SamplerRunner<S>(options: options).run(plain, draws: Self.referenceDraws, saves: true)
      } : .failure(Finding("it draws from \(S.Target.self)"))
  }

  static var referenceDraws: Int { 20 }

  /// One violation for each broken rule, in the order of the rules. A sampler whose target is not on offer is asked
  /// nothing else.
  func violations() -> [ConformanceViolation] {
    let rules = Self.takes(plain.density) ? SamplerRule.allCases : [.declaration]
    return rules.compactMap { rule in rule.violation { try check(rule) } }
  }

  private func check(_ rule: SamplerRule) throws {
    switch rule {
    case .declaration: try checkDeclaration()
    case .start: try checkStart()
    case .parameters: try checkParameters()
    case .warmup: try checkWarmup()
    case .statistics: try checkStatistics()
    case .determinism: try checkDeterminism()
    case .streams: try checkStreams()
    case .resume: try checkResume()
    case .threadIndependence: try checkThreads()
    case .nonFinite: try checkNonFinite()
    case .yield: try checkYield()
    case .invariance: try checkInvariance()
    case .strength: try checkStrength()
    }
  }

  // MARK: - Running the sampler

  var runner: SamplerRunner<S> { SamplerRunner(options: options) }

  static func takes(_ density: any LogDensity) -> Bool { density is S.Target }
  /// Any density will do, not only networks.
  static var takesDensities: Bool { takes(CorrelatedNormal()) }

  /// Whether chains are promised to be of the target: a chain on networks sees mini-batches, and only comes near.
  static var isExact: Bool { S.yield == .markovChain && takesDensities }

  /// Whether every chain is one trained network.
  static var isTraining: Bool {
    switch S.yield {
    case .network, .networks, .resampledNetworks: true
    case .markovChain, .independentDraws: false
    }
  }

  // MARK: - Rules

  private func checkDeclaration() throws {
    try checkName(S.name)
    let described = try S.Options(assignments: options).described()
    var assignments: [String: String] = [:]
    for (name, value) in described { assignments[name] = value }
    let again = try S.Options(assignments: assignments).described()
    guard zip(described, again).allSatisfy({ $0 == $1 }), described.count == again.count else {
      throw Finding("the options \(described) read back as \(again)")
    }
    _ = try runner.sampler()
    guard Self.takes(plain.density) else {
      throw Finding(
        "it draws from \(S.Target.self); runs offer a BayesianNetwork, which is an `any LogDensity`: no rule can be checked"
      )
    }
  }

  private func checkStart() throws {
    let sampler = try runner.sampler()
    let random = runner.random(seed: 1, chain: 0)
    let given = plain.priorDraw(seed: 2, chain: 0)
    let state = try sampler.initialState(of: runner.target(plain), at: given, chain: 0, random: random)
    let position = sampler.draw(of: state)
    try runner.requireDraw(position, plain, "before the first step")
    if S.yield == .markovChain, position != given {
      throw Finding("told to begin at \(given) it begins at \(position)")
    }
    guard S.defaultStart == .own else { return }
    let own: S.State
    do {
      own = try sampler.initialState(of: runner.target(plain), at: [], chain: 0, random: random)
    } catch {
      throw Finding("defaultStart is .own, but without a start it throws: \(error)")
    }
    try runner.requireDraw(sampler.draw(of: own), plain, "at a start of its own")
  }

  private func checkParameters() throws {
    let problems: [SamplerProblem] =
      try Self.takesDensities
      ? [1, 2, 150].map { SamplerProblem(name: "\($0) normal numbers", density: IndependentNormals(dimension: $0)) }
      : [plain, SamplerProblem(name: "a network with a hidden layer", density: KnownNetworks.wide())]
    for problem in problems { _ = try runner.run(problem, draws: 3) }
  }

  private func checkWarmup() throws {
    let run = try reference.get()
    try requireProgress(run)
    guard try S.Options().described().contains(where: { $0.name == "warmup" }) else { return }
    for count in [0, 1, 2] {
      var shorter = runner
      shorter.options["warmup"] = "\(count)"
      do {
        _ = try shorter.sampler()
      } catch is CoreError {
        // A sentence that says why is an answer too.
        continue
      }
      let run = try shorter.run(plain, draws: 3)
      guard run.warmupCount == count else {
        throw Finding("with warmup=\(count) it warms up for \(run.warmupCount) steps")
      }
      try requireProgress(run)
    }
  }

  private func requireProgress(_ run: Run) throws {
    var total: Int?
    for (index, step) in run.steps.enumerated() {
      guard let warmup = step.warmup else {
        if let total, index < total, index == run.warmupCount {
          throw Finding("the warm-up was to take \(total) steps and is over after \(index)")
        }
        continue
      }
      guard index < run.warmupCount else { throw Finding("it warms up again after \(index) steps") }
      guard warmup.done == index else { throw Finding("after \(index) steps it says that it took \(warmup.done)") }
      if let total = warmup.total, warmup.done >= total {
        throw Finding("the warm-up was to take \(total) steps and goes on after \(index)")
      }
      total = warmup.total
    }
  }

  private func checkStatistics() throws {
    let run = try reference.get()
    guard let first = run.steps.first else { return }
    let names = first.statistics.map(\.name)
    guard Set(names).count == names.count, !names.contains("") else {
      throw Finding("the names \(names) are not distinct, or one is empty")
    }
    for (index, step) in run.steps.enumerated() {
      guard step.statistics.map(\.name) == names else {
        throw Finding("the first step has \(names), step \(index + 1) has \(step.statistics.map(\.name))")
      }
      guard step.warmup == nil else { continue }
      for (name, value) in step.statistics {
        let isSound =
          switch name {
          case "acceptance_rate": (0...1).contains(value)
          case "diverging": value == 0 || value == 1
          case "step_size", "n_steps": value > 0
          default: !value.isNaN
          }
        guard isSound else { throw Finding("\(name) of a draw is \(value)") }
        if name == "lp" { try requireLogDensity(value, step.position) }
      }
    }
  }

  private func requireLogDensity(_ value: Double, _ draw: [Float]) throws {
    let exact = try draw.map(Double.init).withUnsafeBufferPointer {
      try plain.density.evaluate($0, gradient: nil).total
    }
    guard abs(value - exact) <= 1e-4 * max(1, abs(exact)) else {
      throw Finding(
        "lp is \(value) where the log-density of the draw is \(exact). It is that of the position that was kept")
    }
  }

  private func checkDeterminism() throws {
    let run = try reference.get()
    let again = try runner.run(plain, draws: Self.referenceDraws)
    if let difference = difference(run.steps[...], again.steps[...]) {
      throw Finding("\(difference): take random numbers from the streams that a step is given")
    }
  }

  private func checkStreams() throws {
    let first = try reference.get().draws
    // The same start for all of them, so that only the streams tell them apart; trained networks begin as they would in
    // a run.
    let start = Self.isTraining ? nil : try plain.start(S.defaultStart, seed: 1, chain: 0)
    let others = S.yield == .network ? [(seed: UInt64(2), chain: 0)] : [(2, 0), (1, 1)]
    for (seed, chain) in others {
      let draws = try runner.run(plain, seed: seed, chain: chain, start: start, draws: Self.referenceDraws).draws
      guard draws == first else { continue }
      throw Finding(
        "\(seed == 1 ? "another chain" : "another seed") gives the same draws: take random numbers from the streams that a step is given"
      )
    }
  }

  private func checkResume() throws {
    let run = try reference.get()
    for (cut, data) in run.saved.sorted(by: { $0.key < $1.key }) {
      // Another process: a sampler of its own, and a state that is saved and read again with every step.
      let sampler = try runner.sampler()
      let random = runner.random(seed: 1, chain: 0)
      var state = try S.restore(data)
      var steps: [Run.Step] = []
      let expected = run.steps[cut...].prefix(25)
      for _ in expected {
        steps.append(try runner.step(&state, of: plain, sampler: sampler, random: random))
        state = try S.restore(try S.save(state))
      }
      if let difference = difference(expected, steps[...]) {
        throw Finding(
          "saved after \(cut) steps (of \(run.warmupCount) of the warm-up) and read again, \(difference) more: "
            + "the state must hold all that the next step needs, and its coding too")
      }
    }
  }

  private func checkThreads() throws {
    let sampler = try runner.sampler()
    let runner = runner
    let plain = plain
    let limit = 30
    let alone = try (0..<3).map { try runner.run(plain, sampler: sampler, chain: $0, draws: 20, stepLimit: limit) }
    let together = try onThreads(3) { thread, rendezvous in
      // One caller at a time is served by a network: every chain has its own.
      let density: any LogDensity =
        Self.takesDensities
        ? MeetingDensity(base: plain.density, rendezvous: rendezvous) : try KnownNetworks.linear()
      return try runner.run(
        SamplerProblem(name: plain.name, density: density), sampler: sampler, chain: thread, draws: 20,
        stepLimit: limit, beforeStep: rendezvous.arrive)
    }
    for (chain, pair) in zip(alone, together).enumerated() {
      if let difference = difference(pair.0.steps[...], pair.1.steps[...]) {
        throw Finding("with three chains at once, in chain \(chain) \(difference): keep nothing outside the state")
      }
    }
    let counts = try [1, 2].map { threads in
      try runner.run(
        SamplerProblem(name: "a network", density: KnownNetworks.wide(threads: threads)), draws: 5, stepLimit: 10)
    }
    if let difference = difference(counts[0].steps[...], counts[1].steps[...]) {
      throw Finding("with one and with two threads of the network \(difference)")
    }
  }

  private func checkNonFinite() throws {
    // A distribution that was fitted reaches over a wall; a chain does not go there.
    if Self.isExact {
      for beyond in [-Double.infinity, .nan] {
        let problem = SamplerProblem(name: "a normal density with a wall", density: WalledNormal(beyond: beyond))
        let run = try runner.run(problem, start: [0.5, 0.5], draws: 200)
        for (index, step) in run.steps.enumerated() where Double(step.position[0]) < WalledNormal.wall {
          throw Finding("step \(index + 1) goes to \(step.position), where the log-density is \(beyond)")
        }
        guard Set(run.draws).count > 1 else {
          throw Finding("beside a wall where the log-density is \(beyond) no proposal is ever accepted")
        }
      }
    }
    // Logits that overflow. An error that says so is right; a draw that holds anything but numbers is not.
    let wide = SamplerProblem(name: "a network whose logits overflow", density: try KnownNetworks.wide())
    let start = wide.priorDraw(seed: 1, chain: 0).map { Float.greatestFiniteMagnitude * ($0 < 0 ? -0.9 : 0.9) }
    do {
      _ = try runner.run(wide, start: start, draws: 3, stepLimit: 20)
    } catch let error as Finding {
      throw error
    } catch {}
  }

  private func checkYield() throws {
    let run = try reference.get()
    let sampler = try runner.sampler()
    let gaussian = sampler.gaussian(of: run.state)
    guard S.yield == .independentDraws else {
      guard gaussian == nil else {
        throw Finding(
          "the yield is \(S.yield.rawValue), whose draws come from no Gaussian, but gaussian(of:) gives one")
      }
      return
    }
    var state = run.state
    let random = runner.random(seed: 1, chain: 0)
    var draws = run.draws
    while draws.count < 400 {
      draws.append(try runner.step(&state, of: plain, sampler: sampler, random: random).position)
    }
    try requireIndependence(draws)
    if let gaussian {
      guard gaussian == sampler.gaussian(of: state) else {
        throw Finding("gaussian(of:) changes from draw to draw; it is the one that all of them come from")
      }
      try requireGaussian(gaussian, draws)
    }
  }

  /// Neighbouring draws of a stationary sequence of independent numbers have a correlation of 0 ± 1/√n.
  private func requireIndependence(_ draws: [[Float]]) throws {
    guard Set(draws).count == draws.count else {
      throw Finding("some of \(draws.count) draws are equal; draws of a chain are .markovChain")
    }
    let n = Double(draws.count)
    for parameter in draws[0].indices {
      let values = draws.map { Double($0[parameter]) }
      let mean = values.reduce(0, +) / n
      let squares = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
      // A parameter that never changes has no correlation.
      guard squares > 0 else { continue }
      let products = zip(values, values.dropFirst()).reduce(0) { $0 + ($1.0 - mean) * ($1.1 - mean) }
      guard abs(products / squares) < Self.bound / n.squareRoot() else {
        throw Finding(
          "neighbouring draws of parameter \(parameter) have a correlation of \(products / squares); draws of a chain are .markovChain"
        )
      }
    }
  }

  private func requireGaussian(_ gaussian: GaussianApproximation, _ draws: [[Float]]) throws {
    let count = plain.density.dimension
    guard gaussian.mean.count == count, gaussian.scale.count == count else {
      throw Finding(
        "gaussian(of:) has \(gaussian.mean.count) means and \(gaussian.scale.count) scales for \(count) parameters")
    }
    guard gaussian.scale.allSatisfy({ $0 > 0 && $0.isFinite }) else {
      throw Finding("a scale of gaussian(of:) is not positive and finite")
    }
    let n = Double(draws.count)
    for parameter in 0..<count {
      let deviates = draws.map { Double(($0[parameter] - gaussian.mean[parameter]) / gaussian.scale[parameter]) }
      let mean = deviates.reduce(0, +) / n
      let square = deviates.reduce(0) { $0 + $1 * $1 } / n
      guard abs(mean) < Self.bound / n.squareRoot(), abs(square - 1) < Self.bound * (2 / n).squareRoot() else {
        throw Finding(
          "draws of parameter \(parameter) are off the mean of gaussian(of:) by \(mean) of its scales, "
            + "and \(square.squareRoot()) times as wide")
      }
    }
  }

  /// Standard errors that an estimate may be off. Seeds are fixed: a sound sampler is beyond it once in a million
  /// comparisons.
  static var bound: Double { 5 }
}
