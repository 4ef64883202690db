import BoundPropagation
import Foundation
import RobustnessCore

/// The search for a joint bound on the margin of one row of a region against one rival, summed over draws.
struct JointSearch {
  let row: Int
  let label: Int
  let rival: Int
  /// Where the next minorants are made.
  /// What bounds draw by draw add up to.
  private let separate: Double
  /// The largest lower bound so far.
  var bound: Double { max(separate, mixture.bound) }
  private var point: [Double]
  private(set) var mixture: MinorantMixture
  /// Whether nothing more is to be expected.
  var isOver = false
  /// The sum that is being made, of each draw's minorant or its constant, whichever is larger at the point.
  private var sum: SharedMinorant
  /// The sum of minorants alone: less at the point, but less flat.
  private var slopes: SharedMinorant
  /// What the first is at the point.
  private var value = 0.0
  /// The margin itself at the point, up to rounding, and whether it was negative at any.
  private var margin = 0.0
  private(set) var isRefuted = false
  private var steps = 0

  /// Bytes of a search: two minorants a step.
  static func bytes(_ inputCount: Int, steps: Int) -> Int { 8 * inputCount * (2 * steps + 8) }

  /// A search beside what separate bounds add up to.
  init(label: Int, rival: Int, start: [Double], separate: SharedMinorant, over region: InputRegion, row: Int) {
    self.row = row
    self.label = label
    self.rival = rival
    point = start
    self.separate = separate.lowerBound
    mixture = MinorantMixture(over: region, example: row)
    sum = SharedMinorant(count: region.count)
    slopes = sum
  }

  /// One more minorant of every draw for each active search.
  static func step<Ensemble: BoundedEnsemble>(
    _ searches: inout [JointSearch], _ active: [Int], _ region: InputRegion, _ store: inout DrawStore<Ensemble>,
    limit: Double, refutes: Bool
  ) throws {
    let points = active.flatMap { searches[$0].point }
    let classes = store.ensemble.classCount
    let rows = active.map { searches[$0].row }
    let count = Double(store.draws.count)
    for position in store.draws.indices {
      try store.with(position) { draw in
        let values = draw.pass.network.values(at: points, rows: active.count)
        let logits = values[values.count - 1]
        let minorants = active.enumerated().map { place, index in
          let search = searches[index]
          let z = logits[place * classes..<(place + 1) * classes]
          let own = z[z.startIndex + search.label]
          // The other draws have at least what is left of the separate sum.
          let others = search.separate - draw.margins[search.row][search.rival]
          let box = draw.boxes[search.row].narrowed(
            against: search.rival, marginAtMost: limit - others + 1e-12 * count)
          return box.minorant(against: search.rival, near: z.map { $0 - own })
            ?? SoftmaxMinorant.least(classes: classes)
        }
        let forms = draw.pass.inputForms(
          below: minorants, examples: rows, labels: active.map { searches[$0].label }, near: values)
        for (place, index) in active.enumerated() {
          let z = logits[place * classes..<(place + 1) * classes]
          searches[index].take(
            forms, place, constant: draw.margins[searches[index].row][searches[index].rival], logits: z, region)
        }
      }
    }
    for index in active { searches[index].finishStep(over: region, limit: limit, refutes: refutes) }
  }

  /// Takes one draw's minorant, or the constant below its margin.
  private mutating func take(
    _ forms: InputForms, _ place: Int, constant: Double, logits: ArraySlice<Double>, _ region: InputRegion
  ) {
    let largest = logits.max()!
    let total = logits.reduce(0) { $0 + exp($1 - largest) }
    let (own, other) = (logits[logits.startIndex + label], logits[logits.startIndex + rival])
    margin += (exp(own - largest) - exp(other - largest)) / total
    slopes.add(forms, row: place, over: region, example: row)
    let here = point.withUnsafeBufferPointer { forms.value(row: place, at: $0.baseAddress!) }
    if here > constant {
      sum.add(forms, row: place, over: region, example: row)
      value += here
    } else {
      sum.add(constant)
      value += constant
    }
  }

  /// Takes the sums into the mixture and moves the point towards where it is least (Frank and Wolfe 1956).
  private mutating func finishStep(over region: InputRegion, limit: Double, refutes: Bool) {
    mixture.append(sum)
    mixture.append(slopes)
    mixture.improve(rounds: Self.weightSteps, enough: limit)
    steps += 1
    // Points of the search are points of the ball.
    isRefuted = isRefuted || refutes && margin < -limit
    if mixture.bound > limit || isRefuted { isOver = true }
    // The relaxation's sum is below 0 at a point: no combination of its minorants is above it everywhere.
    if steps >= Self.least, value <= 0 { isOver = true }
    let target = region.minimizer(sum.coefficients, example: row)
    let share = 2 / Double(steps + 2)
    for index in point.indices { point[index] += share * (target[index] - point[index]) }
    sum = SharedMinorant(count: region.count)
    (value, margin) = (0, 0)
  }

  /// Steps before a search is given up.
  static let least = 8
  /// Weights that are tried in a step.
  static let weightSteps = 30
}
