/// How differences are held against the deviations that rounding explains.
enum Tolerance {
  /// So many standard deviations may the root mean square of a draw's differences be. The deviation takes the errors of
  /// different units for independent; in deep layers they are not quite, and may add up to some times as much.
  static let deviations = 8.0
  /// So many may a single difference be.
  static let largest = 32.0
}

/// Differences that belong together, for instance those of one draw.
struct Agreement {
  private var squares = 0.0
  private var differences = 0.0
  private var count = 0
  private var largestRatio = 0.0
  /// The largest difference, and what rounding could have made of it.
  private(set) var largest = 0.0
  private(set) var explained = 0.0

  /// Adds one difference, with the square of its deviation.
  mutating func add(_ difference: Double, square: Double) {
    let difference = abs(difference)
    let ratio = difference == 0 ? 0 : difference / square.squareRoot()
    squares += ratio * ratio
    differences += difference * difference
    count += 1
    // What is not a number is as far away as can be.
    largestRatio = ratio.isNaN ? .infinity : max(largestRatio, ratio)
    if difference.isNaN || difference > largest { largest = difference.isNaN ? .infinity : difference }
    explained = max(explained, Tolerance.deviations * square.squareRoot())
  }

  /// Root mean square of the differences in deviations, and as they are.
  var rootMeanSquareRatio: Double { count == 0 ? 0 : (squares / Double(count)).squareRoot() }
  var rootMeanSquare: Double { count == 0 ? 0 : (differences / Double(count)).squareRoot() }

  /// Whether rounding explains all of it.
  var isExplained: Bool { rootMeanSquareRatio <= Tolerance.deviations && largestRatio <= Tolerance.largest }
}
