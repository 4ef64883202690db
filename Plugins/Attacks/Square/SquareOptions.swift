public import RobustnessCore

extension SquareAttack {
  /// Options of the attack.
  public struct Options: PluginOptions {
    /// Number of points asked about for each example that stands, the input among them.
    public var queries = 5000
    /// The fraction of an input that the first windows cover.
    public var pInit = 0.8
    /// How the fraction falls with the number of points.
    public var schedule = WindowSchedule.rescaled
    /// What is climbed.
    public var loss = SearchLoss.paper
    /// What a window of an input without rows and columns is.
    public var vectors = VectorWindows.scattered

    /// The defaults.
    public init() {}

    /// A line of help for each option.
    public static let help = [
      "queries": "points asked about for each example that stands",
      "p-init": "fraction of an input in the first windows",
      "schedule": "how windows shrink: rescaled to queries, or absolute as in AutoAttack",
      "loss": "paper (margin; cross-entropy where there is a target) or run (the run's objective)",
      "vectors": "windows of inputs without rows and columns: scattered features, runs, or those of a square-image",
    ]
  }
}

/// How the fraction of an input in a window falls.
public enum WindowSchedule: String, Codable, Sendable, CaseIterable {
  /// Halved at proposals 10, 50, 200, 500, 1000, 2000, 4000, 6000 and 8000 of 10,000, and in proportion for other
  /// numbers of queries: the paper, §3.
  case rescaled
  /// Halved after these numbers of proposals, however many there are: AutoAttack's standard ensemble.
  case absolute

  private static let halvings = [10, 50, 200, 500, 1000, 2000, 4000, 6000, 8000]

  /// The fraction for proposal number `proposal`, counted from 0.
  func fraction(_ start: Double, at proposal: Int, of queries: Int) -> Double {
    let place = self == .absolute ? proposal : Int(Double(proposal) / Double(queries) * 10_000)
    let halvings = Self.halvings.count { place > $0 }
    return start / Double(1 << halvings)
  }
}

/// What the search climbs.
public enum SearchLoss: String, Codable, Sendable, CaseIterable {
  /// The margin of the predictive without a target, its cross-entropy with one: the paper, §4.
  case paper
  /// The objective of the run.
  case run

  /// The objective to ask for; nil for the run's own.
  func objective(for goal: ThreatModel.Goal) -> Objective? {
    guard self == .paper else { return nil }
    return goal == .targeted ? .predictive : .margin
  }
}

/// What a window is where an input is a vector.
public enum VectorWindows: String, Codable, Sendable, CaseIterable {
  /// Features anywhere, each with a sign of its own: nothing is assumed about their order.
  case scattered
  /// Features in a row, with one sign: the square of an image of height 1.
  case runs
  /// The vector is a square image in row-major order, of one channel or of three.
  case squareImage = "square-image"
}
