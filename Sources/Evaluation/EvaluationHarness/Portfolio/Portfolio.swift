public import RobustnessCore

/// Several attacks behind one name, of a fixed composition: what is tried on an example depends on that example, the
/// posterior, the request and the version only.
///
/// It is an attack on the command line and in results, and no attack in the code: it needs more of the harness than an
/// oracle gives. Every stage is tried on the examples that still stand.
package protocol Portfolio: Attack where Options == NoOptions {
  static var budget: PortfolioBudget { get }
}

extension Portfolio {
  /// Both norms; any wrong decision counts, so that it aims at no class of its own.
  public static var capabilities: AttackCapabilities {
    AttackCapabilities(access: .gradients, norms: [.linf, .l2], targeted: false)
  }

  /// - Throws: `CoreError`, always: the harness composes the stages itself.
  public func perturb(
    _ examples: Examples, within threat: ThreatModel, oracle: inout some AttackOracle, random: RandomStreams
  ) throws -> Tensor {
    throw CoreError("\(Self.name) is composed by the harness of evaluate, and is no attack by itself")
  }
}

/// How much a portfolio tries: its version, and what is different between `quick`, `standard` and `thorough`.
package enum PortfolioBudget: String, Sendable {
  case quick
  case standard
  case thorough

  /// Changes with anything that changes what is tried on an example.
  static let version = 1
}

/// The portfolio for a first look: seconds.
public struct QuickPortfolio: Portfolio {
  package static let budget = PortfolioBudget.quick
  /// `quick`
  public static let name = "quick"
  /// One line for `--list-attacks`.
  public static let summary = "the portfolio of attacks with a small budget, for a first look"
  /// The portfolio.
  public init(_ options: NoOptions) {}
}

/// The portfolio for people who want one name.
public struct StandardPortfolio: Portfolio {
  package static let budget = PortfolioBudget.standard
  /// `standard`
  public static let name = "standard"
  /// One line for `--list-attacks`.
  public static let summary =
    "a portfolio of attacks: momentum, adaptive steps, every class, straight-through gradients, scores alone"
  /// The portfolio.
  public init(_ options: NoOptions) {}
}

/// The portfolio for a number that is to be published.
public struct ThoroughPortfolio: Portfolio {
  package static let budget = PortfolioBudget.thorough
  /// `thorough`
  public static let name = "thorough"
  /// One line for `--list-attacks`.
  public static let summary = "the portfolio of attacks with a large budget, for a number that is to be published"
  /// The portfolio.
  public init(_ options: NoOptions) {}
}

extension Companions {
  /// The portfolios that these companions can compose.
  package var portfolios: [any Attack.Type] {
    portfolio == nil ? [] : [QuickPortfolio.self, StandardPortfolio.self, ThoroughPortfolio.self]
  }
}
