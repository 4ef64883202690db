import NeuralNetworks
import PosteriorFiles
import RobustnessCore

/// Expected loss gradients over growing numbers of draws: what figures 2 and 3 show.
struct GradientDecay: Sendable {
  /// Gradients of one posterior at some images.
  struct Measured: Sendable {
    let name: String
    let indices: [Int]
    let labels: [Int]
    let gradients: [DrawGradients]
    /// Norms of the mean gradient, one list for each image.
    let norms: [[(linf: Double, l2: Double)]]
    /// R over all images, of the loss.
    let signal: SignalInterval
    /// Whether a verdict may rest on it.
    let carriesVerdict: Bool
    /// Draws in a random order: the first n of it are n draws.
    let order: [Int]

    /// The authors' rule: images whose L∞ norm never rises from 1 to 10, 50 and 100 draws, and is not zero.
    func isKept(_ image: Int) -> Bool {
      let norms = norms[image].prefix(4).map(\.linf)
      return (norms.first ?? 0) > 0 && zip(norms, norms.dropFirst()).allSatisfy { $0 >= $1 }
    }
  }

  /// Numbers of draws of the paper, as far as the posterior has them.
  static func counts(_ drawCount: Int) -> [Int] {
    let counts = [1, 10, 50, 100, 500].filter { $0 <= drawCount }
    return counts.count < 5 && drawCount > (counts.last ?? 0) * 3 / 2 ? counts + [drawCount] : counts
  }

  /// Measures a posterior at images chosen at random.
  static func measure(
    _ posterior: OpenPosterior, images: Int, drawCount: Int, _ context: ExperimentContext
  ) throws -> Measured {
    let seed = context.seed
    let ensemble = try posterior.ensemble()
    let draws = posterior.draws(drawCount)
    let indices = posterior.testIndices(images, seed: seed)
    let examples = posterior.testExamples(images, seed: seed)
    let gradients = try DrawGradients.collect(
      ensemble, examples, objective: .expectedLoss, draws: draws, chainCount: posterior.chainCount)
    var stream = RandomStreams(seed: seed, purpose: "paper/draw-order").stream(example: 0)
    let keys = stream.uniforms(draws.count)
    let order = draws.indices.sorted { keys[$0] < keys[$1] }
    let signal = MeanGradientSignal(pooling: gradients, areDrawsIndependent: posterior.hasIndependentDraws)
    return Measured(
      name: posterior.spec.name, indices: indices, labels: examples.labels, gradients: gradients,
      norms: gradients.map { $0.normsOfMeans(counts(draws.count), order: order) },
      signal: SignalInterval(signal, groups: posterior.hasIndependentDraws ? draws.count : posterior.chainCount),
      carriesVerdict: try context.carriesVerdict(posterior.spec),
      order: order)
  }

  /// What the ratios R say: the gradient does not vanish where all intervals lie above 0. Every posterior is named;
  /// only those that may carry a verdict decide it, and a claim about all is supported by all or not at all.
  static func verdict(
    _ signals: [(name: String, signal: SignalInterval, carriesVerdict: Bool)]
  ) -> (String, ExperimentResult.Verdict) {
    let text = signals.map { entry in
      let r = entry.signal
      return
        "\(entry.name) R = \(Markdown.number(r.signal.ratio)) [\(Markdown.number(r.low)), \(Markdown.number(r.high))]"
    }.joined(separator: "; ")
    let kept = signals.count { $0.signal.low > 0 }
    let sentence =
      signals.allSatisfy(\.signal.isSmall)
      ? "No part of the mean gradient above one per cent of the mean square can be seen (\(text))."
      : kept == signals.count
        ? "In every posterior the mean gradient keeps a part that no further draw removes (R = ‖E g‖²/E‖g‖² above 0: \(text))."
        : "In \(kept) of \(signals.count) posteriors the mean gradient keeps a part that no further draw removes (\(text))."
    let judged = signals.filter(\.carriesVerdict)
    return (sentence, .init(judged.map(\.signal.vanishing), isComplete: judged.count == signals.count))
  }
}
