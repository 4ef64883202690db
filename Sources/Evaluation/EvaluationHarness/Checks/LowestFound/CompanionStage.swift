import RobustnessCore

/// What the checks try beside the attacks that were asked for, on the examples that still stand.
struct CompanionStage: Sendable {
  var stage: PortfolioStage
  /// Whether one draw is attacked, and what is found transfers to the posterior.
  var attacksOneDraw = false

  /// Gradients for each example that stands, at most; a point that is only asked about counts as a third.
  func cost(classes: Int, draws: Int) -> Double {
    func number(_ name: String) -> Double { stage.options[name].flatMap(Double.init) ?? 1 }
    var cost: Double
    switch stage.attack {
    case .momentum: cost = number("steps") + 1
    case .adaptive: cost = number("restarts") * (number("iterations") + 1)
    case .scores: return number("queries") / 3
    }
    if case .smoothed(let neighbours) = stage.gradient { cost *= Double(neighbours + 1) }
    // The posterior only decides.
    if attacksOneDraw { cost *= 1 / Double(draws) + 1.0 / 3 }
    if let ranks = stage.ranks { cost = cost * Double(ranks.count) + Double(classes) }
    return cost
  }

  /// In the order in which they are tried, while effort is left: what finds most for its cost first.
  ///
  /// Behind a portfolio only what the next larger one has more than it.
  ///
  /// - Parameters:
  ///   - isRough: Whether gradients turn within a part of the ball, so that scores and means over neighbours find more.
  ///   - isBehindPortfolio: Whether a portfolio was run in the same ball.
  static func all(_ norm: Norm, classes: Int, draws: Int, isRough: Bool, isBehindPortfolio: Bool) -> [CompanionStage] {
    func momentum(
      _ name: String, _ steps: Int, _ relativeStep: Double, _ objective: Objective = .margin,
      _ gradient: GradientRule = .exact, ranks: Range<Int>? = nil, start: Bool = false
    ) -> CompanionStage {
      CompanionStage(
        stage: PortfolioStage(
          name: name, attack: .momentum,
          options: [
            "steps": "\(steps)", "relative-step": "\(relativeStep)", "random-start": "\(start)", "early-stop": "true",
          ],
          objective: objective, gradient: gradient, ranks: ranks))
    }
    func adaptive(
      _ name: String, _ iterations: Int, _ objective: Objective = .margin, _ gradient: GradientRule = .exact,
      ranks: Range<Int>? = nil, restarts: Int = 1
    ) -> CompanionStage {
      CompanionStage(
        stage: PortfolioStage(
          name: name, attack: .adaptive,
          options: ["iterations": "\(iterations)", "restarts": "\(restarts)", "early-stop": "true"],
          objective: objective, gradient: gradient, ranks: ranks))
    }
    func scores(_ queries: Int) -> CompanionStage {
      CompanionStage(
        stage: PortfolioStage(name: "scores alone, \(queries)", attack: .scores, options: ["queries": "\(queries)"]))
    }
    let every = 0..<max(0, classes - 1)
    let last = [
      momentum("straight-through, margin, long", 100, 0.25, .margin, .straightThrough),
      momentum("straight-through, mean of the logits, long", 100, 0.25, .meanLogit, .straightThrough, start: true),
      adaptive("adaptive, straight-through, long", 100, .predictive, .straightThrough, restarts: 4),
      momentum("class by class, straight-through, long", 50, 0.5, .predictive, .straightThrough, ranks: every),
      adaptive("adaptive, ratio of differences, long", 100, classes > 2 ? .dlr : .probabilityMargin),
      momentum("smoothed, long", 30, 0.25, .margin, .smoothed(8)),
      adaptive("class by class, long", 100, ranks: every), scores(5000),
    ]
    if isBehindPortfolio { return last }
    var oneDraw = momentum("one draw", 10, 0.5)
    oneDraw.attacksOneDraw = true
    let rough = [scores(100), momentum("smoothed", 8, 0.25, .margin, .smoothed(3)), scores(300)]
    return [momentum("momentum", 10, 0.5), momentum("straight-through", 10, 0.5, .predictive, .straightThrough)]
      + (isRough ? rough : []) + (draws > 1 ? [oneDraw] : [])
      + [
        adaptive("adaptive", 20), momentum("class by class", 8, 0.5, ranks: every.prefix(2)),
        adaptive("adaptive, loss of the predictive", 30, .predictive), scores(100),
        momentum("straight-through, margin", 40, 0.25, .margin, .straightThrough),
        adaptive("adaptive, straight-through", 40, .predictive, .straightThrough),
        adaptive("adaptive, mean loss of the draws", 40, .expectedLoss),
        adaptive("class by class, adaptive", 30, ranks: every),
      ] + last
  }
}
