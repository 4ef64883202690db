/// Why a text or a list of layers does not describe a network.
public struct ArchitectureError: Error, Sendable, Hashable, CustomStringConvertible {
  /// Where in the description, for example `layers[2].units`; empty for the whole.
  public let location: String
  /// One clause without a full stop that says what is wrong.
  public let reason: String

  /// Makes an error.
  public init(location: String, reason: String) {
    self.location = location
    self.reason = reason
  }

  /// The reason after the place.
  public var description: String { location.isEmpty ? reason : "\(location) \(reason)" }
}
