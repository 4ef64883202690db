public import RobustnessCore

/// The gradients of one scalar at one input, one for each draw of a posterior.
///
/// Gradients may be far below the smallest single-precision number; they are kept relative to a common power of two,
/// which no ratio sees.
public struct DrawGradients: Sendable {
  /// Number of chains; every chain has as many draws.
  public let chainCount: Int
  /// Draws in each chain.
  public let drawsPerChain: Int
  /// Numbers in a gradient.
  public let dimension: Int
  /// Gradients of all draws, chain by chain, each of `dimension` numbers.
  public let values: [Double]
  /// The gradients are `values` · 2^`exponent`.
  public let exponent: Int

  /// Number of draws.
  public var drawCount: Int { chainCount * drawsPerChain }

  /// Gradients as plain numbers.
  ///
  /// - Parameter values: `chainCount` × draws × `dimension` numbers.
  public init(_ values: [Double], dimension: Int, chainCount: Int) {
    self.init(values, dimension: dimension, chainCount: chainCount, exponent: 0)
  }

  private init(_ values: [Double], dimension: Int, chainCount: Int, exponent: Int) {
    precondition(dimension > 0 && chainCount > 0 && values.count % (dimension * chainCount) == 0 && !values.isEmpty)
    self.values = values
    self.dimension = dimension
    self.chainCount = chainCount
    drawsPerChain = values.count / (dimension * chainCount)
    self.exponent = exponent
  }

  /// Gradients with an exponent for each draw: rows of `gradient` are draws.
  public init(_ gradient: ScaledGradient, chainCount: Int) {
    let rows = gradient.values.rowCount
    precondition(chainCount > 0 && rows % chainCount == 0)
    dimension = gradient.values.rowSize
    self.chainCount = chainCount
    drawsPerChain = rows / chainCount
    let present = (0..<rows).filter { row in gradient.values[row: row].contains { $0 != 0 } }
    let largest = present.map { gradient.exponents[$0] }.max() ?? 0
    exponent = largest
    var values: [Double] = []
    values.reserveCapacity(rows * dimension)
    for row in 0..<rows {
      let scale = Double(sign: .plus, exponent: max(-1074, gradient.exponents[row] - largest), significand: 1)
      for value in gradient.values[row: row] { values.append(value * scale) }
    }
    self.values = values
  }

  /// The gradient of one draw.
  public subscript(draw draw: Int) -> ArraySlice<Double> { values[draw * dimension..<(draw + 1) * dimension] }

  /// The same gradients with directions only: each of length 1, zeros left alone.
  public var normalized: DrawGradients {
    var result = values
    for draw in 0..<drawCount {
      let range = draw * dimension..<(draw + 1) * dimension
      let largest = result[range].reduce(0) { max($0, abs($1)) }
      guard largest > 0 else { continue }
      let norm = largest * result[range].reduce(0) { $0 + ($1 / largest) * ($1 / largest) }.squareRoot()
      for i in range { result[i] /= norm }
    }
    return DrawGradients(result, dimension: dimension, chainCount: chainCount)
  }

  /// Parts of the gradients along orthonormal directions, and what is left.
  ///
  /// - Parameter tangents: Orthonormal vectors.
  public func split(tangents: [[Double]]) -> (tangent: DrawGradients, normal: DrawGradients) {
    var along = [Double](repeating: 0, count: values.count)
    for draw in 0..<drawCount {
      let offset = draw * dimension
      for tangent in tangents {
        precondition(tangent.count == dimension)
        var product = 0.0
        for i in 0..<dimension { product += values[offset + i] * tangent[i] }
        for i in 0..<dimension { along[offset + i] += product * tangent[i] }
      }
    }
    let across = zip(values, along).map { $0 - $1 }
    return (
      DrawGradients(along, dimension: dimension, chainCount: chainCount, exponent: exponent),
      DrawGradients(across, dimension: dimension, chainCount: chainCount, exponent: exponent)
    )
  }

  /// Sums of consecutive draws; a last block that is shorter joins the one before. Blocks do not cross chains.
  func blockSums(length: Int) -> [[Double]] {
    var sums: [[Double]] = []
    for chain in 0..<chainCount {
      let blocks = max(1, drawsPerChain / max(1, length))
      for block in 0..<blocks {
        let begin = block * drawsPerChain / blocks
        let end = (block + 1) * drawsPerChain / blocks
        var sum = [Double](repeating: 0, count: dimension)
        for draw in begin..<end {
          let offset = (chain * drawsPerChain + draw) * dimension
          for i in 0..<dimension { sum[i] += values[offset + i] }
        }
        sums.append(sum)
      }
    }
    return sums
  }
}
