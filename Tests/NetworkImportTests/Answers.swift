import ComputeKernels
import Foundation
import NeuralNetworks
import RobustnessCore
import Testing

@testable import NetworkImport

/// What an imported network answers, in float64.
enum Answers {
  /// The logits of each draw at some inputs, (draw, input, class) in C order.
  static func logits(_ source: DrawSource, _ inputs: [[Double]]) throws -> [Double] {
    let shape = [inputs.count] + source.architecture.inputShape
    let ensemble = try NetworkEnsemble(source, configuration: .init(precision: .float64))
    return try ensemble.memberLogits(Tensor(shape: shape, elements: inputs.flatMap(\.self)), draws: .all).elements
  }

  /// The logits of a graph, at one input.
  static func logits(_ writer: GraphWriter, _ folder: URL, _ input: [Double]) throws -> [Double] {
    try logits(try DrawSource(graphs: [try writer.write(to: folder, "\(UUID()).onnx")]), [input])
  }
}

/// Expects the same numbers, but for the rounding of float64 or of constants in float32.
func expectClose(
  _ found: [Double], _ expected: [Double], within tolerance: Double = 1e-12, _ words: String = "",
  sourceLocation: SourceLocation = #_sourceLocation
) {
  let isClose =
    found.count == expected.count && zip(found, expected).allSatisfy { abs($0 - $1) <= tolerance * max(1, abs($1)) }
  #expect(isClose, "\(found) is not \(expected) \(words)", sourceLocation: sourceLocation)
}
