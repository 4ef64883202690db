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
    var scales: [Double] = []
    var named: [String: Double] = [:]
    for word in priorScale.split(separator: ",", omittingEmptySubsequences: false) {
      // A layer's name may hold an equals sign; the number behind the last one is no name.
      let equals = word.lastIndex(of: "=")
      let number = equals.map { word[word.index(after: $0)...] } ?? word
      guard let value = Double(number.trimmingCharacters(in: .whitespaces)), value.isFinite else {
        throw UsageError(
          "--prior-scale takes a number, or numbers with commas between them, or one for layers by name, such as 1,conv1=0.5; not '\(priorScale)'"
        )
      }
      guard let equals else {
        scales.append(value)
        continue
      }
      let name = word[..<equals].trimmingCharacters(in: .whitespaces)
      guard named.updateValue(value, forKey: name) == nil else {
        throw UsageError("--prior-scale \(priorScale) names the layer \(name) twice")
      }
    }
    guard prior == .global || (scales.count == 1 && named.isEmpty) else {
      throw UsageError("--prior fan-in takes one --prior-scale; scales for each layer go with --prior global")
    }
    guard named.isEmpty || scales.count <= 1 else {
      throw UsageError(
        "--prior-scale \(priorScale): beside layers by name stands one number at most, for all others")
    }
    let scale: GaussianPrior.Scale =
      if prior == .fanIn {
        .fanIn(scales[0])
      } else if !named.isEmpty {
        .named(named, others: scales.first ?? 1)
      } else {
        scales.count == 1 ? .global(scales[0]) : .perLayer(scales)
      }
    do {
      return try GaussianPrior(scale, architecture: architecture)
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
