internal import CComputeKernels
import Foundation
public import RobustnessCore

/// Independent normal distributions of mean zero over all weights and biases.
public struct GaussianPrior: Sendable, Hashable {
  /// How the standard deviations are given.
  public enum Scale: Sendable, Hashable {
    /// The same for every weight and bias.
    case global(Double)
    /// One for each layer with parameters, from the input on: of its weights and of its biases.
    case perLayer([Double])
    /// One for some layers by name, and one for all others.
    case named([String: Double], others: Double)
    /// That of the biases, and the same divided by √(inputs of a unit) for the weights, so that pre-activations do not
    /// grow with the width (Neal 1996, chapter 2).
    case fanIn(Double)
  }

  /// How the standard deviations were given.
  public let scale: Scale
  /// One standard deviation for each parameter array, in the order of `architecture.parameters`.
  public let deviations: [Double]
  private let counts: [Int]

  /// The prior of a network.
  ///
  /// - Throws: `CoreError` for a standard deviation that is not positive and finite, or for a wrong number of them.
  public init(_ scale: Scale, architecture: Architecture) throws {
    self.scale = scale
    counts = architecture.parameters.map(\.count)
    let layers = Set(architecture.parameters.map(\.layer)).sorted()
    let given: [Double]
    switch scale {
    case .global(let deviation), .fanIn(let deviation): given = [deviation]
    case .named(let named, let others):
      given = [others] + named.values.sorted()
      let names = layers.map { architecture.layers[$0].name ?? "" }
      if let unknown = named.keys.sorted().first(where: { !names.contains($0) }) {
        throw CoreError(
          "no layer with parameters is named \(unknown); there are \(names.joined(separator: ", "))")
      }
    case .perLayer(let each):
      given = each
      guard each.count == layers.count else {
        throw CoreError(
          "the prior has \(each.count) scales for \(layers.count) layers with parameters; give one, or one for each layer"
        )
      }
    }
    for deviation in given where !(deviation > 0 && deviation.isFinite) {
      throw CoreError("the prior's scale \(deviation) is no standard deviation: it must be positive and finite")
    }
    deviations = architecture.parameters.map { parameter in
      switch scale {
      case .global(let deviation): return deviation
      case .named(let named, let others):
        return architecture.layers[parameter.layer].name.flatMap { named[$0] } ?? others
      case .perLayer(let each): return each[layers.firstIndex(of: parameter.layer)!]
      case .fanIn(let deviation):
        guard case .weight(let fanIn) = parameter.purpose else { return deviation }
        return deviation / Double(fanIn).squareRoot()
      }
    }
  }

  /// Number of parameters.
  public var dimension: Int { counts.reduce(0, +) }

  /// One standard deviation for each parameter.
  public var deviationOfEach: [Double] {
    zip(deviations, counts).flatMap { Array(repeating: $0, count: $1) }
  }

  /// The log-density, normalised.
  ///
  /// - Parameters:
  ///   - position: One number for each parameter.
  ///   - gradient: Where given, becomes (gradient + the prior's) · factor.
  func logDensity(
    _ position: UnsafePointer<Double>, adding gradient: UnsafeMutablePointer<Double>?, factor: Double
  ) -> Double {
    var offset = 0
    var sum = 0.0
    for (deviation, count) in zip(deviations, counts) {
      let weight = 1 / (deviation * deviation)
      let squares = ckn_gaussian_prior(
        gradient.map { $0 + offset }, factor, weight * factor, position + offset, count)
      sum -= 0.5 * weight * squares + Double(count) * (Self.logRootOfTwoPi + log(deviation))
      offset += count
    }
    return sum
  }

  /// log p(new) − log p(old), term by term.
  func logRatio(_ new: UnsafePointer<Double>, _ old: UnsafePointer<Double>) -> Double {
    var offset = 0
    var sum = 0.0
    for (deviation, count) in zip(deviations, counts) {
      sum -= 0.5 * ckn_square_difference(new + offset, old + offset, count) / (deviation * deviation)
      offset += count
    }
    return sum
  }

  /// A draw.
  public func draw(_ stream: inout RandomStream) -> [Float] {
    let normals = stream.normals(dimension)
    var draw: [Float] = []
    draw.reserveCapacity(normals.count)
    for (deviation, count) in zip(deviations, counts) {
      for _ in 0..<count { draw.append(Float(deviation * normals[draw.count])) }
    }
    return draw
  }

  private static let logRootOfTwoPi = 0.918_938_533_204_672_7
}
