import RobustnessCore

/// Fresh draws from a mean-field Gaussian: mean + scale · a standard normal, keyed by (seed, draw), so that draw 7 is
/// the same whichever others are asked for.
public struct ResampledWeights: WeightSource {
  /// The layers.
  public let architecture: Architecture
  /// Number of draws.
  public let drawCount: Int
  private let mean: [Float]
  private let scale: [Float]
  private let streams: RandomStreams

  /// Draws of a fitted Gaussian.
  ///
  /// - Parameters:
  ///   - architecture: The network that the weights belong to.
  ///   - mean: one a parameter, in the order of `architecture.parameters`.
  ///   - scale: standard deviations, likewise.
  ///   - drawCount: Number of draws.
  ///   - seed: Names the draws.
  public init(architecture: Architecture, mean: [Float], scale: [Float], drawCount: Int, seed: UInt64) {
    precondition(mean.count == architecture.parameterCount && scale.count == mean.count)
    self.architecture = architecture
    self.drawCount = drawCount
    self.mean = mean
    self.scale = scale
    streams = RandomStreams(seed: seed, purpose: "variational-draws")
  }

  /// Writes the parameters of one draw.
  public func read(draw: Int, into buffer: UnsafeMutableBufferPointer<Float>) throws {
    var stream = streams.stream(example: draw)
    let normals = stream.normals(mean.count)
    for index in mean.indices { buffer[index] = mean[index] + scale[index] * Float(normals[index]) }
  }
}
