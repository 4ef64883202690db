/// A sentence that says what is wrong, where, and what to do.
public struct CoreError: Error, CustomStringConvertible, Sendable, Hashable {
  /// The sentence.
  public let description: String

  /// An error with its sentence.
  public init(_ description: String) {
    self.description = description
  }
}
