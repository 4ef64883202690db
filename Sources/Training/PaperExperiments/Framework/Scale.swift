/// How large a reproduction is.
public enum Scale: String, Sendable, Hashable, CaseIterable {
  /// Two minutes on two cores, from the data in `Fixtures/` alone: for continuous integration.
  case smoke
  /// Some 90 minutes on two cores, on the real data.
  case laptop
  /// The paper's own sizes.
  case paper
}

extension Scale {
  /// One of three values, by scale.
  func pick<T>(_ smoke: T, _ laptop: T, _ paper: T) -> T {
    switch self {
    case .smoke: smoke
    case .laptop: laptop
    case .paper: paper
    }
  }
}
