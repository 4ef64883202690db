import ComputeKernels
import Foundation
import HMC
import NeuralNetworks
import RobustnessCore
import TestSupport
import Testing

/// An anisotropic normal density.
struct NormalDensity: LogDensity {
  let deviations: [Double]
  var priorDeviations: [Double]?
  var dimension: Int { deviations.count }

  func evaluate(
    _ position: UnsafeBufferPointer<Double>, gradient: UnsafeMutableBufferPointer<Double>?
  ) throws -> LogDensityValue {
    var sum = 0.0
    for (i, deviation) in deviations.enumerated() {
      sum -= 0.5 * (position[i] / deviation) * (position[i] / deviation)
      gradient?[i] = -position[i] / (deviation * deviation)
    }
    return LogDensityValue(logLikelihood: 0, logPrior: sum)
  }
}

extension LogDensity {
  func gradient(_ position: [Double]) throws -> (value: LogDensityValue, gradient: [Double]) {
    var gradient = [Double](repeating: .nan, count: dimension)
    let value = try position.withUnsafeBufferPointer { position in
      try gradient.withUnsafeMutableBufferPointer { try evaluate(position, gradient: $0) }
    }
    return (value, gradient)
  }
}

@Suite("Leapfrog trajectories", .inTurn)
struct LeapfrogTests {
  private func largest(_ values: some Sequence<Double>) -> Double { values.reduce(0) { max($0, abs($1)) } }

  @Test(
    "positions, momenta and energies of an independent program",
    arguments: [(Precision.float64, 1e-9, 1e-9), (.float32, 1e-4, 1e-3)])
  func oracle(precision: Precision, tolerance: Double, energyTolerance: Double) throws {
    let oracle = try SamplingOracle("leapfrog")
    let posterior = try oracle.posterior(.init(precision: precision))
    let (position, momentum) = (try oracle.numbers("position0"), try oracle.numbers("momentum0"))
    let stepSize = try oracle.attribute("step_size")
    let (_, gradient) = try posterior.gradient(position)
    let exactGradient = try oracle.numbers("gradient0")
    // The file has the gradient of the potential energy.
    let error = zip(gradient, exactGradient).map { min(abs($0 + $1), abs($0 - $1)) }
    #expect(largest(error) <= tolerance * largest(exactGradient))
    let (positions, momenta) = (try oracle.numbers("positions"), try oracle.numbers("momenta"))
    let energies = try oracle.numbers("energies")
    let steps = energies.count - 1
    let d = position.count
    for count in [1, 2, 7, steps] {
      var trajectory = Leapfrog(position: position, momentum: momentum, gradient: gradient)
      try trajectory.advance(posterior, steps: count, stepSize: stepSize, inverseMass: nil)
      let (q, p) = (positions[(count - 1) * d..<count * d], momenta[(count - 1) * d..<count * d])
      #expect(largest(zip(trajectory.position, q).map { $0 - $1 }) <= tolerance * largest(q))
      #expect(largest(zip(trajectory.momentum, p).map { $0 - $1 }) <= tolerance * largest(p))
      let kinetic = trajectory.kineticDifference(from: momentum, inverseMass: nil)
      let start = try posterior.gradient(position).value
      let potential = trajectory.position.withUnsafeBufferPointer { new in
        position.withUnsafeBufferPointer { old in
          -posterior.logRatio(
            of: LocatedValue(position: new, value: trajectory.value!), to: LocatedValue(position: old, value: start))
        }
      }
      #expect(abs((kinetic + potential) - (energies[count] - energies[0])) <= energyTolerance)
    }
  }

  @Test("a trajectory back ends where it began", arguments: [Precision.float64, .float32])
  func reversibility(precision: Precision) throws {
    let oracle = try SamplingOracle("leapfrog")
    let posterior = try oracle.posterior(.init(precision: precision))
    let (position, momentum) = (try oracle.numbers("position0"), try oracle.numbers("momentum0"))
    let inverseMass = (0..<position.count).map { 0.5 + Double($0 % 5) }
    var forth = Leapfrog(position: position, momentum: momentum, gradient: try posterior.gradient(position).gradient)
    try forth.advance(posterior, steps: 30, stepSize: 0.01, inverseMass: inverseMass)
    var back = Leapfrog(position: forth.position, momentum: forth.momentum.map { -$0 }, gradient: forth.gradient)
    try back.advance(posterior, steps: 30, stepSize: 0.01, inverseMass: inverseMass)
    #expect(largest(zip(back.position, position).map { $0 - $1 }) < (precision == .float64 ? 1e-10 : 1e-5))
    #expect(largest(zip(back.momentum, momentum).map { $0 + $1 }) < (precision == .float64 ? 1e-9 : 1e-4))
  }

