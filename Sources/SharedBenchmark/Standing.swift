import Foundation

/// What is known about the truth of a result that somebody reports.
public enum Standing: Sendable, Hashable {
  /// Computed by this program itself, or judged again: its points decide as it says, and its attack does again what it
  /// says it did.
  case confirmed
  /// It may be true, but not everything could be judged again, for the reason given.
  case unconfirmed(String)
  /// It is not true, for the reason given.
  case contradicted(String)

  /// `confirmed`, `unconfirmed` or `contradicted`.
  public var word: String {
    switch self {
    case .confirmed: "confirmed"
    case .unconfirmed: "unconfirmed"
    case .contradicted: "contradicted"
    }
  }

  /// Why it is no more than that; empty for what is confirmed.
  public var reason: String {
    switch self {
    case .confirmed: ""
    case .unconfirmed(let reason), .contradicted(let reason): reason
    }
  }

  /// Whether a result of this standing takes part in worst cases.
  func counts(onlyConfirmed: Bool) -> Bool {
    switch self {
    case .confirmed: true
    case .unconfirmed: !onlyConfirmed
    case .contradicted: false
    }
  }

  /// What nobody has looked at.
  static let notVerified = Standing.unconfirmed("it was not verified")
}

/// A result with what is known about its truth.
public struct JudgedResult: Sendable, Hashable {
  /// What is reported.
  public var result: BenchmarkResult
  /// Whether it is true.
  public var standing: Standing

  /// A result of that standing.
  public init(_ result: BenchmarkResult, _ standing: Standing) {
    self.result = result
    self.standing = standing
  }
}
