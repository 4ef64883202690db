import RobustnessCore

/// What one pass of the held-out inputs through every draw leaves; draws go through in groups, so that the predictions
/// of all of them are never in memory at once.
struct FunctionPass: Sendable {
  /// At most this many log-probabilities are in memory at once, apart from those of one group of draws.
  static let groupElements = 4_000_000
  /// Draws in a group are a multiple of this, which is what `NetworkEnsemble` packs together.
  static let groupDraws = 8

  let space: FunctionSpace
  /// One for each draw, of its predictions at the inputs of `space`.
  let hashes: [BitHash]
  let nonFiniteCount: Int
  /// Nil without labels.
  let quality: QualityReport?

  init(
    _ posterior: DiagnosedPosterior, ensemble: any PosteriorEnsemble, inputs allInputs: Tensor,
    groupElements: Int = FunctionPass.groupElements
  ) throws {
    let chosen = evenlySpaced(FunctionSpace.exampleLimit, of: allInputs.rowCount)
    let labels = posterior.labels
    // Without labels there is nothing to score: the other inputs are not needed.
    let inputs = labels == nil ? allInputs.rows(chosen) : allInputs
    let rows = labels == nil ? Array(chosen.indices) : chosen
    let predictive = try ensemble.predict(inputs, draws: .all)
    let classes =
      labels.map { labels in chosen.map { labels[$0] } } ?? predictive.classes(.predictive).map { max($0, 0) }

    let classCount = ensemble.classCount
    let count = inputs.rowCount
    let draws = posterior.drawCount
    let group = max(1, groupElements / max(1, count * classCount) / Self.groupDraws) * Self.groupDraws
    var series = [[Double]](repeating: [], count: chosen.count)
    var hashes: [BitHash] = []
    var nonFinite = predictive.logProbabilities.nonFiniteCount
    var qualities: [PredictiveQuality] = []
    for first in stride(from: 0, to: draws, by: group) {
      let range = first..<min(first + group, draws)
      let members = try ensemble.memberLogProbabilities(inputs, draws: .some(Array(range)))
      nonFinite += members.nonFiniteCount
      for position in range.indices.map({ $0 - first }) {
        let start = position * count * classCount
        var hash = BitHash()
        for (index, row) in rows.enumerated() {
          let probabilities = members.elements[start + row * classCount..<start + (row + 1) * classCount]
          for value in probabilities { hash.add(value.bitPattern) }
          series[index].append(probabilities[probabilities.startIndex + classes[index]])
        }
        hashes.append(hash)
        if let labels {
          let elements = Array(members.elements[start..<start + count * classCount])
          qualities.append(
            PredictiveQuality(logProbabilities: Tensor(shape: [count, classCount], elements: elements), labels: labels))
        }
      }
    }
    space = FunctionSpace(logProbabilities: series.map(posterior.chains))
    self.hashes = hashes
    nonFiniteCount = nonFinite
    quality = labels.map {
      QualityReport(
        exampleCount: count,
        predictive: PredictiveQuality(logProbabilities: predictive.logProbabilities, labels: $0), draws: qualities)
    }
  }

  func summary(_ posterior: DiagnosedPosterior) -> ConvergenceSummary {
    let series = space.logProbabilities
    guard posterior.mayBeChains else {
      return ConvergenceSummary(independentDraws: series.map { $0.flatMap { $0.map(exponential) } })
    }
    return ConvergenceSummary(
      count: series.count, population: series.count, quantity: { series[$0] },
      // What is reported in the end is a probability.
      estimand: { $0.map { $0.map(exponential) } })
  }
}
