/// One rule that a plugin breaks, with what was seen.
public struct ConformanceViolation: Sendable, Hashable, CustomStringConvertible {
  /// Name of the rule, for instance `budget`.
  public let rule: String
  /// What the rule demands.
  public let requirement: String
  /// What was seen instead.
  public let finding: String

  /// The rule, its demand and the finding on one line.
  public var description: String { "\(rule) (\(requirement)): \(finding)" }
}

/// A plugin that does not conform: thrown by `expectConformance`, so that any test framework shows it.
public struct ConformanceFailure: Error, CustomStringConvertible, Sendable {
  /// Name of the plugin.
  public let plugin: String
  /// The rules it breaks, in the order in which they are checked; one violation for each.
  public let violations: [ConformanceViolation]

  /// One line for each broken rule.
  public var description: String {
    "\(plugin) breaks \(violations.count) rule\(violations.count == 1 ? "" : "s") of conformance:"
      + violations.map { "\n  \($0)" }.joined()
  }
}

/// A rule of conformance.
protocol ConformanceRule: RawRepresentable, CaseIterable where RawValue == String {
  /// What the rule demands.
  var requirement: String { get }
}

/// Something that a rule forbids.
struct Finding: Error, CustomStringConvertible {
  let description: String
  init(_ description: String) { self.description = description }
}

extension ConformanceRule {
  /// The violation found by `check`, which throws a `Finding`; whatever else the plugin throws is one too.
  func violation(_ check: () throws -> Void) -> ConformanceViolation? {
    do {
      try check()
      return nil
    } catch let finding as Finding {
      return ConformanceViolation(rule: rawValue, requirement: requirement, finding: finding.description)
    } catch {
      return ConformanceViolation(rule: rawValue, requirement: requirement, finding: "it throws: \(error)")
    }
  }
}

/// Names are typed on command lines: lower case, digits, and hyphens between words.
func checkName(_ name: String) throws {
  let isPlain = name.allSatisfy { $0 == "-" || $0.isASCII && ($0.isLowercase || $0.isNumber) }
  guard isPlain, name.first?.isLetter == true, name.last != "-" else {
    throw Finding("the name '\(name)' is not lower-case letters, digits and hyphens, beginning with a letter")
  }
}
