import Foundation

/// How much of the gradients' size survives the average over the posterior.
///
/// For draws g₁ … gₙ with mean ḡ, ‖ḡ‖² is biased upwards by tr Σ/n: it falls like 1/n for any ensemble, whatever its
/// mean. U = Σ_{s≠t} g_s·g_t / (n(n−1)) is unbiased for ‖E g‖², and R = U / mean‖g_s‖² is 0 where the expectation
/// vanishes and 1 where all gradients are equal. Draws of one chain are correlated, so pairs are taken from different
/// chains only, and the error comes from leaving out one chain at a time.
public struct MeanGradientSignal: Sendable, Hashable {
  /// U, in units of 2^(2·`exponent`).
  public let unbiasedSquaredMean: Double
  /// mean‖g_s‖², likewise.
  public let meanSquare: Double
  /// The largest exponent of the inputs' gradients.
  public let exponent: Int
  /// R = U / mean‖g_s‖²; NaN where all gradients are zero.
  public let ratio: Double
  /// Standard error of R by the jackknife over groups; NaN with fewer than three.
  public let ratioError: Double
  /// ‖ḡ‖ / root of mean‖g_s‖²: what is usually plotted.
  public let cancellation: Double
  /// What `cancellation` would be without any signal and with independent draws: 1/√n.
  public let cancellationWithoutSignal: Double

  /// From the gradients at one input.
  ///
  /// - Parameter areDrawsIndependent: Pairs are taken within chains too, and the jackknife leaves out one draw at a
  ///   time. Single chains must be independent draws.
  public init(_ gradients: DrawGradients, areDrawsIndependent: Bool) {
    self.init(pooling: [gradients], areDrawsIndependent: areDrawsIndependent)
  }

  /// The mean over inputs, whose gradients come from the same draws: R is the mean of the inputs' ratios, and a group
  /// of draws is left out at all inputs at once.
  ///
  /// Inputs at which all gradients are zero are left out.
  public init(pooling inputs: [DrawGradients], areDrawsIndependent: Bool) {
    let inputs = inputs.filter { $0.values.contains { $0 != 0 } }
    guard let first = inputs.first else {
      self.init(u: 0, square: 0, exponent: 0, ratio: .nan, error: .nan, cancellation: .nan, n: 1)
      return
    }
    let groups = areDrawsIndependent ? first.drawCount : first.chainCount
    let size = first.drawCount / groups
    let exponent = inputs.reduce(first.exponent) { max($0, $1.exponent) }
    var ratios = [Double](repeating: 0, count: groups)
    var u = 0.0
    var square = 0.0
    var ratio = 0.0
    var cancellation = 0.0
    for gradients in inputs {
      precondition(gradients.drawCount == first.drawCount && gradients.chainCount == first.chainCount)
      let one = Self.leaveOut(gradients, groups: groups, size: size)
      // Every input's gradients have a scale of their own.
      let scale = Double(sign: .plus, exponent: max(-1074, 2 * (gradients.exponent - exponent)), significand: 1)
      u += one.u * scale
      square += one.square * scale
      ratio += one.u / one.square
      cancellation += (one.norm / one.square).squareRoot()
      for group in 0..<groups { ratios[group] += one.ratios[group] }
    }
    let count = Double(inputs.count)
    for group in 0..<groups { ratios[group] /= count }
    let mean = ratios.reduce(0, +) / Double(groups)
    let spread = ratios.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
    let error = groups >= 3 ? (Double(groups - 1) / Double(groups) * spread).squareRoot() : .nan
    self.init(
      u: u / count, square: square / count, exponent: exponent, ratio: groups >= 2 ? ratio / count : .nan, error: error,
      cancellation: cancellation / count, n: first.drawCount)
  }

