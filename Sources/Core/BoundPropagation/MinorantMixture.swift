import Foundation

/// Affine minorants of one function over an example's region. Every convex combination of them is one too, with its own
/// minimum in closed form: the largest of these minima is looked for.
///
/// maximise over w in the simplex: min over x of Σ w_i (c_i + A_i·x). That is the dual of minimising the largest of the
/// minorants, a convex function; weights grow with the value of their minorant where the combination is least
/// (multiplicative weights). Nothing has to converge: what a combination gives is a bound.
public struct MinorantMixture: Sendable {
  private let region: InputRegion
  private let example: Int
  private var minorants: [SharedMinorant] = []
  private var weights: [Double] = []

  /// The largest lower bound so far, rounding subtracted.
  public private(set) var bound = -Double.infinity
  /// What was subtracted for it.
  public private(set) var slack = 0.0
  /// The combination, rounding subtracted, of whose range of values over the box the smallest part is negative.
  private var best: HalfSpace?
  /// Its least value as a multiple of that range: −1 or less where it is negative everywhere.
  public private(set) var depth = -Double.infinity

  /// No minorants.
  public init(over region: InputRegion, example: Int) {
    self.region = region
    self.example = example
  }

  /// Adds a minorant.
  public mutating func append(_ minorant: SharedMinorant) {
    let minorant = minorant.finished()
    guard minorant.constant.isFinite, minorant.size.isFinite else { return }
    // A newcomer gets its share of the weights.
    let share = 1 / Double(minorants.count + 1)
    weights = weights.map { $0 * (1 - share) } + [share]
    minorants.append(minorant)
    take([(minorant, 1)])
  }

  /// Where the function can be `limit` or less: in the half-space of the best combination.
  public func halfSpace(atMost limit: Double) -> HalfSpace? {
    best.map {
      let constant = $0.constant - limit
      return HalfSpace(
        coefficients: $0.coefficients, constant: (constant - 2 * Rounding.unit * abs(constant)).nextDown,
        size: $0.size + abs(limit))
    }
  }

  /// Looks for better weights.
  ///
  /// - Parameters:
  ///   - rounds: combinations that are tried.
  ///   - enough: stops where the bound is above it.
  public mutating func improve(rounds: Int, enough: Double = .infinity) {
    guard minorants.count > 1 else { return }
    var w = weights
    var best = -Double.infinity
    for round in 0..<rounds where bound <= enough {
      let sum = combination(w)
      let x = region.minimizer(sum, example: example)
      let values = minorants.map { $0.constant + dot($0.coefficients, x) }
      let value = zip(w, values).reduce(0) { $0 + $1.0 * $1.1 }
      if value > best {
        best = value
        weights = w
        if value > bound { takeWeighted(w) }
      }
      let (largest, mean) = (values.max()!, values.reduce(0, +) / Double(values.count))
      let spread = values.reduce(0) { $0 + abs($1 - mean) } / Double(values.count)
      guard spread > 0, spread.isFinite else { return }
      let rate = 2 / (spread * Double(1 + round).squareRoot())
      w = zip(w, values).map { $0 * exp(rate * ($1 - largest)) }
      let total = w.reduce(0, +)
      w = w.map { $0 / total }
    }
  }

  private func dot(_ a: [Double], _ x: [Double]) -> Double {
    var lanes = SIMD8<Double>()
    var sum = 0.0
    a.withUnsafeBufferPointer { a in
      x.withUnsafeBufferPointer { x in
        let even = a.count & ~7
        for index in stride(from: 0, to: even, by: 8) {
          for lane in 0..<8 { lanes[lane] += a[index + lane] * x[index + lane] }
        }
        for index in even..<a.count { sum += a[index] * x[index] }
      }
    }
    return sum + lanes.sum()
  }

  private func combination(_ w: [Double]) -> [Double] {
    var sum = LinearForms.room(region.count)
    sum.withUnsafeMutableBufferPointer { sum in
      for (minorant, weight) in zip(minorants, w) where weight != 0 {
        minorant.coefficients.withUnsafeBufferPointer { a in
          for index in 0..<sum.count { sum[index] += weight * a[index] }
        }
      }
    }
    return sum
  }

  /// Weights in steps of 2⁻³⁰ that add up to 1 exactly.
  private mutating func takeWeighted(_ w: [Double]) {
    var parts = w.map { Int($0 * 0x1p30) }
    guard let largest = parts.indices.max(by: { parts[$0] < parts[$1] }) else { return }
    parts[largest] += (1 << 30) - parts.reduce(0, +)
    take(zip(minorants, parts).map { ($0, Double($1) * 0x1p-30) }.filter { $0.1 > 0 })
  }

  /// A combination's minimum: sums of as many terms as there are minorants lose γ times their magnitudes.
  private mutating func take(_ terms: [(minorant: SharedMinorant, weight: Double)]) {
    var sum = LinearForms.room(region.count)
    var (constant, size, earlier) = (0.0, 0.0, 0.0)
    for (minorant, weight) in terms {
      minorant.coefficients.withUnsafeBufferPointer { a in
        sum.withUnsafeMutableBufferPointer { sum in for index in 0..<a.count { sum[index] += weight * a[index] } }
      }
      earlier += weight * minorant.slack
      constant += weight * minorant.constant
      size += weight * minorant.size
    }
    let (low, rounding) = region.minimum(sum, row: 0, example: example, constant: constant)
    let lost = Rounding.gamma(2 * terms.count + 8) * size
    let new = (low - (lost + rounding) * (1 + 1e-9)).nextDown.orNothingBelow
    if new > bound {
      bound = new
      slack = earlier + lost + rounding
    }
    let width = region.width(sum, example: example)
    guard width > 0, new / width > depth else { return }
    depth = new / width
    best = HalfSpace(
      coefficients: sum, constant: (constant - lost * (1 + 1e-9)).nextDown,
      size: sum.withUnsafeBufferPointer { region.magnitude($0.baseAddress!, example: example) } + abs(constant))
  }
}
