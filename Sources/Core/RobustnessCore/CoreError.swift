/// An attack that could not finish. The harness notes it, goes on with the others, and believes no number that it is
/// missing from.
public struct AttackFailure: Error, CustomStringConvertible, Sendable, Hashable {
  /// Name of the attack.
  public let attack: String
  /// What went wrong.
  public let reason: String

  /// A failure of an attack.
  public init(attack: String, reason: String) {
    self.attack = attack
    self.reason = reason
  }

  /// The attack and what went wrong.
  public var description: String { "\(attack) failed: \(reason)" }
}

/// A sentence that says what is wrong, where, and what to do.
public struct CoreError: Error, CustomStringConvertible, Sendable, Hashable {
  /// The sentence.
  public let description: String

  /// An error with its sentence.
  public init(_ description: String) {
    self.description = description
  }
}
