import NeuralNetworks

/// What differs between draws: weight space without the parameters that all draws share, which have no R-hat.
struct DrawnParameters: Sendable {
  private let weights: any WeightSource
  /// Where they lie in a draw.
  private let ranges: [Range<Int>]
  /// Their number; all of a draw's where nothing is shared, or everything.
  let count: Int

  init(of weights: any WeightSource) {
    self.weights = weights
    let parameters = weights.architecture.parameters
    let shared = weights.sharedParameters
    var ranges: [Range<Int>] = []
    var offset = 0
    for (index, parameter) in parameters.enumerated() {
      if shared.count == parameters.count || !shared.contains(index) {
        ranges.append(offset..<offset + parameter.count)
      }
      offset += parameter.count
    }
    self.ranges = ranges
    count = ranges.reduce(0) { $0 + $1.count }
  }

  /// Writes those of one draw, one after the other.
  func read(draw: Int, into buffer: UnsafeMutableBufferPointer<Float>) throws {
    let all = weights.architecture.parameterCount
    guard count < all else { return try weights.read(draw: draw, into: buffer) }
    let whole = UnsafeMutableBufferPointer<Float>.allocate(capacity: all)
    defer { whole.deallocate() }
    whole.initialize(repeating: 0)
    try weights.read(draw: draw, into: whole)
    var place = 0
    for range in ranges {
      for index in range {
        buffer[place] = whole[index]
        place += 1
      }
    }
  }
}
