import RobustnessCore

/// What a pass over the weights of all draws leaves: some parameters of every draw, and a hash of each draw.
struct WeightSpace: Sendable {
  /// At most this many numbers (parameters × draws) are looked at in full.
  static let fullLimit = 1_000_000
  /// Otherwise this many parameters are.
  static let sampleSize = 1000

  /// The parameters that are kept, ascending.
  let parameters: [Int]
  let parameterCount: Int
  /// Of each draw, the parameters kept, one draw after the other.
  private let values: [Float]
  /// One for each draw.
  let hashes: [BitHash]
  /// Number of weights, over all draws and parameters, that are not finite.
  let nonFiniteCount: Int

  /// Reads every draw once, and keeps nothing but the chosen parameters.
  init(_ posterior: DiagnosedPosterior, _ read: (Int, UnsafeMutableBufferPointer<Float>) throws -> Void) throws {
    let count = posterior.parameterCount
    parameterCount = count
    // Draws that are independent by construction are only told apart.
    parameters = posterior.mayBeChains ? Self.chosen(count, draws: posterior.drawCount) : []
    var values: [Float] = []
    values.reserveCapacity(parameters.count * posterior.drawCount)
    var hashes: [BitHash] = []
    var nonFinite = 0
    let buffer = UnsafeMutableBufferPointer<Float>.allocate(capacity: count)
    buffer.initialize(repeating: 0)
    defer { buffer.deallocate() }
    for draw in 0..<posterior.drawCount {
      try read(draw, buffer)
      var hash = BitHash()
      for value in buffer {
        hash.add(UInt64(value.bitPattern))
        if !value.isFinite { nonFinite += 1 }
      }
      hashes.append(hash)
      for parameter in parameters { values.append(buffer[parameter]) }
    }
    self.values = values
    self.hashes = hashes
    nonFiniteCount = nonFinite
  }

  /// All parameters, or a sample without replacement (Floyd's algorithm; Bentley and Floyd, CACM 1987) that depends on
  /// their number alone.
  static func chosen(_ count: Int, draws: Int) -> [Int] {
    guard count > sampleSize, count.multipliedReportingOverflow(by: draws).overflow || count * draws > fullLimit else {
      return Array(0..<count)
    }
    var stream = RandomStreams(seed: 0, purpose: "diagnostics/parameters").stream(example: 0)
    let uniforms = stream.uniforms(sampleSize)
    var chosen = Set<Int>()
    for (uniform, last) in zip(uniforms, count - sampleSize..<count) {
      let candidate = min(last, Int(uniform * Double(last + 1)))
      if !chosen.insert(candidate).inserted { chosen.insert(last) }
    }
    return chosen.sorted()
  }

  func summary(_ posterior: DiagnosedPosterior) -> ConvergenceSummary {
    let size = parameters.count
    let (chains, draws) = (posterior.chainCount, posterior.drawsPerChain)
    return ConvergenceSummary(
      count: size, population: parameterCount,
      quantity: { index in
        (0..<chains).map { chain in
          (0..<draws).map { Double(values[(chain * draws + $0) * size + index]) }
        }
      })
  }
}
