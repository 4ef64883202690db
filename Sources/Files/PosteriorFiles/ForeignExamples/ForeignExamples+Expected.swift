import RobustnessCore

extension ForeignExamples {
  /// The examples as a network takes them, after comparing everything with it.
  ///
  /// Channels that come last are moved to the front where the shape leaves no other meaning: a network of
  /// (channels, height, width), images of (height, width, channels), and channels that are as many as neither of the
  /// others.
  func matching(_ expected: ExpectedInputs) throws(PosteriorFileError) -> ForeignExamples {
    var examples = self
    if let reason = expected.shapeProblem([labels.count] + inputShape, labelCount: labels.count) {
      guard expected.inputShape.count == 3, case .arrays = places,
        inputShape == Array(expected.inputShape.dropFirst()) + [expected.inputShape[0]],
        !expected.inputShape.dropFirst().contains(expected.inputShape[0])
      else { throw error(inputsPlace, shapeWords(reason)) }
      examples.moveChannelsFirst()
    }
    if inputs.isBytes,
      let reason = StoredNumbers.byteProblem(within: expected.inputBounds, perChannel: expected.boundsPerChannel)
    {
      throw error(inputsPlace, inputsPlace == "/" ? "holds images, whose levels \(reason)" : reason)
    }
    if let inputBounds, let reason = expected.boundsProblem(inputBounds) {
      throw error("input_bounds", reason, advice: "Store the inputs in the scale that the network was trained with")
    }
    if let classCount, classCount != expected.classCount {
      throw error("/", "has \(classCount) classes; the network has \(expected.classCount)")
    }
    if let (position, reason) = expected.labelProblem(labels) { throw labelError(position, reason) }
    let values = examples.inputs.values
    if let problem = expected.valueProblem(values) {
      throw examples.inputError(
        problem.position, holding: plain(values[problem.position]), problem.reason, advice: problem.advice)
    }
    return examples
  }

  /// Tables and folders have no shape of their own to speak of.
  private func shapeWords(_ reason: String) -> String {
    switch places {
    case .arrays: reason
    case .lines: "gives inputs of \(inputShape.reduce(1, *)) columns: it \(reason)"
    case .images, .records: "holds images of \(inputShape.map(String.init).joined(separator: " × ")): it \(reason)"
    }
  }
}
