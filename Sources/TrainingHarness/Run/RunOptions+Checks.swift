import Foundation
import NeuralNetworks
import RobustnessCore
import Shell

/// What the options mean together, and what is wrong with them.
extension RunOptions {
  /// The prior that the options describe.
  ///
  /// - Throws: `UsageError` for scales that are none.
  func prior(of architecture: Architecture) throws -> GaussianPrior {
    let scales = try priorScale.split(separator: ",", omittingEmptySubsequences: false).map { word in
      guard let value = Double(word.trimmingCharacters(in: .whitespaces)), value.isFinite else {
        throw UsageError("--prior-scale takes a number, or numbers with commas between them, not '\(priorScale)'")
      }
      return value
    }
    guard prior == .global || scales.count == 1 else {
      throw UsageError("--prior fan-in takes one --prior-scale; scales for each layer go with --prior global")
    }
    do {
      return try GaussianPrior(
        prior == .fanIn ? .fanIn(scales[0]) : scales.count == 1 ? .global(scales[0]) : .perLayer(scales),
        architecture: architecture)
    } catch {
      throw UsageError("--prior-scale \(priorScale): \(error)")
    }
  }

  /// What is wrong whatever the sampler is.
  func check() throws {
    func atLeastOne(_ value: Int?, _ name: String) throws {
      if let value, value < 1 { throw UsageError("--\(name) must be at least 1, not \(value)") }
    }
    try atLeastOne(trainingExamples, "training-examples")
    try atLeastOne(draws, "draws")
    try atLeastOne(chains, "chains")
    try atLeastOne(members, "members")
    try atLeastOne(threads, "threads")
    try atLeastOne(mapIterations, "map-iterations")
    guard evaluationExamples >= 0 else {
      throw UsageError("--evaluation-examples cannot be negative: it is \(evaluationExamples)")
    }
    guard seed >= 0, dataSeed >= 0 else { throw UsageError("--seed and --data-seed cannot be negative") }
    guard temperature > 0 else { throw UsageError("--temperature must be positive, not \(temperature)") }
    guard mapLearningRate > 0 else { throw UsageError("--map-learning-rate must be positive, not \(mapLearningRate)") }
    guard !output.isEmpty else { throw UsageError("--output needs the name of a file") }
  }
}