  private init(
    u: Double, square: Double, exponent: Int, ratio: Double, error: Double, cancellation: Double, n: Int
  ) {
    unbiasedSquaredMean = u
    meanSquare = square
    self.exponent = exponent
    self.ratio = ratio
    ratioError = error
    self.cancellation = cancellation
    cancellationWithoutSignal = 1 / Double(n).squareRoot()
  }

  /// mean‖g_s‖² as a plain number, which can be 0 for gradients below 10⁻¹⁵⁴.
  public var plainMeanSquare: Double {
    meanSquare * Double(sign: .plus, exponent: max(-1074, min(1023, 2 * exponent)), significand: 1)
  }

  /// mean‖g_s‖² over that of another signal, whatever their scales.
  public func meanSquareRatio(to other: MeanGradientSignal) -> Double {
    let difference = max(-1074, min(1023, 2 * (exponent - other.exponent)))
    return meanSquare / other.meanSquare * Double(sign: .plus, exponent: difference, significand: 1)
  }

  private static func leaveOut(
    _ gradients: DrawGradients, groups: Int, size: Int
  ) -> (u: Double, square: Double, norm: Double, ratios: [Double]) {
    let d = gradients.dimension
    var sums = [[Double]](repeating: [Double](repeating: 0, count: d), count: groups)
    var squares = [Double](repeating: 0, count: groups)
    for draw in 0..<gradients.drawCount {
      let group = draw / size
      for (i, value) in gradients[draw: draw].enumerated() {
        sums[group][i] += value
        squares[group] += value * value
      }
    }
    var total = [Double](repeating: 0, count: d)
    for sum in sums { for i in 0..<d { total[i] += sum[i] } }
    let norms = sums.map { $0.reduce(0) { $0 + $1 * $1 } }
    let products = sums.map { sum in zip(sum, total).reduce(0) { $0 + $1.0 * $1.1 } }
    let totalNorm = total.reduce(0) { $0 + $1 * $1 }
    let n = Double(gradients.drawCount)
    let m = Double(size)
    let allNorms = norms.reduce(0, +)
    let allSquares = squares.reduce(0, +)
    func pairs(_ groups: Double) -> Double { groups * m * (groups - 1) * m }
    let g = Double(groups)
    let u = groups >= 2 ? (totalNorm - allNorms) / pairs(g) : .nan
    let ratios = (0..<groups).map { group -> Double in
      guard groups >= 3 else { return .nan }
      let rest = totalNorm - 2 * products[group] + norms[group]
      let left = (rest - (allNorms - norms[group])) / pairs(g - 1)
      return left / ((allSquares - squares[group]) / (n - m))
    }
    return (u, allSquares / n, totalNorm / (n * n), ratios)
  }
}

extension DrawGradients {
  /// Mean cosine between the gradients of two draws; of different chains unless draws are independent. Draws with a
  /// zero gradient count as orthogonal to all.
  public func meanPairwiseCosine(areDrawsIndependent: Bool) -> Double {
    MeanGradientSignal(normalized, areDrawsIndependent: areDrawsIndependent).unbiasedSquaredMean
  }

  /// Fraction of the components whose sign is the same in the means of two halves of the draws: ½ where the sign step
  /// of an attack is a coin toss.
  ///
  /// Halves are made of whole chains where there are two or more, else of the first and the second half of the draws.
  /// Components that are zero in either half count half.
  public var splitHalfSignAgreement: Double {
    let half = chainCount >= 2 ? chainCount / 2 * drawsPerChain : drawCount / 2
    guard half > 0 else { return .nan }
    var sums = [[Double]](repeating: [Double](repeating: 0, count: dimension), count: 2)
    for draw in 0..<2 * half {
      for (i, value) in self[draw: draw].enumerated() { sums[draw / half][i] += value }
    }
    let agreement = zip(sums[0], sums[1]).reduce(0.0) { count, pair in
      pair.0 == 0 || pair.1 == 0 ? count + 0.5 : count + ((pair.0 > 0) == (pair.1 > 0) ? 1 : 0)
    }
    return agreement / Double(dimension)
  }
}
