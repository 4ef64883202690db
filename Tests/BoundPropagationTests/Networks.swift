import Foundation
import NeuralNetworks
import PosteriorFiles
import RobustnessCore
import TestSupport

@testable import BoundPropagation

/// A stream of reproducible numbers.
struct Numbers {
  private var stream: RandomStream

  init(_ seed: Int) { stream = RandomStreams(seed: 3, purpose: "bounds").stream(example: seed) }

  /// Uniform between two ends.
  mutating func uniform(_ low: Double, _ high: Double) -> Double { low + (high - low) * stream.uniforms(1)[0] }
  mutating func uniforms(_ count: Int, _ low: Double, _ high: Double) -> [Double] {
    stream.uniforms(count).map { low + (high - low) * $0 }
  }
  mutating func whole(below count: Int) -> Int { min(count - 1, Int(uniform(0, Double(count)))) }
}

typealias Posterior = BoundedPosterior

extension BoundedPosterior {
  /// The draws in double precision, at most so many of them, and the first examples.
  func load(_ examples: Int, draws: Int) throws -> (NetworkEnsemble, Examples, ClosedRange<Double>) {
    let file = try PosteriorFile.open(Fixtures.url("\(rawValue).h5").path, probe: nil)
    guard let data = try file.evaluationData() else { throw CoreError("\(rawValue) has no examples") }
    let count = file.architecture.parameterCount
    let weights = try (0..<min(draws, file.drawCount)).map { draw in
      var buffer = [Float](repeating: 0, count: count)
      try buffer.withUnsafeMutableBufferPointer { try file.read(draw: draw, into: $0) }
      return buffer
    }
    let all = Examples(
      inputs: Tensor(shape: [data.count] + file.architecture.inputShape, elements: data.values), labels: data.labels)
    let ensemble = try NetworkEnsemble(
      InMemoryWeights(architecture: file.architecture, draws: weights),
      configuration: .init(threads: 1, inputBounds: file.inputBounds))
    return (ensemble, all.subset(Array(0..<min(examples, data.count))), file.inputBounds)
  }
}

extension BoundedEnsemble {
  /// p̄_y − max p̄_k of each row, in `Double` over members.
  func margins(_ points: Tensor, _ labels: [Int]) throws -> [Double] {
    var sums = [Double](repeating: 0, count: labels.count * classCount)
    for draw in 0..<drawCount {
      let logits = try member(draw).logits(points)
      for row in labels.indices {
        let z = Array(logits[row: row])
        let largest = z.max() ?? 0
        let total = z.reduce(0) { $0 + exp($1 - largest) }
        for k in z.indices { sums[row * classCount + k] += exp(z[k] - largest) / total / Double(drawCount) }
      }
    }
    return labels.indices.map { row in
      let p = sums[row * classCount..<(row + 1) * classCount]
      let own = p[p.startIndex + labels[row]]
      return own - (p.enumerated().filter { $0.offset != labels[row] }.map(\.element).max() ?? 0)
    }
  }

  /// Points of ball ∩ box with a small margin, by steps along the gradient of the margin in `Double`, and the smallest
  /// margin of each example on the way.
  func attacked(_ examples: Examples, _ threat: ThreatModel, steps: Int) throws -> [Double] {
    let reference = Memberwise(base: self)
    var points = examples.inputs
    var best = try margins(points, examples.labels)
    for step in 0..<steps {
      let gradient = try reference.lossAndGradient(
        examples.moved(to: points), objective: .margin, draws: .all
      ).gradient
      threat.step(&points, along: gradient.values, by: .relative(step < steps / 2 ? 0.5 : 0.1))
      threat.project(&points, around: examples.inputs)
      best = zip(best, try margins(points, examples.labels)).map { min($0, $1) }
    }
    return best
  }
}

/// The default implementations over members, in `Double`.
struct Memberwise<Base: PosteriorEnsemble>: PosteriorEnsemble {
  let base: Base
  var inputShape: [Int] { base.inputShape }
  var classCount: Int { base.classCount }
  var drawCount: Int { base.drawCount }
  func member(_ draw: Int) throws -> Base.Member { try base.member(draw) }
}

/// Networks that a test makes up.
struct MadeUp: BoundedEnsemble {
  let networks: [BoundedNetwork]
  let inputShape: [Int]
  let classCount: Int
  var drawCount: Int { networks.count }
  func member(_ draw: Int) throws -> LinearNetwork { throw CoreError("has no members") }
  func boundedMember(_ draw: Int) throws -> BoundedNetwork { networks[draw] }
}

/// A matrix, row by row.
struct Matrix: LinearMap {
  let rowsOfMatrix: [[Double]]
  var inputCount: Int { rowsOfMatrix[0].count }
  var outputCount: Int { rowsOfMatrix.count }
  var longestRow: Int { inputCount }
  var longestColumn: Int { outputCount }

  private func multiply(
    _ x: UnsafePointer<Double>, _ rows: Int, _ y: UnsafeMutablePointer<Double>, _ element: (Double) -> Double
  ) {
    for row in 0..<rows {
      for (j, weights) in rowsOfMatrix.enumerated() {
        var sum = 0.0
        for (i, w) in weights.enumerated() { sum += element(w) * x[row * inputCount + i] }
        y[row * outputCount + j] = sum
      }
    }
  }

  func apply(_ x: UnsafePointer<Double>, rows: Int, to y: UnsafeMutablePointer<Double>) { multiply(x, rows, y) { $0 } }
  func applyMagnitudes(_ x: UnsafePointer<Double>, rows: Int, to y: UnsafeMutablePointer<Double>) {
    multiply(x, rows, y) { abs($0) }
  }
  func applyTransposed(_ a: UnsafePointer<Double>, rows: Int, to y: UnsafeMutablePointer<Double>) {
    for row in 0..<rows {
      for i in 0..<inputCount {
        y[row * inputCount + i] = rowsOfMatrix.indices.reduce(0) {
          $0 + a[row * outputCount + $1] * rowsOfMatrix[$1][i]
        }
      }
    }
  }
}

extension BoundedNetwork {
  /// One affine step.
  static func linear(_ weights: [[Double]], _ bias: [Double]) -> BoundedNetwork {
    BoundedNetwork(
      inputCount: weights[0].count,
      steps: [
        Step(
          name: "linear", outputCount: weights.count,
          operation: .affine(AffineStep([.init(source: 0, map: Matrix(rowsOfMatrix: weights))], offset: bias)))
      ])
  }
}

/// The draws of a file that has bounds or not.
struct PosteriorFileWeights {
  let ensemble: NetworkEnsemble

  init(_ name: String) throws {
    let file = try PosteriorFile.open(Fixtures.url("\(name).h5").path, probe: nil)
    ensemble = try NetworkEnsemble(file, configuration: .init(threads: 1, inputBounds: file.inputBounds))
  }
}
