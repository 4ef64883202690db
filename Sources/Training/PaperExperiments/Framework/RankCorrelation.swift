import Foundation
import RobustnessCore

/// Spearman's rank correlation with a bootstrap interval (Spearman 1904; Efron 1979, percentile method).
struct RankCorrelation: Sendable, Hashable {
  /// ρ; NaN with fewer than three points or where one variable does not vary.
  let value: Double
  /// Lower end of the 95 % interval; NaN with fewer than eight points.
  let low: Double
  /// Upper end of the 95 % interval.
  let high: Double
  /// Number of points.
  let count: Int

  /// With fewer points a resample often holds two distinct ones only, and the interval means nothing.
  static let minimumForInterval = 8

  /// Of pairs (x, y); pairs with a NaN are left out.
  ///
  /// - Parameter resamples: Bootstrap samples of pairs.
  init(_ x: [Double], _ y: [Double], resamples: Int = 2000, random: RandomStreams) {
    let pairs = zip(x, y).filter { !$0.0.isNaN && !$0.1.isNaN }
    count = pairs.count
    value = Self.correlation(pairs.map(\.0), pairs.map(\.1))
    guard pairs.count >= Self.minimumForInterval, !value.isNaN else {
      (low, high) = (.nan, .nan)
      return
    }
    var values: [Double] = []
    for resample in 0..<resamples {
      var stream = random.stream(example: resample)
      let chosen = stream.uniforms(pairs.count).map { pairs[min(pairs.count - 1, Int($0 * Double(pairs.count)))] }
      let value = Self.correlation(chosen.map(\.0), chosen.map(\.1))
      if !value.isNaN { values.append(value) }
    }
    values.sort()
    guard values.count >= 40 else {
      (low, high) = (.nan, .nan)
      return
    }
    low = values[Int(0.025 * Double(values.count - 1))]
    high = values[Int((0.975 * Double(values.count - 1)).rounded(.up))]
  }

  /// Pearson's correlation of the ranks; equal values share the mean of their ranks.
  static func correlation(_ x: [Double], _ y: [Double]) -> Double {
    guard x.count >= 3 else { return .nan }
    let a = ranks(x)
    let b = ranks(y)
    let mean = Double(x.count + 1) / 2
    var (xx, yy, xy) = (0.0, 0.0, 0.0)
    for i in a.indices {
      xx += (a[i] - mean) * (a[i] - mean)
      yy += (b[i] - mean) * (b[i] - mean)
      xy += (a[i] - mean) * (b[i] - mean)
    }
    return xx > 0 && yy > 0 ? xy / (xx * yy).squareRoot() : .nan
  }

  /// Ranks from 1.
  static func ranks(_ values: [Double]) -> [Double] {
    let order = values.indices.sorted { values[$0] < values[$1] }
    var ranks = [Double](repeating: 0, count: values.count)
    var start = 0
    while start < order.count {
      var end = start
      while end + 1 < order.count, values[order[end + 1]] == values[order[start]] { end += 1 }
      for position in start...end { ranks[order[position]] = Double(start + end) / 2 + 1 }
      start = end + 1
    }
    return ranks
  }
}
