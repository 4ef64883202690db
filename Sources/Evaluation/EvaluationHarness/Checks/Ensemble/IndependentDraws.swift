import Foundation
import RobustnessCore

extension CheckName {
  /// Draws that the file calls independent are no chain.
  public static let independentDraws = "independent-draws"
}

extension VerdictCheck {
  /// A Markov chain that is stored as an ensemble escapes every check of convergence. Its draws are alike where they
  /// follow each other, which those of networks that were trained apart, or drawn apart, are not.
  static let independentDraws = VerdictCheck(
    CheckName.independentDraws, needs: [CheckName.finiteValues, CheckName.identicalDraws],
    .ensemble { evidence in
      guard let origin = evidence.subject.origin, origin != .mcmc, origin != .single, evidence.draws.count >= 8 else {
        return nil
      }
      let (ratio, pValue) = evidence.serialVariation
      guard ratio.isFinite else { return nil }
      let isSerial = ratio < 0.7 && pValue <= 0.001
      return Check(
        CheckName.independentDraws, isSerial ? .warning : .passed, value: ratio,
        finding: isSerial
          ? String(
            format:
              "draws that follow each other are alike as those of a chain (%.0f %% of the variation of independent "
              + "ones), and the file calls them independent (%@)", 100 * ratio, origin.rawValue)
          : "draws that follow each other differ as much as any others",
        advice: isSerial
          ? "If they are one chain, or a few, say so with the kind mcmc: then their effective number is judged." : "")
    })
}

extension EnsembleEvidence {
  /// Von Neumann's ratio (1941) of the label's log-probability, pooled over examples: mean square successive difference
  /// over twice the variance, about 1 for independent draws; and how often the draws in random order have a smaller one.
  var serialVariation: (ratio: Double, pValue: Double) {
    let count = draws.count
    // Standardised, so that no example counts more than another.
    var columns: [[Double]] = []
    for (example, row) in memberExamples.enumerated() {
      let x = (0..<count).map { logProbabilities(draw: $0, example: example)[logIndex($0, example, labels[row])] }
      let mean = x.reduce(0, +) / Double(count)
      let deviation = (x.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(count)).squareRoot()
      if deviation > 0, deviation.isFinite { columns.append(x.map { ($0 - mean) / deviation }) }
    }
    guard !columns.isEmpty else { return (.nan, 1) }
    func ratio(_ order: [Int]) -> Double {
      var sum = 0.0
      for x in columns {
        for i in 1..<count {
          let d = x[order[i]] - x[order[i - 1]]
          sum += d * d
        }
      }
      return sum / Double(columns.count * (count - 1)) / 2
    }
    let own = ratio(Array(0..<count))
    // Most ensembles are far from it: no need to shuffle.
    guard own < 0.7 else { return (own, 1) }
    let streams = RandomStreams(seed: 0, purpose: "verdict/independent-draws")
    let shuffles = 1999
    var smaller = 0
    for shuffle in 0..<shuffles {
      var stream = streams.stream(example: shuffle)
      let keys = stream.uniforms(count)
      if ratio((0..<count).sorted { keys[$0] < keys[$1] }) <= own { smaller += 1 }
    }
    return (own, Double(smaller + 1) / Double(shuffles + 1))
  }

  private func logIndex(_ draw: Int, _ example: Int, _ k: Int) -> Int {
    (draw * memberExamples.count + example) * classCount + k
  }
}
