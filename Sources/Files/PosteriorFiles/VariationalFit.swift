import HDF5

/// How draws of a variational posterior compare with the distribution that they are said to come from.
///
/// With S draws w of a parameter, its mean μ and its scale σ, z = (w̄ − μ) / (σ/√S) has variance 1 and the sample
/// variance of w/σ has mean 1. Both are averaged over all parameters, of which there are so many that chance moves the
/// averages little. Means that agree too well are left alone: draws in pairs around μ are honest.
struct VariationalFit {
  /// Fewer draws, or fewer parameters, tell nothing.
  private static let leastDrawCount = 10
  private static let leastParameterCount = 100

  /// Number of draws, 0 where nothing is compared.
  let drawCount: Int
  private var parameterCount = 0
  private var meanSquares = 0.0
  private var variances = 0.0

  init(drawCount: Int) { self.drawCount = drawCount }

  /// Whether there are draws enough to compare.
  var isWanted: Bool { drawCount >= Self.leastDrawCount }

  /// Adds the draws of one data set of weights.
  mutating func add(_ draws: StandardizedDraws) {
    let count = Double(drawCount)
    let squaresOfSums = draws.sums.reduce(0) { $0 + $1 * $1 }
    parameterCount += draws.usableCount
    meanSquares += squaresOfSums / count
    variances += (draws.sumOfSquares - squaresOfSums / count) / (count - 1)
  }

  /// What does not fit, a clause that continues "/variational …"; nil when everything does, or nothing can be told.
  var sentence: String? {
    guard isWanted, parameterCount >= Self.leastParameterCount else { return nil }
    let number = Double(parameterCount)
    let (offset, spread) = (meanSquares / number, variances / number)
    // 1.5, and five standard deviations of an average of squares of normal numbers.
    if !(offset - 1 <= max(0.5, 5 * (2 / number).squareRoot())) {
      let distance = Self.rounded(offset.squareRoot())
      return "has means that the \(drawCount) draws do not have: theirs are \(distance) standard errors away on "
        + "average, which would be 1"
    }
    guard !(spread >= 0.5 && spread <= 2) else { return nil }
    return "has scales that the \(drawCount) draws do not have: their variance is \(Self.rounded(spread)) times scale²"
  }

  /// Three digits.
  private static func rounded(_ value: Double) -> String {
    guard value.isFinite, value > 0 else { return "\(value)" }
    var unit = 1.0
    while value / unit >= 1000 { unit *= 10 }
    while value / unit < 100 { unit /= 10 }
    return plain((value / unit).rounded() * unit)
  }
}

/// Sums over draws of one data set of weights, each number less its mean and in units of its scale.
struct StandardizedDraws {
  private let mean: [Double]
  /// 1/scale; 0 where the scale is 0, or so small that the rounding of the weight is as large.
  private let precision: [Double]
  /// Number of weights with a scale to measure by.
  let usableCount: Int
  /// For each weight, the sum over the draws.
  private(set) var sums: [Double]
  private(set) var sumOfSquares = 0.0

  /// Prepares for draws from independent normal distributions.
  init(mean: [Float], scale: [Float]) {
    self.mean = mean.map(Double.init)
    precision = zip(mean, scale).map { mean, scale in scale > 1e-5 * abs(mean) && scale > 0 ? 1 / Double(scale) : 0 }
    usableCount = precision.count { $0 > 0 }
    sums = [Double](repeating: 0, count: mean.count)
  }

  /// Adds whole draws.
  mutating func add(_ block: UnsafeRawBufferPointer, _ element: ElementType) {
    switch element {
    case .float32: add(block.assumingMemoryBound(to: Float.self)) { Double($0) }
    case .float64: add(block.assumingMemoryBound(to: Double.self)) { $0 }
    default: break
    }
  }

  private mutating func add<T>(_ values: UnsafeBufferPointer<T>, _ convert: (T) -> Double) {
    let size = sums.count
    guard size > 0 else { return }
    var total = 0.0
    for start in stride(from: 0, to: values.count - size + 1, by: size) {
      for index in 0..<size {
        let value = (convert(values[start + index]) - mean[index]) * precision[index]
        sums[index] += value
        total += value * value
      }
    }
    sumOfSquares += total
  }
}

extension Inspection {
  /// The distribution that a data set of weights is said to be drawn from; nil where none is stated.
  func standardizedDraws(of dataset: HDF5Dataset) throws(HDF5Error) -> StandardizedDraws? {
    let name = dataset.path.dropFirst("/posterior/".count)
    guard let mean = structure.dataset("/variational/\(name).mean"),
      let scale = structure.dataset("/variational/\(name).scale")
    else { return nil }
    return StandardizedDraws(mean: try mean.readAll(as: Float.self), scale: try scale.readAll(as: Float.self))
  }
}
