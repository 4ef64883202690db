/// Attacks that a harness runs beside those that are asked for, to tell whether to believe these.
///
/// The companions of this package are `.builtIn`, from the module `BuiltInPlugins`.
public struct Companions: Sendable {
  /// Random noise: what every attack must be stronger than. It has a row of its own in every result.
  public var noise: any Attack.Type
  /// One step along the gradient: what an attack of many steps must be stronger than.
  public var oneStep: any Attack.Type
  /// What the portfolios `quick`, `standard` and `thorough` are composed of; nil for a program without them.
  public var portfolio: PortfolioAttacks?

  /// These attacks as companions, each with its default options.
  public init(noise: any Attack.Type, oneStep: any Attack.Type, portfolio: PortfolioAttacks? = nil) {
    self.noise = noise
    self.oneStep = oneStep
    self.portfolio = portfolio
  }
}

/// The attacks that a harness composes a portfolio of.
public struct PortfolioAttacks: Sendable {
  /// Large steps with momentum; has the options `steps`, `relative-step` and `random-start`.
  public var momentum: any Attack.Type
  /// Steps whose length follows what they gain; has the options `iterations` and `restarts`.
  public var adaptive: any Attack.Type
  /// Asks for scores alone; has the option `queries`.
  public var scores: any Attack.Type

  /// Attacks of smallest perturbation, in the order in which a curve tries those that have its norm.
  public var smallest: [SmallestAttack]

  /// These attacks.
  public init(
    momentum: any Attack.Type, adaptive: any Attack.Type, scores: any Attack.Type,
    smallest: [SmallestAttack] = []
  ) {
    self.momentum = momentum
    self.adaptive = adaptive
    self.scores = scores
    self.smallest = smallest
  }
}

/// An attack of smallest perturbation as a curve runs it.
public struct SmallestAttack: Sendable {
  /// The attack.
  public var attack: any Attack.Type
  /// Its options.
  public var options: [String: String]
  /// The loss whose gradient it follows.
  public var objective: Objective

  /// An attack with its options; without another objective it follows the margin.
  public init(_ attack: any Attack.Type, options: [String: String], objective: Objective = .margin) {
    self.attack = attack
    self.options = options
    self.objective = objective
  }
}
