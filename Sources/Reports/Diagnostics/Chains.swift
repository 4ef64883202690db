// What all diagnostics share: checking, splitting, ranks, quantiles and moments of chains × draws.

/// Whether there is anything to diagnose: enough draws a chain, all finite, not all the same.
func areInformative(_ chains: [[Double]], minimumDraws: Int = 4) -> Bool {
  guard let first = chains.first, first.count >= minimumDraws, let value = first.first else { return false }
  precondition(chains.allSatisfy { $0.count == first.count }, "every chain has the same number of draws")
  return chains.allSatisfy { $0.allSatisfy(\.isFinite) } && chains.contains { $0.contains { $0 != value } }
}

/// First and last half of every chain as chains of their own; the middle draw of an odd number is dropped.
func splitInHalves(_ chains: [[Double]]) -> [[Double]] {
  let half = (chains.first?.count ?? 0) / 2
  return chains.map { Array($0.prefix(half)) } + chains.map { Array($0.suffix(half)) }
}

func mean(_ values: [Double]) -> Double { values.reduce(0, +) / Double(values.count) }

/// Sample variance with denominator n − 1.
func variance(_ values: [Double]) -> Double {
  let centre = mean(values)
  return values.reduce(0) { $0 + ($1 - centre) * ($1 - centre) } / Double(values.count - 1)
}

/// The quantile with linear interpolation between order statistics (type 7 of Hyndman and Fan 1996), of values in
/// ascending order.
func quantile(_ sorted: [Double], _ probability: Double) -> Double {
  let position = Double(sorted.count - 1) * probability + 1
  let index = min(max(position, 1), Double(sorted.count - 1)).rounded(.down)
  let weight = min(max(position - index, 0), 1)
  return (1 - weight) * sorted[Int(index) - 1] + weight * sorted[Int(index)]
}

/// Every draw replaced by Φ⁻¹((r − 3/8) / (S + 1/4)), where r is its rank among all S draws (Vehtari et al. 2021, Eq.
/// 14).
///
/// Equal draws share the average of their ranks: a rejected proposal repeats a draw, and ranks by order of appearance
/// would see a trend there.
func rankNormalized(_ chains: [[Double]]) -> [[Double]] {
  let pool = chains.flatMap { $0 }
  let order = pool.indices.sorted { pool[$0] < pool[$1] }
  var scores = [Double](repeating: 0, count: pool.count)
  var start = 0
  while start < order.count {
    var end = start + 1
    while end < order.count, pool[order[end]] == pool[order[start]] { end += 1 }
    let rank = Double(start + 1 + end) / 2
    let score = normalQuantile((rank - 0.375) / (Double(pool.count) + 0.25))
    for position in start..<end { scores[order[position]] = score }
    start = end
  }
  var first = 0
  return chains.map { chain in
    defer { first += chain.count }
    return Array(scores[first..<first + chain.count])
  }
}
