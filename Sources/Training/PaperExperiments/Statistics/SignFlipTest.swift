import Diagnostics
import Foundation
public import RobustnessCore

/// Whether the mean gradient is larger than chance: under the symmetry g ↔ −g of Lemma 2 of Carbone et al. (NeurIPS
/// 2020), the sign of every draw's gradient is a coin toss.
///
/// ‖Σ_b ε_b B_b‖² over random signs ε is compared with its value for ε = 1, where B_b are sums over blocks of
/// consecutive draws: draws within a block keep their correlation, blocks longer than the autocorrelation are
/// independent. The p-value is (1 + number of flips that reach the value) / (1 + flips).
public struct SignFlipTest: Sendable, Hashable {
  /// Probability, without a mean gradient, of a mean at least as large.
  public let pValue: Double
  /// Independent pieces whose signs were flipped. Below about ten the p-value cannot be small.
  public let blockCount: Int

  /// The test for one input, or for several at once, at which the same signs are flipped; each input counts by ‖·‖²
  /// relative to its own mean square.
  ///
  /// - Parameters:
  ///   - blockLength: Draws in a block; 1 for independent draws.
  ///   - flips: Number of random sign patterns.
  public init(_ inputs: [DrawGradients], blockLength: Int, flips: Int = 999, random: RandomStreams) {
    var gram: [Double] = []
    var count = 0
    for gradients in inputs {
      let squares = gradients.values.reduce(0) { $0 + $1 * $1 }
      guard squares > 0 else { continue }
      let sums = gradients.blockSums(length: blockLength)
      if gram.isEmpty {
        count = sums.count
        gram = Array(repeating: 0, count: count * count)
      }
      precondition(sums.count == count, "inputs share their draws")
      for a in 0..<count {
        for b in 0...a {
          var product = 0.0
          for i in 0..<gradients.dimension { product += sums[a][i] * sums[b][i] }
          gram[a * count + b] += product / squares
        }
      }
    }
    blockCount = count
    guard count > 0 else {
      pValue = .nan
      return
    }
    func value(_ signs: [Double]) -> Double {
      var total = 0.0
      for a in 0..<count {
        var row = gram[a * count + a] / 2
        for b in 0..<a { row += gram[a * count + b] * signs[a] * signs[b] }
        total += 2 * row
      }
      return total
    }
    let observed = value(Array(repeating: 1, count: count))
    var reached = 0
    for flip in 0..<flips {
      var stream = random.stream(example: flip)
      let signs = stream.uniforms(count).map { $0 < 0.5 ? -1.0 : 1.0 }
      // All signs alike is the same value: rounding must not make it smaller.
      if value(signs) >= observed * (1 - 1e-12) { reached += 1 }
    }
    pValue = Double(1 + reached) / Double(1 + flips)
  }

  /// A block length beyond the autocorrelation: four integrated autocorrelation times of the slowest of the eight
  /// components with the largest variance, at most a fifth of a chain.
  public static func blockLength(_ gradients: DrawGradients) -> Int {
    let n = gradients.drawsPerChain
    guard n >= 8 else { return 1 }
    var variances: [(component: Int, variance: Double)] = []
    for component in 0..<gradients.dimension {
      var sum = 0.0
      var squares = 0.0
      for draw in 0..<gradients.drawCount {
        let value = gradients.values[draw * gradients.dimension + component]
        sum += value
        squares += value * value
      }
      let count = Double(gradients.drawCount)
      variances.append((component, squares / count - (sum / count) * (sum / count)))
    }
    let largest = variances.sorted { $0.variance > $1.variance }.prefix(8).filter { $0.variance > 0 }
    let times = largest.map { entry -> Double in
      let chains = (0..<gradients.chainCount).map { chain in
        (0..<n).map { gradients.values[(chain * n + $0) * gradients.dimension + entry.component] }
      }
      let size = EffectiveSampleSize.mean(chains)
      return size.isNaN ? 1 : Double(gradients.drawCount) / size
    }
    let length = Int((4 * (times.max() ?? 1)).rounded(.up))
    return (times.max() ?? 1) <= 1.2 ? 1 : min(max(1, length), max(1, n / 5))
  }
}
