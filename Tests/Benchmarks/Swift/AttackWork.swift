import ComputeKernels
import Foundation
import NeuralNetworks
import RobustnessCore

/// An attack that is measured on a posterior as people have them: `Tests/Benchmarks/attacks.json` lists them for both
/// sides, and both make the same weights, inputs and labels of it.
struct AttackWork: Decodable {
  /// Its name in rows: `pgd-NAME-PRECISION`.
  let name: String
  private let network: String?
  private let draws: Int
  private let images: Int
  private let drawn: String?
  private let drops: Bool?
  private let precisions: [String]?
  private let sizes: [String: Size]?
  private let epsilon: Double?
  private let step: Double?

  /// How much of it is done in a precision in which all of it would take minutes.
  private struct Size: Decodable {
    let draws: Int
    let images: Int
  }

  /// What all of them have in common, and the list.
  struct List: Decodable {
    let steps: Int
    let epsilon: Double
    let step: Double
    let works: [AttackWork]
  }

  /// The folder of the benchmarks.
  static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()

  static let list = try! JSONDecoder().decode(List.self, from: Data(contentsOf: folder.appending(path: "attacks.json")))

  /// Whether an example is asked about no more once its prediction has fallen.
  var dropsFallen: Bool { drops ?? false }

  /// Radius in L∞, and length of a step.
  var radii: (epsilon: Double, step: Double) { (epsilon ?? Self.list.epsilon, step ?? Self.list.step) }

  /// Whether the last layer alone is drawn, and the rest is the same in every draw.
  var isLastLayerDrawn: Bool { drawn == "last-layer" }

  /// Those that this machine can do.
  var possiblePrecisions: [Precision] {
    [.float32, .bfloat16, .float64].filter {
      precisions?.contains($0.rawValue) != false && ($0 != .bfloat16 || KernelLibrary.hasNativeBFloat16)
    }
  }

  func drawCount(_ precision: Precision) -> Int { sizes?[precision.rawValue]?.draws ?? draws }

  func imageCount(_ precision: Precision) -> Int { sizes?[precision.rawValue]?.images ?? images }

  /// `784-32-10` names the widths of a dense network with ReLU; other names are files in `networks`.
  func architecture() throws -> Architecture {
    let name = network ?? name
    let widths = name.split(separator: "-").map { Int($0) }
    guard let inputs = widths[0], let classes = widths[widths.count - 1] else {
      return try Architecture(
        json: String(contentsOf: Self.folder.appending(path: "networks/\(name).json"), encoding: .utf8))
    }
    return try Architecture(
      inputShape: [inputs], classCount: classes,
      layers: widths.dropFirst().enumerated().map { index, units in
        .dense(name: "dense\(index + 1)", units: units!, activation: index == widths.count - 2 ? .identity : .relu)
      })
  }

  /// The draws: three quarters of a weight's variance are common to all, as in the neighbourhood of one mode; the
  /// variance is 2 for each input of a unit (He et al., 2015), biases are 0.
  func weights(_ precision: Precision) throws -> InMemoryWeights {
    let architecture = try architecture()
    var shared: Set<Int> = []
    if isLastLayerDrawn {
      let last = architecture.parameters.map(\.layer).max()
      shared = Set(architecture.parameters.indices.filter { architecture.parameters[$0].layer != last })
    }
    let common = Self.parameters(architecture, seed: 0)
    let (most, rest) = (Float(0.75).squareRoot(), Float(0.25).squareRoot())
    let draws = (1...drawCount(precision)).map { draw in
      let own = Self.parameters(architecture, seed: UInt64(draw))
      var all: [Float] = []
      all.reserveCapacity(own.count)
      for (index, parameter) in architecture.parameters.enumerated() {
        let range = all.count..<all.count + parameter.count
        if case .weight = parameter.purpose, !shared.contains(index) {
          for place in range { all.append(most * common[place] + rest * own[place]) }
        } else {
          all += common[range]
        }
      }
      return all
    }
    return InMemoryWeights(architecture: architecture, draws: draws, sharedParameters: shared)
  }

  private static func parameters(_ architecture: Architecture, seed: UInt64) -> [Float] {
    var random = Uniform(seed: seed)
    var all: [Float] = []
    for parameter in architecture.parameters {
      switch parameter.purpose {
      case .weight(let fanIn): all += random.numbers(parameter.count, width: Float((24 / Double(fanIn)).squareRoot()))
      case .shift: all += [Float](repeating: 0, count: parameter.count)
      case .factor: all += [Float](repeating: 1, count: parameter.count)
      case .statistic:
        all += [Float](repeating: parameter.name.hasSuffix("running_var") ? 1 : 0, count: parameter.count)
      }
    }
    return all
  }

  /// Uniform pixels.
  func inputs(_ architecture: Architecture, _ precision: Precision) -> Tensor {
    var random = Uniform(seed: 1_000_000)
    let shape = [imageCount(precision)] + architecture.inputShape
    return Tensor(shape: shape, elements: (0..<shape.reduce(1, *)).map { _ in Double(random.next()) })
  }

  /// Operations of the products of one pass forward: what the draws share is done once for each image.
  func passOperations(_ architecture: Architecture, _ precision: Precision) -> Double {
    let all = architecture.operationsPerExample
    let (draws, images) = (Double(drawCount(precision)), Double(imageCount(precision)))
    guard isLastLayerDrawn, let last = architecture.graph.nodes.last else { return all * draws * images }
    let head = last.kind.operations(last)
    return (all - head + head * draws) * images
  }
}