  @Test("the energy error falls with the square of the step size")
  func order() throws {
    let oracle = try SamplingOracle("leapfrog")
    let posterior = try oracle.posterior(.init(precision: .float64))
    let (position, momentum) = (try oracle.numbers("position0"), try oracle.numbers("momentum0"))
    let (value, gradient) = try posterior.gradient(position)
    let errors = try [0.02, 0.01, 0.005].map { stepSize -> Double in
      var end = Leapfrog(position: position, momentum: momentum, gradient: gradient)
      try end.advance(posterior, steps: Int((0.4 / stepSize).rounded()), stepSize: stepSize, inverseMass: nil)
      return end.kineticDifference(from: momentum, inverseMass: nil) - (end.value!.total - value.total)
    }
    #expect((3.6...4.4).contains(errors[0] / errors[1]))
    #expect((3.8...4.2).contains(errors[1] / errors[2]))
  }

  @Test("a harmonic oscillator keeps its period and its area")
  func oscillator() throws {
    let density = NormalDensity(deviations: [1])
    var end = Leapfrog(position: [1], momentum: [0], gradient: [-1])
    try end.advance(density, steps: 6283, stepSize: 2 * .pi / 6283, inverseMass: nil)
    #expect(abs(end.position[0] - 1) < 1e-6)
    #expect(abs(end.momentum[0]) < 1e-5)
    // The map is linear: its determinant is the area of what was the unit square.
    var columns: [(Double, Double)] = []
    for start in [(1.0, 0.0), (0.0, 1.0)] {
      var moved = Leapfrog(position: [start.0], momentum: [start.1], gradient: [-start.0])
      try moved.advance(density, steps: 17, stepSize: 0.7, inverseMass: nil)
      columns.append((moved.position[0], moved.momentum[0]))
    }
    #expect(abs(columns[0].0 * columns[1].1 - columns[0].1 * columns[1].0 - 1) < 1e-12)
  }

  @Test("L steps take L gradients, and only the last one a value")
  func cost() throws {
    final class Counting: LogDensity, @unchecked Sendable {
      var values = 0
      var gradients = 0
      var dimension: Int { 3 }
      func evaluate(
        _ position: UnsafeBufferPointer<Double>, gradient: UnsafeMutableBufferPointer<Double>?
      ) throws -> LogDensityValue {
        values += 1
        for i in 0..<3 { gradient?[i] = -position[i] }
        return LogDensityValue(logLikelihood: 0, logPrior: 0)
      }
      func differentiate(
        _ position: UnsafeBufferPointer<Double>, gradient: UnsafeMutableBufferPointer<Double>
      ) throws {
        gradients += 1
        for i in 0..<3 { gradient[i] = -position[i] }
      }
    }
    let density = Counting()
    var end = Leapfrog(position: [1, 1, 1], momentum: [0, 1, 2], gradient: [-1, -1, -1])
    try end.advance(density, steps: 9, stepSize: 0.1, inverseMass: nil)
    #expect(density.values == 1)
    #expect(density.gradients == 8)
  }

  @Test("energy differences of 700,000 parameters in float32 are those of Double")
  func largeEnergies() throws {
    let architecture = try Architecture(
      inputShape: [784], classCount: 10,
      layers: [
        .dense(name: "a", units: 512, activation: .tanh), .dense(name: "b", units: 512, activation: .tanh),
        .dense(name: "c", units: 10, activation: .identity),
      ])
    var stream = RandomStreams(seed: 5, purpose: "test/large").stream(example: 0)
    let prior = try GaussianPrior(.global(0.1), architecture: architecture)
    let position = prior.draw(&stream).map(Double.init)
    let momentum = stream.normals(position.count)
    let inputs = stream.uniforms(48 * 784).map(Float.init)
    let errors = try [Precision.float64, .float32].map { precision -> Double in
      let posterior = try BayesianNetwork(
        architecture: architecture, prior: prior,
        examples: TrainingExamples(floats: inputs, inputShape: [784], labels: (0..<48).map { $0 % 10 }),
        configuration: .init(precision: precision))
      let (value, gradient) = try posterior.gradient(position)
      var end = Leapfrog(position: position, momentum: momentum, gradient: gradient)
      try end.advance(posterior, steps: 2, stepSize: 0.004, inverseMass: nil, rounding: true)
      let ratio = end.position.withUnsafeBufferPointer { new in
        position.withUnsafeBufferPointer { old in
          posterior.logRatio(
            of: LocatedValue(position: new, value: end.value!), to: LocatedValue(position: old, value: value))
        }
      }
      return end.kineticDifference(from: momentum, inverseMass: nil) - ratio
    }
    // The kinetic energy is 3·10⁵, where a float32 sum would step by 0.03.
    #expect(abs(errors[0]) > 1e-3)
    #expect(abs(errors[0] - errors[1]) < 1e-3)
  }
}
