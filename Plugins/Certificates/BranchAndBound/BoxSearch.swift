import BoundPropagation
import RobustnessCore

/// What is left of one example's region.
struct BoxSearch {
  let label: Int
  private let example: Int
  private let options: BranchAndBound.Options
  private let ball: (centre: ArraySlice<Double>, radius: Double)?
  private let suspect: [Double]?
  /// Boxes whose bound is known, to be split; and those that wait for their bound.
  private var open: [InputBox] = []
  private var waiting: [InputBox]
  /// The least bound of boxes that are done with.
  private var done = Double.infinity
  /// The least margin that was found at a point.
  private var lowest = Double.infinity
  private var slack = 0.0
  /// Draws that are safe in the first box, and those that are in all boxes that were bounded last.
  private var safe: Int?
  private var count = 0
  /// Whether the decision changes at a point.
  private var isRefuted = false

  init(_ region: InputRegion, example: Int, label: Int, suspect: [Double]?, options: BranchAndBound.Options) {
    self.example = example
    self.label = label
    self.options = options
    self.suspect = suspect.map { region.nearest(to: $0, example: example) }
    ball = region.norm == .l2 ? (region.centre(example: example), region.radii[example]) : nil
    waiting = [InputBox(region, example: example)]
  }

  /// Boxes to bound next: parts of those with the least bounds, as many at a time whatever else there is to do.
  mutating func next() -> [InputBox] {
    if count > 0 {
      waiting = []
      open.sort { $0.bound > $1.bound }
      var splits = 0
      while !isRefuted, splits < Self.atOnce, count + waiting.count + 2 <= options.boxes, let box = open.last,
        !isDone(box)
      {
        open.removeLast()
        splits += 1
        guard let halves = box.halves() else {
          done = min(done, box.bound)
          continue
        }
        for var half in halves {
          if let ball, !half.contract(to: ball.centre, radius: ball.radius) { continue }
          waiting.append(half)
        }
      }
    }
    count += waiting.count
    return waiting
  }

  private func isDone(_ box: InputBox) -> Bool {
    guard box.bound > 0 || options.accuracy != nil else { return false }
    return options.accuracy.map { box.bound >= lowest - $0 } ?? true
  }

  /// Where the margin is looked at: the suspect in the first box, then middles.
  func point(in box: InputBox, _ region: InputRegion) -> [Double] {
    if count == 1, let suspect { return suspect }
    return region.nearest(to: box.middle, example: example)
  }

  /// Takes the bounds of a box.
  mutating func take(_ box: InputBox, _ bounds: BoxBounds, _ row: Int) {
    var box = box
    // A part is in the whole.
    box.bound = max(box.bound, bounds.bounds[row])
    box.slopes = bounds.slopes[row]
    slack = max(slack, bounds.slack[row])
    if safe == nil { safe = bounds.safe[row] }
    lowest = min(lowest, bounds.values[row])
    // So much is taken off whatever the box: a point that has no more can never be proven, a tie for instance.
    if bounds.values[row] <= bounds.leastProvable, options.accuracy == nil { isRefuted = true }
    open.append(box)
  }

  /// The least bound of all parts.
  var result: CertifiedExample {
    CertifiedExample(
      margin: open.reduce(done) { min($0, $1.bound) }, slack: slack, safeDraws: safe ?? 0)
  }

  /// Boxes of one example that are split at once.
  private static let atOnce = 16
}
