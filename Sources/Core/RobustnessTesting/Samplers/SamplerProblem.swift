import NeuralNetworks
import RobustnessCore

/// Something to draw from.
struct SamplerProblem: Sendable {
  let name: String
  let density: any LogDensity

  /// What the harness would hand to a chain: a draw from the prior, a maximum, or nothing.
  func start(_ kind: SamplerStart, seed: UInt64, chain: Int) throws -> [Float] {
    switch kind {
    case .own: return []
    case .prior: return priorDraw(seed: seed, chain: chain)
    case .map: return try maximum(from: priorDraw(seed: seed, chain: chain))
    }
  }

  /// Somewhere in the prior, within its density.
  func priorDraw(seed: UInt64, chain: Int) -> [Float] {
    var stream = RandomStreams(seed: seed, purpose: "conformance/start").stream(example: chain)
    let normals = stream.normals(density.dimension)
    let deviations = density.priorDeviations ?? normals.map { _ in 1 }
    let draw = zip(deviations, normals).map { Float($0 * $1) }
    // The wall is a problem of the density, not of the start.
    return density is WalledNormal ? draw.map { abs($0) } : draw
  }

  /// Gradient ascent whose step grows as long as the density does, and shrinks when it does not.
  private func maximum(from start: [Float]) throws -> [Float] {
    func evaluate(_ position: [Double]) throws -> (value: Double, gradient: [Double]) {
      var gradient = [Double](repeating: 0, count: position.count)
      let value = try position.withUnsafeBufferPointer { position in
        try gradient.withUnsafeMutableBufferPointer { try density.evaluate(position, gradient: $0) }
      }
      return (value.total, gradient)
    }
    var position = start.map(Double.init)
    var (value, gradient) = try evaluate(position)
    var step = 0.01
    for _ in 0..<300 {
      let proposal = zip(position, gradient).map { $0 + step * $1 }
      let next = try evaluate(proposal)
      if next.value >= value {
        (position, value, gradient) = (proposal, next.value, next.gradient)
        step *= 1.5
      } else {
        step *= 0.5
      }
    }
    return position.map { Float($0) }
  }
}
