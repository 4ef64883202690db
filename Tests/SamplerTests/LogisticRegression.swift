import Foundation
import HDF5
import NeuralNetworks
import RobustnessCore
import TestSupport

/// The oracle `logistic-regression.h5`: 60 points in the plane, two classes, a linear network with 6 parameters.
struct LogisticRegression {
  let architecture: Architecture
  let inputs: [Double]
  let labels: [Int]
  let posterior: BayesianNetwork
  let file: HDF5File

  init(threads: Int = 1) throws {
    file = try HDF5File.open(Fixtures.url("oracles/logistic-regression.h5").path)
    architecture = try Architecture(json: file.attribute("architecture", of: "/")!.text!)
    inputs = try file.dataset("/inputs").readAll(as: Double.self)
    labels = try file.dataset("/labels").readAll(as: Int64.self).map(Int.init)
    let scale = try file.attribute("prior_scale", of: "/")!.doubles![0]
    posterior = try BayesianNetwork(
      architecture: architecture, prior: GaussianPrior(.global(scale), architecture: architecture),
      examples: TrainingExamples(floats: inputs.map { Float($0) }, inputShape: [2], labels: labels),
      configuration: .init(threads: threads))
  }

  func array(_ path: String) throws -> [Double] { try file.dataset(path).readAll(as: Double.self) }

  var optimumBound: Double {
    get throws { try file.attribute("elbo", of: "/mean_field_optimum")!.doubles![0] }
  }

  /// What the label's logit is ahead of the other by is linear in the parameters: its coefficients for an example.
  func oddsCoefficients(_ example: Int) -> [Double] {
    let (x, y) = (inputs[2 * example], inputs[2 * example + 1])
    let sign = labels[example] == 1 ? 1.0 : -1
    // output.weight (2, 2), then output.bias (2).
    return [-x, -y, x, y, -1, 1].map { sign * $0 }
  }

  /// The ELBO of a mean-field Gaussian, in Double: the log-odds are normal, and their expectation is a quadrature.
  func bound(mean: [Double], scale: [Double]) -> Double {
    var bound = 0.0
    for example in labels.indices {
      let coefficients = oddsCoefficients(example)
      let odds = zip(coefficients, mean).reduce(0) { $0 + $1.0 * $1.1 }
      let deviation = zip(coefficients, scale).reduce(0) { $0 + $1.0 * $1.0 * $1.1 * $1.1 }.squareRoot()
      // The trapezoidal rule is exact to all digits for a smooth integrand that dies out at both ends.
      let step = 0.05
      for node in -200...200 {
        let z = Double(node) * step
        let weight = step * exp(-0.5 * z * z) / (2 * Double.pi).squareRoot()
        let value = odds + deviation * z
        bound -= weight * (value < 0 ? log1p(exp(value)) - value : log1p(exp(-value)))
      }
    }
    for (m, s) in zip(mean, scale) { bound -= -log(s) + (s * s + m * m) / 2 - 0.5 }
    return bound
  }

  /// The maximum a posteriori (or, without the prior's terms, of the penalised likelihood), by Newton's method in
  /// Double.
  func maximum() -> [Double] {
    var w = [Double](repeating: 0, count: 6)
    for _ in 0..<50 {
      var gradient = w.map { -$0 }
      var hessian = (0..<6).map { row in (0..<6).map { $0 == row ? 1.0 : 0 } }
      for example in labels.indices {
        let c = oddsCoefficients(example)
        let p = 1 / (1 + exp(zip(c, w).reduce(0) { $0 + $1.0 * $1.1 }))
        for i in 0..<6 {
          gradient[i] += p * c[i]
          for j in 0..<6 { hessian[i][j] += p * (1 - p) * c[i] * c[j] }
        }
      }
      let step = Self.solve(hessian, gradient)
      for i in 0..<6 { w[i] += step[i] }
    }
    return w
  }

  /// Gaussian elimination of a positive definite system.
  private static func solve(_ matrix: [[Double]], _ right: [Double]) -> [Double] {
    var (a, b) = (matrix, right)
    for k in b.indices {
      for i in b.indices where i > k {
        let factor = a[i][k] / a[k][k]
        for j in b.indices { a[i][j] -= factor * a[k][j] }
        b[i] -= factor * b[k]
      }
    }
    for k in b.indices.reversed() {
      for j in b.indices where j > k { b[k] -= a[k][j] * b[j] }
      b[k] /= a[k][k]
    }
    return b
  }
}

extension PosteriorSampler {
  /// The state after the warm-up.
  func warmedUp(
    _ target: Target, start: [Float] = [], chain: Int = 0, random: RandomStreams
  ) throws -> State {
    var state = try initialState(of: target, at: start, chain: chain, random: random)
    while warmup(of: state) != nil { state = try step(state, of: target, random: random).state }
    return state
  }
}

/// 784-inputs networks on random data, or any other: for what does not depend on the data.
func randomPosterior(_ layers: [Architecture.Layer], inputShape: [Int], count: Int, threads: Int = 1) throws
  -> BayesianNetwork
{
  let architecture = try Architecture(inputShape: inputShape, classCount: 10, layers: layers)
  var stream = RandomStreams(seed: 12, purpose: "test/samplers/data").stream(example: 0)
  let bytes = stream.uniforms(count * inputShape.reduce(1, *)).map { UInt8($0 * 255) }
  return try BayesianNetwork(
    architecture: architecture, prior: GaussianPrior(.global(0.5), architecture: architecture),
    examples: TrainingExamples(bytes: bytes, inputShape: inputShape, labels: (0..<count).map { $0 * 7 % 10 }),
    configuration: .init(threads: threads))
}
