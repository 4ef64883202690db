import Foundation
import HDF5
import NeuralNetworks
import RobustnessCore
import TestSupport
import Testing

/// One of the small networks of `Fixtures/oracles/layers.h5`, which have every type of layer on odd shapes, with the
/// logits that PyTorch computed in float64.
struct LayerAnswer: Sendable, CustomTestStringConvertible {
  let name: String
  let ensemble: NetworkEnsemble
  let examples: Examples
  /// Shape (draws, examples, classes).
  let logits: Tensor

  var testDescription: String { name }

  static let all: [LayerAnswer] = {
    do {
      let file = try HDF5File.open(Fixtures.url("oracles/layers.h5").path)
      return try file.links(in: "/").map { try LayerAnswer($0.name, file) }
    } catch {
      preconditionFailure("\(error)")
    }
  }()

  /// Those whose layers all have bounds.
  static let bounded = all.filter { (try? $0.ensemble.boundedMember(0)) != nil }

  private init(_ name: String, _ file: HDF5File) throws {
    func tensor(_ dataset: String) throws -> Tensor {
      let stored = try file.dataset("/\(name)/\(dataset)")
      return Tensor(shape: stored.shape ?? [], elements: try stored.readAll(as: Double.self))
    }
    let architecture = try Architecture(json: try file.attribute("architecture", of: "/\(name)")?.text ?? "")
    let draws = try tensor("draws")
    self.name = name
    ensemble = try NetworkEnsemble(
      InMemoryWeights(
        architecture: architecture, draws: (0..<draws.rowCount).map { draws[row: $0].map { Float($0) } }),
      configuration: .init(threads: 1))
    examples = Examples(
      inputs: try tensor("inputs"), labels: try file.dataset("/\(name)/labels").readAll(as: Int64.self).map(Int.init))
    logits = try tensor("logits")
  }

  /// A box around all inputs.
  var box: ClosedRange<Double> {
    let (low, high) = (examples.inputs.elements.min()!, examples.inputs.elements.max()!)
    return min(0, low)...max(1, high)
  }

  func question(_ threat: ThreatModel) -> CertificateQuestion {
    CertificateQuestion(
      threat: threat, radii: examples.labels.map { _ in threat.epsilon }, draws: Array(0..<ensemble.drawCount))
  }
}
