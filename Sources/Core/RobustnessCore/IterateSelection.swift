/// Which point of an iterated attack is returned.
public enum IterateSelection: String, Codable, Sendable, CaseIterable {
  /// The best over start, iterates and end of every run: success under the decision first, then the larger value.
  case best
  /// The end of the run; of several runs, the best end.
  case last
}
