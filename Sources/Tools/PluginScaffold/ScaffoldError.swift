/// A plugin that cannot be made: a sentence that says why and what to do.
public struct ScaffoldError: Error, CustomStringConvertible, Sendable, Hashable {
  /// The sentence.
  public let description: String

  /// An error with its sentence.
  public init(_ description: String) { self.description = description }
}
