import Foundation
import RobustnessCore

/// Weights that were written as decimals, as `%.3f` and numpy's `round` do.
extension ReferenceSearch {
  /// The author's program had weights of a few decimals, where the file has all digits.
  var decimalRoundings: [ReferenceHypothesis] {
    (2...5).map { decimals in
      let unit = pow(10, Double(decimals))
      return ReferenceHypothesis(
        cause: "the weights are rounded to \(decimals) decimals",
        advice: "The author's program had weights of \(decimals) decimals: store those that answered.",
        pass: hypotheses.pass,
        change: { weights in
          for index in weights.indices { weights[index] = (weights[index] * unit).rounded(.toNearestOrEven) / unit }
        }, isFine: true)
    }
  }
}

extension ReferenceComparison {
  /// Weights that were rounded to decimals on their way into the file. Nothing can bring the digits back, but how much
  /// their loss changes the answers can be seen: as much as other digits in the same places do.
  func decimalWeights(_ draws: [Int], _ logits: [Double]?) throws -> (cause: String, advice: String)? {
    guard let logits else { return nil }
    let few = evenlySpaced(4, of: draws.count).map { draws[$0] }
    var weights = [Float](repeating: 0, count: architecture.parameterCount)
    var decimals = 1
    for draw in few {
      try weights.withUnsafeMutableBufferPointer { try source.read(draw: draw, into: $0) }
      guard let own = Self.decimals(of: weights) else { return nil }
      decimals = max(decimals, own)
    }
    let unit = pow(10, -Double(decimals))
    var stream = RandomStreams(seed: 0, purpose: "reference/decimals").stream(example: 0)
    let lost = stream.uniforms(architecture.parameterCount).map { ($0 - 0.5) * unit }
    let pass = ReferencePass(architecture)
    let own = try answers(pass, draws: few, inputs: chosen, precision: question.precision)
    let other = try answers(pass, draws: few, inputs: chosen, precision: question.precision) { weights in
      for index in weights.indices { weights[index] += lost[index] }
    }
    func size(_ values: some Sequence<Double>) -> Double { values.reduce(0) { $0 + $1 * $1 }.squareRoot() }
    let ratio = size(differences(own, logits)) / size(zip(own.numbers, other.numbers).map { $0 - $1 })
    guard (0.4...2.5).contains(ratio) else { return nil }
    return (
      "weights have more digits than those of the file, which are rounded to \(decimals) decimals",
      "Store the weights that answered as float32, or answer with the rounded ones."
    )
  }

  /// Decimals that all numbers are written with; nil where they need more digits than single precision tells from none.
  private static func decimals(of numbers: [Float]) -> Int? {
    (1...5).first { decimals in
      let unit = pow(10, Double(decimals))
      var telling = 0
      for number in numbers {
        let value = Double(number)
        guard Float((value * unit).rounded() / unit) == number else { return false }
        // Single precision could have told it from the decimals beside it.
        if value != 0, abs(value) * 0x1p-24 * unit < 0.01 { telling += 1 }
      }
      return telling >= 8
    }
  }
}
