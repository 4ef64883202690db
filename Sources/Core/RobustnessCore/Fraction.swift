extension Double {
  /// A number as it is written, or a fraction of two: `0.03`, `8/255`; nil for anything else, and for a denominator of
  /// 0.
  ///
  /// No initialiser, which would make `Double.init` ambiguous wherever it is passed on.
  package static func reading(numberOrFraction text: some StringProtocol) -> Double? {
    let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false).map { Double($0) }
    switch (parts.first ?? nil, parts.count) {
    case (let number?, 1): return number
    case (let numerator?, 2):
      guard let denominator = parts[1], denominator != 0, denominator.isFinite, numerator.isFinite else { return nil }
      return numerator / denominator
    default: return nil
    }
  }
}
