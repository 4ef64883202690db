/// One question about whether a number can be believed, with its answer.
public struct Check: Sendable, Hashable {
  /// How a check ended.
  public enum Status: String, Sendable, Codable {
    /// Nothing wrong.
    case passed
    /// The number must not be believed.
    case failed
    /// The number stands, with a reservation.
    case warning
    /// A check that this one depends on has failed, or there was nothing to look at.
    case notRun = "not run"
  }

  /// Short name, also the anchor in `Docs/verdict.md`.
  public var name: String
  /// How it ended.
  public var status: Status
  /// The measured quantity, where there is one.
  public var value: Double?
  /// What was found, in one sentence.
  public var finding: String
  /// What the reader should do about it.
  public var advice: String

  /// A finished check.
  public init(_ name: String, _ status: Status, value: Double? = nil, finding: String = "", advice: String = "") {
    self.name = name
    self.status = status
    self.value = value
    self.finding = finding
    self.advice = advice
  }

  /// Passed or, where `isFine` is false, failed.
  init(_ name: String, isFine: Bool, value: Double?, finding: String, advice: String) {
    self.init(name, isFine ? .passed : .failed, value: value, finding: finding, advice: isFine ? "" : advice)
  }
}

/// What all checks together say.
public struct Verdict: Sendable, Hashable {
  /// True exactly when no check failed.
  public var believable: Bool { failed.isEmpty }
  /// Names of the checks that failed in some run, in the order of `CheckName.all`.
  public var failed: [String]
  /// Names of the checks that ended as a warning.
  public var warnings: [String]

  /// The verdict on all the runs of an evaluation.
  public init(_ runs: [[Check]]) {
    func names(_ status: Check.Status) -> [String] {
      let found = Set(runs.joined().filter { $0.status == status }.map(\.name))
      return CheckName.all.filter(found.contains) + found.subtracting(CheckName.all).sorted()
    }
    failed = names(.failed)
    warnings = names(.warning)
  }
}
