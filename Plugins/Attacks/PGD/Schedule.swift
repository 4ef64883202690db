import RobustnessCore

/// The options of a run with nothing left open: the one place where presets and norms are resolved.
struct Schedule: Sendable, Hashable {
  var steps: Int
  var step: StepLength
  var restarts: Int
  /// nil starts from the input.
  var start: BallDistribution?
  var keep: IterateSelection
  var projection: Projection

  /// Checks and resolves `options`.
  ///
  /// - Throws: `CoreError` when an option makes no sense or one that the preset needs is missing.
  init(_ options: ProjectedGradientDescent.Options, norm: Norm) throws {
    try Self.check(options)
    let isPaper = options.preset == .paper
    steps = try options.steps ?? Self.defaultSteps(options.preset, norm)
    restarts = options.restarts
    keep = options.keep ?? (isPaper ? .best : .last)
    projection = options.projection ?? Self.defaultProjection(options.preset)
    if let length = options.step {
      step = .absolute(length)
    } else if let factor = options.relativeStep {
      step = .relative(factor)
    } else {
      step = try Self.defaultStep(options.preset, norm, steps: steps)
    }
    start = options.randomStart ?? (options.preset != .art) ? Self.startDistribution(options.preset) : nil
  }

  private static func check(_ options: ProjectedGradientDescent.Options) throws {
    if let steps = options.steps, steps < 0 { throw CoreError("pgd: steps must not be negative, not \(steps)") }
    guard options.restarts > 0 else {
      throw CoreError("pgd: restarts is the number of runs and must be at least 1, not \(options.restarts)")
    }
    for (name, value) in [("step", options.step), ("relative-step", options.relativeStep)] {
      guard let value else { continue }
      guard value.isFinite, value >= 0 else { throw CoreError("pgd: \(name) must be a number ≥ 0, not \(value)") }
    }
    if options.step != nil, options.relativeStep != nil {
      throw CoreError("pgd: step and relative-step both set the length of a step; give one of them")
    }
  }

  private static func defaultSteps(_ preset: Preset, _ norm: Norm) throws -> Int {
    switch preset {
    case .paper: return 15
    case .foolbox: return norm == .linf ? 40 : 50
    case .torchattacks: return 10
    case .art: return 100
    case .cleverhans:
      throw CoreError("pgd: CleverHans has no default number of steps; add steps=N to preset=cleverhans")
    }
  }

  private static func defaultStep(_ preset: Preset, _ norm: Norm, steps: Int) throws -> StepLength {
    switch preset {
    case .paper: return .relative(2.5 / Double(max(1, steps)))
    case .foolbox: return .relative(norm == .linf ? 0.01 / 0.3 : 0.025)
    case .torchattacks: return .absolute(norm == .linf ? 2.0 / 255 : 0.2)
    case .art: return .absolute(0.1)
    case .cleverhans: throw CoreError("pgd: CleverHans has no default step; add step=α to preset=cleverhans")
    }
  }

  // In L∞ the order of ball and box makes no difference.
  private static func defaultProjection(_ preset: Preset) -> Projection {
    switch preset {
    case .paper: .exact
    case .foolbox, .torchattacks: .sequential
    case .art, .cleverhans: .boxFirst
    }
  }

  // torchattacks draws the radius uniformly; CleverHans draws in the cube and rescales, which for many features always
  // lands on the sphere. In L∞ all are the cube.
  private static func startDistribution(_ preset: Preset) -> BallDistribution {
    switch preset {
    case .paper, .foolbox, .art: .uniform
    case .torchattacks: .uniformRadius
    case .cleverhans: .cube
    }
  }
}
