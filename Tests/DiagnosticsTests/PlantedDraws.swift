import Diagnostics
import RobustnessCore
import TestSupport

/// Posteriors whose draws are known: each draw is one number, the first logit of two, whatever the input.
enum PlantedDraws {
  /// Networks that ignore their one input: logits (x, 0), so that log p(class 0) = −log(1 + e⁻ˣ) rises with x.
  static func ensemble(_ values: [Double]) -> ListedEnsemble<LinearNetwork> {
    ListedEnsemble(values.map { LinearNetwork(weights: [[0], [0]], bias: [$0, 0]) })
  }

  /// `count` independent standard normal numbers.
  static func normals(_ count: Int, key: Int) -> [Double] {
    var stream = RandomStreams(seed: 3, purpose: "test/draws").stream(example: key)
    return stream.normals(count)
  }

  /// A posterior with both a function and a weight that are the given draws.
  static func posterior(
    _ chains: [[Double]], origin: DrawOrigin? = .mcmc, statistics: [String: [[Double]]] = [:], hasData: Bool = true
  ) -> DiagnosedPosterior {
    let values = chains.flatMap { $0 }
    var posterior = DiagnosedPosterior(origin: origin, chainCount: chains.count, drawsPerChain: chains[0].count)
    posterior.parameterCount = 1
    posterior.readParameters = { draw, buffer in buffer[0] = Float(values[draw]) }
    posterior.statistics = statistics.mapValues { $0.flatMap { $0 } }
    if hasData {
      posterior.ensemble = ensemble(values)
      posterior.inputs = Tensor(shape: [3, 1], elements: [0, 0.5, 1])
      posterior.labels = [0, 0, 1]
    }
    return posterior
  }

  static func chains(_ count: Int = 4, draws: Int = 500) -> [[Double]] {
    (0..<count).map { normals(draws, key: $0) }
  }
}

extension PosteriorReport {
  func check(_ name: String) -> DiagnosticCheck? { checks.first { $0.name == name } }
}
