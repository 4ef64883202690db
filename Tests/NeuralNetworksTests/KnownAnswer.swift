import Foundation
import HDF5
import NeuralNetworks
import PosteriorFiles
import RobustnessCore
import TestSupport

/// A posterior with answers that PyTorch computed in float64, by formulas without cancellation.
struct KnownAnswer: Sendable {
  static let names = [
    "mnist-fc2-relu", "mnist-conv-leaky", "mnist-fc2-tanh-saturated", "mnist-fc1-tanh-sharp", "moons-fc2-leaky",
  ]

  let name: String
  let posterior: PosteriorFile
  private let reference: HDF5File

  init(_ name: String) throws {
    self.name = name
    posterior = try PosteriorFile.open(Fixtures.url("oracles/\(name).h5").path, probe: nil)
    reference = try HDF5File.open(Fixtures.url("oracles/\(name).reference.h5").path)
  }

  /// A data set of the answers.
  func tensor(_ path: String) throws -> Tensor {
    let dataset = try reference.dataset(path)
    return Tensor(shape: dataset.shape ?? [], elements: try dataset.readAll(as: Double.self))
  }

  func numbers(_ path: String) throws -> [Double] { try tensor(path).elements }

  /// The inputs that the answers are about.
  func examples() throws -> Examples {
    let labels = try reference.dataset("labels").readAll(as: Int64.self).map(Int.init)
    return Examples(inputs: try tensor("inputs"), labels: labels)
  }

  func attribute(_ name: String) throws -> Double {
    try reference.attribute(name, of: "/")?.doubles?.first ?? .nan
  }

  func ensemble(_ configuration: NetworkEnsemble.Configuration = .init()) throws -> NetworkEnsemble {
    try NetworkEnsemble(posterior, configuration: configuration)
  }
}

/// Largest magnitude of the difference.
func largestDifference(_ a: [Double], _ b: [Double]) -> Double {
  zip(a, b).reduce(0) { max($0, $1.0 == $1.1 ? 0 : abs($1.0 - $1.1)) }
}

/// Cosine of the angle between two rows.
func cosine(_ a: some Collection<Double>, _ b: some Collection<Double>) -> Double {
  let scaleA = a.reduce(0) { max($0, abs($1)) }
  let scaleB = b.reduce(0) { max($0, abs($1)) }
  guard scaleA > 0, scaleB > 0 else { return 0 }
  var dot = 0.0
  var aa = 0.0
  var bb = 0.0
  for (x, y) in zip(a, b) {
    dot += x / scaleA * (y / scaleB)
    aa += x / scaleA * (x / scaleA)
    bb += y / scaleB * (y / scaleB)
  }
  return dot / (aa * bb).squareRoot()
}
