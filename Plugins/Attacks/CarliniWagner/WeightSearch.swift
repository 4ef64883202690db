/// The weight c of every example: ten times larger while none has succeeded, then halfway between the largest that
/// failed and the smallest that succeeded.
struct WeightSearch: Sendable {
  private(set) var current: [Double]
  private var lower: [Double]
  private var upper: [Double]

  init(count: Int, initial: Double) {
    current = [Double](repeating: initial, count: count)
    lower = [Double](repeating: 0, count: count)
    upper = [Double](repeating: .infinity, count: count)
  }

  /// Takes in whether the current weight of each example succeeded.
  mutating func update(_ succeeded: [Bool]) {
    for row in current.indices {
      if succeeded[row] {
        upper[row] = min(upper[row], current[row])
      } else {
        lower[row] = max(lower[row], current[row])
      }
      current[row] = upper[row] < .infinity ? (lower[row] + upper[row]) / 2 : min(current[row] * 10, 1e10)
    }
  }

  /// Back to the smallest weights that succeeded.
  mutating func repeatBest() {
    for row in current.indices where upper[row] < .infinity { current[row] = upper[row] }
  }
}
