import RobustnessCore

/// One stage of a portfolio: an attack with its options, what it follows, and what it aims at.
struct PortfolioStage: Sendable {
  /// Names the stage in results, and its random streams.
  var name: String
  var attack: Member
  var options: [String: String]
  var objective = Objective.margin
  var gradient = GradientRule.exact
  /// Aims at the classes of these ranks in MALT's order, one after the other; nil for any wrong class.
  var ranks: Range<Int>?

  /// The attacks that stages are made of.
  enum Member: Sendable {
    case momentum
    case adaptive
    case scores
  }
}

extension PortfolioAttacks {
  subscript(_ member: PortfolioStage.Member) -> any Attack.Type {
    switch member {
    case .momentum: momentum
    case .adaptive: adaptive
    case .scores: scores
    }
  }
}

extension PortfolioBudget {
  /// The stages, those first that gain most per gradient.
  ///
  /// A few large steps with momentum find nearly everything that is easily found; adaptive steps converge on most of
  /// the rest; each class by itself finds what another class's slope hides; straight-through gradients what saturated
  /// and stepped activations hide; scores alone what no gradient shows.
  func stages(_ norm: Norm, classes: Int) -> [PortfolioStage] {
    let all = 0..<max(0, classes - 1)
    func momentum(
      _ name: String, steps: Int, _ relativeStep: Double, _ objective: Objective = .margin,
      _ gradient: GradientRule = .exact, ranks: Range<Int>? = nil, start: Bool = false
    ) -> PortfolioStage {
      PortfolioStage(
        name: name, attack: .momentum,
        options: [
          "steps": "\(steps)", "relative-step": "\(relativeStep)", "random-start": "\(start)", "early-stop": "true",
        ],
        objective: objective, gradient: gradient, ranks: ranks)
    }
    func adaptive(
      _ name: String, _ iterations: Int, _ objective: Objective = .margin, _ gradient: GradientRule = .exact,
      ranks: Range<Int>? = nil, restarts: Int = 1
    ) -> PortfolioStage {
      PortfolioStage(
        name: name, attack: .adaptive,
        options: ["iterations": "\(iterations)", "restarts": "\(restarts)", "early-stop": "true"],
        objective: objective, gradient: gradient, ranks: ranks)
    }
    func scores(_ queries: Int) -> PortfolioStage {
      PortfolioStage(name: "scores alone", attack: .scores, options: ["queries": "\(queries)"])
    }
    let first = momentum("momentum", steps: 10, 0.5)
    switch self {
    case .quick:
      return [
        first, adaptive("adaptive", 25),
        momentum("straight-through", steps: 10, 0.5, .predictive, .straightThrough),
        momentum("class by class", steps: 10, 0.5, ranks: all.prefix(3)),
      ]
    case .standard:
      return [
        first, adaptive("adaptive", 50), adaptive("adaptive, loss of the predictive", 50, .predictive),
        momentum("straight-through", steps: 30, 0.5, .predictive, .straightThrough),
        adaptive("class by class", 30, ranks: all.prefix(9)),
        adaptive("adaptive, straight-through", 50, .margin, .straightThrough),
        scores(1000),
      ]
    case .thorough:
      return [
        first, adaptive("adaptive", 100, restarts: 2),
        adaptive("adaptive, loss of the predictive", 100, .predictive, restarts: 2),
        adaptive("adaptive, ratio of differences", 100, classes > 2 ? .dlr : .probabilityMargin),
        momentum("straight-through", steps: 50, 0.5, .predictive, .straightThrough),
        momentum("straight-through, margin", steps: 100, 0.25, .margin, .straightThrough),
        adaptive("class by class", 100, ranks: all),
        momentum("class by class, straight-through", steps: 50, 0.5, .predictive, .straightThrough, ranks: all),
        adaptive("adaptive, straight-through", 100, .predictive, .straightThrough, restarts: 4),
        momentum(
          "straight-through, mean of the logits", steps: 100, 0.25, .meanLogit, .straightThrough, start: true),
        adaptive("smoothed", 50, .margin, .smoothed(8)),
        adaptive("adaptive, mean loss of the draws", 100, .expectedLoss, restarts: 2),
        scores(5000),
      ]
    }
  }

  /// What a curve tries at ever smaller ε, behind the attacks of smallest perturbation.
  var descents: [PortfolioStage] {
    func stage(
      _ name: String, _ attack: PortfolioStage.Member, _ options: [String: String], _ objective: Objective,
      _ gradient: GradientRule = .exact
    ) -> PortfolioStage {
      PortfolioStage(
        name: name, attack: attack, options: options.merging(["early-stop": "true"]) { $1 }, objective: objective,
        gradient: gradient)
    }
    let momentum = stage("momentum", .momentum, ["steps": "10", "relative-step": "0.5"], .margin)
    let wide = stage(
      "straight-through", .momentum, ["steps": "30", "relative-step": "0.5"], .predictive, .straightThrough)
    switch self {
    case .quick: return [momentum]
    case .standard: return [momentum, stage("adaptive", .adaptive, ["iterations": "30"], .margin), wide]
    case .thorough:
      return [
        momentum, stage("adaptive", .adaptive, ["iterations": "100"], .margin),
        stage("adaptive, loss of the predictive", .adaptive, ["iterations": "100"], .predictive), wide,
      ]
    }
  }
}
