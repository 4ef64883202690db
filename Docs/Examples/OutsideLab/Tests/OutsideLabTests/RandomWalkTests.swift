import OutsideLab
import RobustnessCore
import RobustnessTesting
import Testing

@Test func `a random walk keeps every rule for samplers`() throws {
  try expectConformance(of: RandomWalk.self)
}

/// Independent normal numbers around zero.
struct NormalDensity: LogDensity {
  let deviations: [Double]
  var dimension: Int { deviations.count }

  func evaluate(
    _ position: UnsafeBufferPointer<Double>, gradient: UnsafeMutableBufferPointer<Double>?
  ) throws -> LogDensityValue {
    let squares = zip(position, deviations).map { ($0 / $1) * ($0 / $1) }
    return LogDensityValue(logLikelihood: 0, logPrior: -squares.reduce(0, +) / 2)
  }
}

@Test func `a random walk finds the standard deviations of a normal density`() throws {
  let target = NormalDensity(deviations: [1, 2.5])
  let sampler = try RandomWalk(.init())
  let random = RandomStreams(seed: 1, purpose: "outside-lab/chain")
  var state = try sampler.initialState(of: target, at: [1, -1], chain: 0, random: random)
  while sampler.warmup(of: state) != nil { state = try sampler.step(state, of: target, random: random).state }
  var squares = [0.0, 0]
  let draws = 20_000
  for _ in 0..<draws {
    state = try sampler.step(state, of: target, random: random).state
    for (index, value) in sampler.draw(of: state).enumerated() { squares[index] += Double(value * value) }
  }
  for (square, deviation) in zip(squares, target.deviations) {
    #expect(abs((square / Double(draws)).squareRoot() / deviation - 1) < 0.1)
  }
}
