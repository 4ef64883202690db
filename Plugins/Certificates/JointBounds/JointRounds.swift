import BoundPropagation
import RobustnessCore

/// One example and one class that separate bounds leave open.
struct JointPair {
  /// Its row in the region.
  let example: Int
  let label: Int
  let rival: Int
  /// Where searches begin.
  let start: [Double]
  /// A lower bound on the margin.
  var bound = -Double.infinity
  /// What was subtracted for rounding.
  var slack = 0.0
  /// The last round's bound, summed over draws, and what part of the range of its best half-space was negative: progress
  /// of either is progress.
  var reached = -Double.infinity
  var depth = -Double.infinity
  /// Whether a search found a point where the decision changes.
  var isRefuted = false
  /// Where the margin can be below the limit.
  var cut: HalfSpace?

  init(example: Int, label: Int, rival: Int, start: [Double]) {
    (self.example, self.label, self.rival, self.start) = (example, label, rival, start)
  }
}

/// Joint bounds of some pairs, in rounds.
///
/// Suppose that somewhere in ball ∩ box the margin, summed over draws, is at most a limit just above 0. A round bounds every
/// draw and looks for a joint minorant A·x + c of the margin's sum whose least value is large. If that is above the limit,
/// there is no such point, and the margin is above it everywhere. If not, such points lie in the half-space
/// A·x + c ≤ limit, often a small part of the ball: the next round bounds all draws there alone. This is what solvers of
/// non-convex programs call bound tightening by the objective's cutoff; here it couples the draws, which share x.
///
/// At such a point, too, no draw's margin is above limit − Σ m of the others, m their lower bounds. That takes off the far
/// end of the difference that its minorant has to cover (``DifferenceBox/narrowed(against:marginAtMost:)``).
struct JointRounds<Ensemble: BoundedEnsemble> {
  private(set) var pairs: [JointPair]
  let region: InputRegion
  let draws: [Int]
  let ensemble: Ensemble
  let options: JointBounds.Options
  let refutes: Bool
  let interruption: (@Sendable () throws -> Void)?
  private(set) var multiplications = 0.0

  init(
    pairs: [JointPair], region: InputRegion, draws: [Int], ensemble: Ensemble, options: JointBounds.Options,
    refutes: Bool, interruption: (@Sendable () throws -> Void)?
  ) {
    self.pairs = pairs
    self.region = region
    self.draws = draws
    self.ensemble = ensemble
    self.options = options
    self.refutes = refutes
    self.interruption = interruption
  }

  /// The margin that is assumed in rounds after the first, summed over draws.
  private var limit: Double { 1e-9 * Double(draws.count) }

  mutating func run() throws {
    // With the usual lines as long as that helps; then with lines of their own.
    for slopeSteps in options.slopes > 0 ? [0, options.slopes] : [0] {
      // Better lines do not help where the usual ones left next to nothing.
      let isHopeless = { (pair: JointPair) in
        !(pair.bound > 0) && (pair.isRefuted || slopeSteps > 0 && pair.depth < Self.hopeless)
      }
      let lost = Set(pairs.filter(isHopeless).map(\.example))
      var open = pairs.indices.filter { !(pairs[$0].bound > 0) && !lost.contains(pairs[$0].example) }
      for round in 0...options.rounds where !open.isEmpty {
        let before = open.map { (pairs[$0].reached, pairs[$0].depth) }
        try run(open, slopeSteps)
        // Without progress the next round would end where this one did. A class that cannot be excluded decides about
        // the example.
        let lost = zip(open, before).filter { index, before in
          let pair = pairs[index]
          return !(pair.bound > 0) && (round > 0 || slopeSteps > 0)
            && pair.reached < before.0 + Self.progress * abs(before.0)
            && pair.depth < before.1 + Self.progress * abs(before.1)
        }
        let examples = Set(
          lost.map { pairs[$0.0].example } + open.filter { pairs[$0].isRefuted }.map { pairs[$0].example })
        open.removeAll { pairs[$0].bound > 0 || examples.contains(pairs[$0].example) }
      }
    }
  }

  /// The depth of a half-space, beyond which lines of their own are not tried.
  static var hopeless: Double { -1.2 }
  /// By how much of itself a bound must rise for another round.
  static var progress: Double { 0.001 }

  /// One round of some pairs.
  private mutating func run(_ open: [Int], _ slopeSteps: Int) throws {
    let rows = region.rows(open.map { pairs[$0].example }, cuts: open.map { pairs[$0].cut })
    var store = DrawStore(
      ensemble, draws: draws, region: rows, labels: open.map { pairs[$0].label },
      rivals: open.map { pairs[$0].rival }, options: options, slopeSteps: slopeSteps)
    defer { multiplications += store.multiplications }
    var separate = [SharedMinorant](repeating: SharedMinorant(count: region.count), count: open.count)
    for position in draws.indices {
      try interruption?()
      try store.with(position) { draw in
        for (row, index) in open.enumerated() {
          separate[row].add(draw.margins[row][pairs[index].rival])
          pairs[index].slack = max(
            pairs[index].slack, MarginSum.slack(ofDifferences: draw.slack[row], classes: draw.margins[row].count))
        }
      }
    }
    var searches = open.enumerated().map { row, index in
      JointSearch(
        label: pairs[index].label, rival: pairs[index].rival, start: pairs[index].start, separate: separate[row],
        over: rows, row: row)
    }
    for index in searches.indices where searches[index].bound > limit { searches[index].isOver = true }
    for _ in 0..<options.steps {
      let active = searches.indices.filter { !searches[$0].isOver }
      if active.isEmpty { break }
      try interruption?()
      try JointSearch.step(&searches, active, rows, &store, limit: limit, refutes: refutes)
    }
    for (search, index) in zip(searches, open) {
      pairs[index].isRefuted = pairs[index].isRefuted || search.isRefuted
      pairs[index].slack = max(pairs[index].slack, search.mixture.slack / Double(draws.count))
      pairs[index].depth = search.mixture.depth
      pairs[index].reached = search.bound
      if search.bound > limit { pairs[index].bound = (limit / Double(draws.count)).nextDown }
      // A half-space that contains the whole box says nothing.
      guard search.mixture.depth > -1 else { continue }
      pairs[index].cut = search.mixture.halfSpace(atMost: self.limit)
    }
  }
}
