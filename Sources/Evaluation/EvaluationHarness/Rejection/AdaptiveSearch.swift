import Foundation
import RobustnessCore

/// The attack that knows the defence: it looks for points that are decided wrongly and whose uncertainty is small
/// (Carlini and Wagner 2017, *Adversarial Examples Are Not Easily Detected*; Tramèr et al., NeurIPS 2020, *On Adaptive
/// Attacks to Adversarial Example Defenses*).
///
/// It keeps the wrong point of the smallest score, of which it is enough to know whether it is accepted. Every example
/// goes its own way, whatever others are searched with it.
struct AdaptiveSearch {
  let evaluator: Evaluator
  let detector: Detector
  let examples: Examples
  let threat: ThreatModel
  /// Steps of one climb; each takes a gradient of the margin and one of the score.
  let steps: Int
  /// The wrong point of the smallest score so far, of each example; where there is none, any.
  private(set) var best: BestPoints
  private(set) var cost = SearchCost()

  /// What a climb follows.
  enum Path {
    /// From points that are wrong already: down the score, staying wrong. Where a step could cross the boundary back,
    /// only the part of the score's gradient that does not lower the margin (Bryniarski et al., ICLR 2022, *Evading
    /// Adversarial Example Detection Defenses with Orthogonal Projected Gradient Descent*); behind it, up the margin.
    case downScore
    /// One loss of both, max(κ − margin, 0) + λ · max(score − threshold, 0), with a hinge in each and either gradient
    /// scaled to unit mean magnitude; κ is what one step can lose. Where both hinges are met, down the score.
    case jointLoss
  }

  init(_ evaluator: Evaluator, _ detector: Detector, _ examples: Examples, within threat: ThreatModel, steps: Int) {
    self.evaluator = evaluator
    self.detector = detector
    self.examples = examples
    self.threat = threat
    self.steps = steps
    best = BestPoints(fallback: examples.inputs)
  }

  /// Climbs from `starts`, one for each of the examples `rows`. The starts themselves are no finds of this search.
  mutating func climb(_ path: Path, from starts: Tensor, of rows: [Int]) throws {
    guard !rows.isEmpty, steps > 0 else { return }
    let part = examples.subset(rows)
    var points = starts
    var found = BestPoints(fallback: starts)
    for step in 0..<steps {
      try evaluator.progress.checkForInterruption()
      let here = try look(at: points, of: part)
      if step > 0 { found.consider(points, values: here.scores.map { -$0 }, successes: here.isWrong) }
      // What was left behind was better: smaller steps go on from there.
      if step > 0, step % max(4, steps / 4) == 0 {
        let fell = rows.indices.filter { found.successes[$0] }
        points.replaceRows(fell, with: found.points.rows(fell))
        continue
      }
      let length = 0.5 * (1 + cos(.pi * Double(step) / Double(steps))) / 2
      threat.step(&points, along: direction(path, here, length), by: .relative(length))
      threat.project(&points, around: part.inputs)
    }
    let seen = try evaluator.observe(points)
    let scores = try evaluator.scores(points, detector.score)
    cost.memberForwards += 2 * rows.count * evaluator.evaluationDraws.count
    cost.queries += rows.count
    found.consider(
      points, values: scores.map { -$0 }, successes: zip(seen.decisions, part.labels).map { $0 != $1 })
    best.consider(found, of: rows)
  }

  /// Keeps what another search for the same examples found, where it is better.
  mutating func consider(_ other: AdaptiveSearch) { best.consider(other.best, of: 0..<examples.count) }

  // MARK: - One step

  private struct View {
    var margins: [Double]
    var scores: [Double]
    var isWrong: [Bool]
    var marginGradient: ScaledGradient
    var scoreGradient: ScaledGradient
  }

  private mutating func look(at points: Tensor, of part: Examples) throws -> View {
    let ensemble = evaluator.subject.ensemble
    let all = evaluator.evaluationDraws
    // Of the draw that decides, where one does.
    var deciding = all
    if case .singleDraw(let draw) = evaluator.plan.decision { deciding = [draw] }
    let margin = try ensemble.lossAndGradient(part.moved(to: points), objective: .margin, draws: .some(deciding))
    let score = try ensemble.uncertaintyAndGradient(points, score: detector.score, draws: .some(all))
    let passes = part.count * (deciding.count + all.count)
    cost.memberGradients += passes
    cost.queries += part.count
    evaluator.progress.didPass(memberGradients: passes)
    let decisions = margin.prediction.classes(evaluator.plan.decision)
    return View(
      margins: margin.logLosses, scores: score.values, isWrong: zip(decisions, part.labels).map { $0 != $1 },
      marginGradient: margin.gradient, scoreGradient: score.gradient)
  }

  private func direction(_ path: Path, _ here: View, _ length: Double) -> Tensor {
    var result = here.marginGradient.unitMeanMagnitude
    let score = here.scoreGradient.unitMeanMagnitude
    let reaches = threat.log2Reaches(of: here.marginGradient)
    let alignment = result.rowDots(score)
    let squares = result.rowDots(result)
    let size = score.rowSize
    score.elements.withUnsafeBufferPointer { score in
      result.withEachRow { row, direction in
        let isNear = here.margins[row] <= exp2(reaches[row]) * length
        var (up, down) = (0.0, 1.0)
        switch path {
        case .downScore:
          if !here.isWrong[row] {
            (up, down) = (1, 0)
          } else if isNear, alignment[row] > 0, squares[row] > 0 {
            up = alignment[row] / squares[row]
          }
        case .jointLoss:
          if !here.isWrong[row] || isNear { (up, down) = (1, here.scores[row] > detector.threshold ? 1 : 0) }
        }
        let base = row * size
        for index in 0..<size { direction[index] = up * direction[index] - down * score[base + index] }
      }
    }
    return result
  }
}

/// What a search asked for.
struct SearchCost: Sendable {
  /// Backward passes of one example through one draw.
  var memberGradients = 0
  /// Forward passes of one example through one draw that were no part of a gradient.
  var memberForwards = 0
  /// Points asked about.
  var queries = 0

  static func + (a: SearchCost, b: SearchCost) -> SearchCost {
    SearchCost(
      memberGradients: a.memberGradients + b.memberGradients, memberForwards: a.memberForwards + b.memberForwards,
      queries: a.queries + b.queries)
  }
}

extension CheckLevel {
  /// Steps of one climb of the adaptive attack.
  var adaptiveSteps: Int {
    switch self {
    case .quick: 20
    case .standard: 40
    case .thorough: 100
    }
  }
}
