import RobustnessCore

extension Estimate {
  /// How well a score tells attacked inputs from clean ones: the probability that the attacked input of one example has
  /// the larger score than the clean input of another, or of the same, ties counted half (Mann and Whitney 1947); the
  /// area under the receiver operating characteristic.
  ///
  /// Both scores of an example stand at the same place, and an easy example is easy in both: the standard error is that
  /// of DeLong, DeLong and Clarke-Pearson (Biometrics 1988) with the covariance of the two, as Obuchowski (Biometrics
  /// 1997) has it for clusters, here of one attacked and one clean input.
  ///
  /// - Parameters:
  ///   - attacked: one for each example; what is not a number counts as the smallest.
  ///   - clean: of the same examples.
  /// - Returns: NaN without examples; no interval where the examples do not vary, as when the scores do not overlap.
  static func areaUnderROC(attacked: [Double], clean: [Double]) -> Estimate {
    precondition(attacked.count == clean.count)
    let positives = attacked.map { $0.isNaN ? -.infinity : $0 }
    let negatives = clean.map { $0.isNaN ? -.infinity : $0 }
    let count = Double(positives.count)
    guard count > 0 else { return Estimate(value: .nan, unit: "fraction", count: 0) }
    let (sortedPositives, sortedNegatives) = (positives.sorted(), negatives.sorted())
    // Counts of halves: their sum is exact, whatever the order of the examples.
    let above = positives.map { sortedNegatives.doubledMidrank($0) }
    let below = negatives.map { 2 * sortedPositives.count - sortedPositives.doubledMidrank($0) }
    let area = Double(above.reduce(0, +)) / (2 * count * count)
    guard count > 1 else { return Estimate(value: area, unit: "fraction", count: positives.count) }
    let deviations = zip(above, below).map { Double($0 + $1) / (2 * count) - 2 * area }.sorted()
    let variance = deviations.reduce(0) { $0 + $1 * $1 } / (count - 1) / count
    let half = 1.959963984540054 * variance.squareRoot()
    return Estimate(
      value: area, low: half > 0 ? max(0, area - half) : nil, high: half > 0 ? min(1, area + half) : nil,
      unit: "fraction", count: positives.count)
  }
}

extension [Double] {
  /// Twice the number of elements of this sorted array that lie below a value, and once that of those that equal it.
  fileprivate func doubledMidrank(_ value: Double) -> Int {
    func first(where isPast: (Double) -> Bool) -> Int {
      var (low, high) = (0, count)
      while low < high {
        let middle = (low + high) / 2
        if isPast(self[middle]) { high = middle } else { low = middle + 1 }
      }
      return low
    }
    return first { $0 >= value } + first { $0 > value }
  }
}
