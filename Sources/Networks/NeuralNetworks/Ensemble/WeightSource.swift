/// Draws from a posterior over the weights of one architecture, wherever they are kept.
public protocol WeightSource: Sendable {
  /// The network that the weights belong to.
  var architecture: Architecture { get }

  /// Number of draws, over all chains.
  var drawCount: Int { get }

  /// Which of `architecture.parameters` are the same in every draw: what depends on them alone is computed once for all
  /// draws.
  var sharedParameters: Set<Int> { get }

  /// Writes the parameters of one draw, one after the other in the order of `architecture.parameters`, each in C order.
  ///
  /// - Parameters:
  ///   - draw: Which draw, from 0.
  ///   - buffer: Room for exactly `architecture.parameterCount` numbers.
  /// - Throws: An error of the source, for instance when a file can no longer be read.
  func read(draw: Int, into buffer: UnsafeMutableBufferPointer<Float>) throws
}

extension WeightSource {
  /// None.
  public var sharedParameters: Set<Int> { [] }
}

/// Draws that are kept in memory.
public struct InMemoryWeights: WeightSource {
  /// The network that the weights belong to.
  public let architecture: Architecture
  /// One array of `architecture.parameterCount` numbers per draw.
  public let draws: [[Float]]
  /// The parameters that every draw has alike.
  public let sharedParameters: Set<Int>

  /// Number of draws.
  public var drawCount: Int { draws.count }

  /// Keeps the given draws.
  ///
  /// - Parameters:
  ///   - architecture: The network that the weights belong to.
  ///   - draws: For each draw, its parameters in the order of `architecture.parameters`, each in C order.
  ///   - sharedParameters: Which of `architecture.parameters` are the same in all of them.
  public init(architecture: Architecture, draws: [[Float]], sharedParameters: Set<Int> = []) {
    precondition(
      draws.allSatisfy { $0.count == architecture.parameterCount }, "every draw holds every parameter of the network")
    self.architecture = architecture
    self.draws = draws
    self.sharedParameters = sharedParameters
  }

  /// Copies one draw.
  public func read(draw: Int, into buffer: UnsafeMutableBufferPointer<Float>) throws {
    precondition(buffer.count == architecture.parameterCount, "the buffer holds exactly one draw")
    _ = buffer.update(fromContentsOf: draws[draw])
  }
}
