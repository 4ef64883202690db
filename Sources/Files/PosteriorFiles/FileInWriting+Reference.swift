import HDF5
import NeuralNetworks
import RobustnessCore

extension FileInWriting {
  /// Writes what the author's program answers, if the contents have it.
  mutating func writeReference() throws {
    guard let answers = contents.referenceAnswers else { return }
    let architecture = contents.weights.architecture
    let count = answers.inputs.count / architecture.inputShape.reduce(1, *)
    try createGroup("/reference")
    // One chunk where it is small: compression and checksums are of chunks.
    func put(_ numbers: StoredNumbers, _ path: String, _ shape: [Int]) throws {
      let isSmall = numbers.count * numbers.element.byteCount <= 1 << 24
      try write(numbers, to: path, shape: shape, chunk: isSmall ? shape : nil)
    }
    try put(answers.inputs, "/reference/inputs", [count] + architecture.inputShape)
    if let logits = answers.logits {
      try put(
        logits, "/reference/logits", [contents.chainCount, contents.drawsPerChain, count, architecture.classCount])
    }
    if let predictive = answers.logPredictive {
      try put(predictive, "/reference/log_predictive", [count, architecture.classCount])
    }
    if let software = answers.software {
      try setAttribute("software", of: "/reference", to: .text(software))
    }
    try setAttribute("precision", of: "/reference", to: .text(answers.precision.rawValue))
    if answers.areLogProbabilities {
      let meaning = ReferenceAnswers.Meaning.logProbabilities
      try setAttribute("logits_are", of: "/reference", to: .text(meaning.rawValue))
    }
    for attribute in answers.furtherAttributes {
      try setAttribute(attribute.name, of: "/reference", to: attribute.value, shape: attribute.shape ?? [])
    }
  }
}

extension PosteriorContents {
  /// Why the reference answers do not fit the rest; nil when they do.
  var referenceProblem: (place: String, reason: String)? {
    guard let answers = referenceAnswers else { return nil }
    let architecture = weights.architecture
    let size = architecture.inputShape.reduce(1, *)
    guard answers.inputs.count >= size, answers.inputs.count % size == 0 else {
      return ("/reference/inputs", "has \(answers.inputs.count) values for inputs of \(size)")
    }
    let expected = answers.inputs.count / size * architecture.classCount
    if let logits = answers.logits, logits.count != weights.drawCount * expected {
      return ("/reference/logits", "has \(logits.count) values for \(weights.drawCount) draws of \(expected)")
    }
    if let predictive = answers.logPredictive, predictive.count != expected {
      return ("/reference/log_predictive", "has \(predictive.count) values, not \(expected)")
    }
    return answers.logits == nil && answers.logPredictive == nil ? ("/reference", "would hold no answers") : nil
  }
}
