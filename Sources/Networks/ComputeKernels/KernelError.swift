/// A kernel that cannot be made or run, in a sentence that says what was asked, why it is refused and what to do.
public struct KernelError: Error, CustomStringConvertible, Sendable {
  /// The sentence.
  public let description: String

  init(_ description: String) { self.description = description }
}
