public import RobustnessCore

/// On how many examples an attack is repeated when a result is judged again.
public enum Repeats: Sendable, Hashable, CodableAsText {
  /// On all: then every check is made again too.
  case all
  /// On so many, or all where there are fewer.
  case some(Int)

  /// Fifty, a tenth of the work of a run on 500. Of results in which one point in eight is not the attack's own, one in
  /// a hundred passes.
  public static let standard = Repeats.some(50)

  /// Reads `all`, or a number of at least 1.
  public init?(_ text: String) {
    if text == "all" {
      self = .all
    } else if let count = Int(text), count >= 1 {
      self = .some(count)
    } else {
      return nil
    }
  }

  /// The text that `init` reads.
  public var description: String {
    switch self {
    case .all: "all"
    case .some(let count): "\(count)"
    }
  }
}
