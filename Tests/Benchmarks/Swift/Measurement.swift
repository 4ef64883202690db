import Foundation

/// Seconds of some repetitions of the same work.
struct Timings {
  var seconds: [Double] = []

  var minimum: Double { seconds.min() ?? .nan }

  var median: Double {
    let sorted = seconds.sorted()
    guard !sorted.isEmpty else { return .nan }
    return (sorted[(sorted.count - 1) / 2] + sorted[sorted.count / 2]) / 2
  }

  /// Runs `body` once to warm up, then `repetitions` times against the clock.
  static func measure(_ repetitions: Int, _ body: () throws -> Void) rethrows -> Timings {
    let clock = ContinuousClock()
    var timings = Timings()
    try body()
    for _ in 0..<repetitions { timings.seconds.append(try clock.measure(body) / .seconds(1)) }
    return timings
  }
}

/// One line of the result: what ran, how long it took, and what follows from that.
struct Measurement {
  let row: String
  let timings: Timings
  /// Floating-point operations of one repetition.
  let operations: Double
  /// Backward passes of one example through one draw in one repetition; 0 where that is not what is done.
  var memberGradients = 0
  /// Seconds that the products of one repetition take by themselves, packed and hot, in the same process.
  var productSeconds: Double?
  /// GFLOP/s of the largest of them by itself, where it stands for all.
  var productRate: Double?
  /// What the other side must find as well, where both have the same numbers.
  var answers: Answers?

  struct Answers {
    /// The mean of log L at the inputs, L the loss of the predictive.
    let logLoss: Double
    /// Examples whose prediction is another at the end.
    let fallen: Int
  }

  /// GFLOP/s at the shortest time: disturbances only ever add.
  var rate: Double { operations / timings.minimum / 1e9 }

  var json: String {
    var fields = [
      "\"row\": \"\(row)\"", "\"seconds\": [\(timings.seconds.map { "\($0)" }.joined(separator: ", "))]",
      "\"gflops\": \(rate)", "\"peak_bytes\": \(peakBytes())",
    ]
    if memberGradients > 0 { fields.append("\"member_gradients\": \(memberGradients)") }
    if let productSeconds { fields.append("\"product_seconds\": \(productSeconds)") }
    if let productRate { fields.append("\"product_gflops\": \(productRate)") }
    if let answers { fields.append("\"log_loss\": \(answers.logLoss), \"fallen\": \(answers.fallen)") }
    return "{\(fields.joined(separator: ", "))}"
  }

  var text: String {
    var parts = [
      row.padding(toLength: 40, withPad: " ", startingAt: 0),
      String(format: "min %.4f s, median %.4f s, %.0f GFLOP/s", timings.minimum, timings.median, rate),
    ]
    if memberGradients > 0 {
      parts.append(String(format: "%.3g member-gradients/s", Double(memberGradients) / timings.minimum))
    }
    if let productSeconds {
      parts.append(
        String(format: "products alone %.4f s (%.0f %%)", productSeconds, 100 * productSeconds / timings.minimum))
    }
    if let productRate { parts.append(String(format: "product alone %.0f GFLOP/s", productRate)) }
    if let answers { parts.append(String(format: "log-loss %.4f, %d fallen", answers.logLoss, answers.fallen)) }
    parts.append("peak \(peakBytes() >> 20) MiB")
    return parts.joined(separator: "  ")
  }
}

/// The most memory that this process has had so far.
func peakBytes() -> Int {
  var usage = rusage()
  #if os(Linux)
  getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
  return Int(usage.ru_maxrss) * 1024
  #else
  getrusage(RUSAGE_SELF, &usage)
  return Int(usage.ru_maxrss)
  #endif
}

/// Reproducible numbers in [0, 1), fast in a debug build too.
struct Uniform {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func next() -> Float {
    state &+= 0x9E37_79B9_7F4A_7C15
    var word = state
    word = (word ^ (word >> 30)) &* 0xBF58_476D_1CE4_E5B9
    word = (word ^ (word >> 27)) &* 0x94D0_49BB_1331_11EB
    return Float((word ^ (word >> 31)) >> 40) / 16_777_216
  }

  mutating func numbers(_ count: Int, width: Float) -> [Float] { (0..<count).map { _ in (next() - 0.5) * width } }
}
