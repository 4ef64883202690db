/// Means and variances of many numbers at once, one observation at a time (Welford 1962).
public struct RunningVariance: Codable, Sendable, Hashable {
  /// Number of observations.
  public private(set) var count = 0
  private var mean: [Double]
  private var squares: [Double]

  /// No observations of `dimension` numbers.
  public init(dimension: Int) {
    mean = Array(repeating: 0, count: dimension)
    squares = mean
  }

  /// Takes one observation.
  public mutating func add(_ values: [Float]) {
    count += 1
    let n = Double(count)
    for i in mean.indices {
      let difference = Double(values[i]) - mean[i]
      mean[i] += difference / n
      squares[i] += difference * (Double(values[i]) - mean[i])
    }
  }

  /// Variances with divisor n − 1, drawn towards 10⁻³ as Stan does: n/(n+5)·s² + 10⁻³·5/(n+5). Nil with fewer than two
  /// observations.
  public var regularizedVariances: [Double]? {
    guard count > 1 else { return nil }
    let n = Double(count)
    return squares.map { n / (n + 5) * $0 / (n - 1) + 1e-3 * 5 / (n + 5) }
  }
}
