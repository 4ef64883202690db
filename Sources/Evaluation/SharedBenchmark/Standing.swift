import Foundation

/// What is known about the truth of a result that somebody reports.
public enum Standing: Sendable, Hashable {
  /// Computed by this program itself, or judged again: its points decide as it says, and its attack does again what it
  /// says it did.
  case confirmed(Scope)
  /// It may be true, but not everything could be judged again, for the reason given.
  case unconfirmed(String)
  /// It is not true, for the reason given.
  case contradicted(String)

  /// What was made again.
  public enum Scope: Sendable, Hashable {
    /// All of it, with every check.
    case everything
    /// Points, costs and the checks of the ensemble; the checks that need all examples are as they are claimed.
    case number
  }

  /// Whether it is confirmed, in whole or but for its checks.
  public var isConfirmed: Bool { if case .confirmed = self { true } else { false } }

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

/// What a certificate is said to have proven, with what is known about its truth.
public struct JudgedCertificate: Sendable, Hashable {
  /// What is reported.
  public var certificate: BenchmarkCertificate
  /// Whether it is true.
  public var standing: Standing

  /// A certificate of that standing.
  public init(_ certificate: BenchmarkCertificate, _ standing: Standing) {
    self.certificate = certificate
    self.standing = standing
  }
}
