public import RobustnessCore

extension FeatureGuidedSearch {
  /// Options of the attack.
  public struct Options: PluginOptions {
    /// Number of points asked about for each example that stands, the input among them.
    public var queries = 5000
    /// Number of pixels that a visit to a feature changes.
    public var pixels = 6
    /// How far a visit moves a pixel, as a multiple of ε.
    public var relativeStep: Double?
    /// Number of visits of the play that follows each new leaf.
    public var playout = 1000
    /// Which visits are taken back.
    public var takeBack = VisitComparison.visit
    /// The weight of curiosity in the tree: of the upper confidence bound.
    public var exploration = 1.0
    /// What the features of a vector are.
    public var vectors = VectorFeatures.each

    /// The defaults.
    public init() {}

    /// What an option without a value is.
    public static let describedDefaults = ["relative-step": "2 in linf, 0.1 in l2"]

    /// A line of help for each option.
    public static let help = [
      "queries": "points asked about for each example that stands",
      "pixels": "pixels that a visit to a feature changes",
      "relative-step": "how far a visit moves a pixel, as a multiple of ε",
      "playout": "visits that follow each new leaf of the tree",
      "take-back": "visits after which the value is lower: than before the visit, or than at the start of the play",
      "exploration": "weight of curiosity in the tree",
      "vectors": "features of inputs without rows and columns: each number, or those of a square-image",
    ]

    /// The same options with the length of a visit filled in. In L∞ a pixel goes from one end of the ball to the other.
    public func resolved(for norm: Norm) throws -> Options {
      var options = self
      options.relativeStep = relativeStep ?? (norm == .linf ? 2 : 0.1)
      return options
    }

    func check() throws {
      for (name, value) in [("queries", queries), ("pixels", pixels), ("playout", playout)] where value < 1 {
        throw CoreError("feature-guided: \(name) must be at least 1, not \(value)")
      }
      for (name, value) in [("relative-step", relativeStep ?? 0), ("exploration", exploration)] {
        guard value.isFinite, value >= 0 else {
          throw CoreError("feature-guided: \(name) must be a number ≥ 0, not \(value)")
        }
      }
    }
  }
}

/// What the value after a visit is compared with; a visit after which it is lower is taken back.
public enum VisitComparison: String, Codable, Sendable, CaseIterable {
  /// The value before the visit.
  case visit
  /// The value at the start of the play, as in the authors' program: what lies below one that went before is kept.
  case start
}

/// What the features of an input without rows and columns are.
public enum VectorFeatures: String, Codable, Sendable, CaseIterable {
  /// Each number is a feature of one pixel, all of them equally salient.
  case each
  /// The vector is a square image in row-major order, of one channel or of three.
  case squareImage = "square-image"
}
