import Foundation
import RobustnessCore

/// Numbers that lost digits, or never got any, on their way into the file: nothing can bring them back.
extension ReferenceComparison {
  /// Weights that lost digits on their way into the file, which nothing can bring back.
  func coarseWeights(_ draws: [Int], _ logits: [Double]?) throws -> (cause: String, advice: String)? {
    let few = evenlySpaced(4, of: draws.count).map { draws[$0] }
    var numbers: [Double] = []
    for draw in few {
      var weights = [Float](repeating: 0, count: architecture.parameterCount)
      try weights.withUnsafeMutableBufferPointer { try source.read(draw: draw, into: $0) }
      numbers += weights.map(Double.init)
    }
    guard let half = HalfPrecision.allCases.first(where: { $0.holds(all: numbers) }) else { return nil }
    // TF32 has as many digits as float16.
    let precision: AnswerPrecision = half == .float16 ? .tf32 : .bfloat16
    let own = try answers(ReferencePass(architecture), draws: draws, inputs: chosen, precision: precision)
    let isExplained =
      logits.map { agreements(own, $0).allSatisfy(\.isExplained) }
      ?? agreement(own, logPredictive: question.logPredictive ?? [], precision: precision).isExplained
    guard isExplained else { return nil }
    return (
      "weights have more digits than those of the file, which are rounded to \(half.rawValue)",
      "Store the weights that answered as float32, or answer with the rounded ones."
    )
  }

  /// Inputs that were rounded to bytes, where answers are those of the inputs before.
  func coarseInputs(_ draws: [Int], _ logits: [Double]?) throws -> (cause: String, advice: String)? {
    let isOfBytes = question.inputs.allSatisfy { abs($0 - ReferencePass.greyLevel($0, truncates: false)) <= 1e-6 }
    guard isOfBytes, !question.inputs.allSatisfy({ $0 == 0 || $0 == 1 }) else { return nil }
    var pass = ReferencePass(architecture)
    // Uniform within half a grey level on both sides.
    pass.inputDeviation = 1 / (255 * 12.0.squareRoot())
    let own = try answers(pass, draws: draws, inputs: chosen, precision: question.precision)
    let all =
      logits.map { agreements(own, $0) }
      ?? [agreement(own, logPredictive: question.logPredictive ?? [], precision: question.precision)]
    // What rounding explains has its size too, in every draw.
    guard all.allSatisfy({ $0.isExplained && (0.25...2).contains($0.rootMeanSquareRatio) }) else { return nil }
    return (
      "inputs have more digits than those of the file, which are rounded to bytes",
      "Store /reference/inputs as the author's program had them, as float32."
    )
  }

  /// What to do about answers that were allocated and never written; nil where there are none.
  func unfilled(_ draws: [Int]) -> String? {
    guard let logits = question.logits else {
      guard let given = question.logPredictive, classes > 1, given.allSatisfy({ $0 == 0 }) else { return nil }
      return "Every log_predictive is 0, as if it had never been filled in: write what the author's program answers."
    }
    let empty = draws.filter { draw in
      (0..<question.count).allSatisfy { input in
        (0..<classes).allSatisfy { authors(logits, draw: draw, input: input, class: $0) == 0 }
      }
    }
    guard let first = empty.first, empty.count == draws.count else { return nil }
    let place = ReferenceMatching.name(first, max(1, source.drawCount / max(1, chainCount)))
    let which =
      empty.count == source.drawCount
      ? "All logits are 0" : "The logits of \(empty.count) of \(source.drawCount) draws, first \(place), are all 0"
    return "\(which), as if they had never been filled in: write what the author's program answers."
  }
}
