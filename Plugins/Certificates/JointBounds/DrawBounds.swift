import BoundPropagation
import RobustnessCore

/// What is known about one draw at some examples: enclosures of its values, the box of its differences of logits, and
/// the least margin over that box.
struct DrawBounds {
  var pass: BoundPass
  let boxes: [DifferenceBox]
  let slack: [Double]
  /// Lower bounds on p_y − p_k for each example and class.
  let margins: [[Double]]

  init(
    _ network: BoundedNetwork, over region: InputRegion, labels: [Int], rivals: [Int]? = nil,
    options: JointBounds.Options, slopeSteps: Int
  ) {
    pass = BoundPass(
      network, over: region, hidden: options.hidden, budget: options.budget * 1e6, slopeSteps: slopeSteps,
      arithmetic: options.arithmetic)
    let differences = pass.differences(labels: labels, rivals: rivals, slopeSteps: slopeSteps)
    boxes = differences.map(\.box)
    slack = differences.map(\.slack)
    let held = pass
    margins = boxes.indices.map { held.minimumMargins(differences[$0].box, example: $0) }
  }
}

/// The draws of a question: bounds that fit into memory are kept, others are made again whenever they are asked for.
struct DrawStore<Ensemble: BoundedEnsemble> {
  let ensemble: Ensemble
  let draws: [Int]
  let region: InputRegion
  let labels: [Int]
  let rivals: [Int]
  let options: JointBounds.Options
  let slopeSteps: Int
  private var kept: [DrawBounds?]
  private var free: Int
  private(set) var multiplications = 0.0

  init(
    _ ensemble: Ensemble, draws: [Int], region: InputRegion, labels: [Int], rivals: [Int],
    options: JointBounds.Options, slopeSteps: Int
  ) {
    self.ensemble = ensemble
    self.draws = draws
    self.region = region
    self.labels = labels
    self.rivals = rivals
    self.options = options
    self.slopeSteps = slopeSteps
    kept = [DrawBounds?](repeating: nil, count: draws.count)
    let searches = region.rows * JointSearch.bytes(region.count, steps: options.steps)
    free = options.memory * 1_000_000 - searches
  }

  /// Calls `body` with the bounds of the draw at a position of the list.
  mutating func with<Result>(_ position: Int, _ body: (inout DrawBounds) throws -> Result) throws -> Result {
    var bounds: DrawBounds
    if let known = kept[position] {
      bounds = known
      kept[position] = nil
    } else {
      bounds = DrawBounds(
        try ensemble.boundedMember(draws[position]), over: region, labels: labels, rivals: rivals, options: options,
        slopeSteps: slopeSteps)
      multiplications += bounds.pass.multiplications
      let bytes = bounds.pass.bytes
      guard bytes <= free else {
        let before = bounds.pass.multiplications
        defer { multiplications += bounds.pass.multiplications - before }
        return try body(&bounds)
      }
      free -= bytes
    }
    let before = bounds.pass.multiplications
    defer {
      multiplications += bounds.pass.multiplications - before
      kept[position] = bounds
    }
    return try body(&bounds)
  }
}
