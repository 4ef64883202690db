import HDF5
import RobustnessCore

extension ArraysInspection {
  /// Compares shape and scale with what the network takes, before any value is read.
  func check(_ expected: ExpectedInputs) throws(PosteriorFileError) {
    guard let inputs, let shape = inputs.shape else { return }
    if let reason = expected.shapeProblem(shape, labelCount: labels?.shape?.first) { throw error(inputs.path, reason) }
    if shape.count == expected.inputShape.count + 1 {
      let names = try Self.translate(path) { () throws(HDF5Error) in try file.axisNames(of: inputs.path) }
      if let reason = AxisMeanings.inputs(expected.inputShape).contradiction(names) { throw error(inputs.path, reason) }
    }
    if inputs.type == .number(.uint8),
      let reason = StoredNumbers.byteProblem(within: expected.inputBounds, perChannel: expected.boundsPerChannel)
    {
      throw error(inputs.path, reason)
    }
    if let stated = try statedBounds(), let reason = expected.boundsProblem(stated) {
      throw error("/@input_bounds", reason, advice: "Store the inputs in the scale that the network was trained with")
    }
  }

  /// Compares labels with the classes, and inputs with the bounds.
  ///
  /// Inputs may lie outside the bounds by no more than rounding.
  func check(_ values: [Double], labels classes: [Int], _ expected: ExpectedInputs) throws(PosteriorFileError) {
    guard let inputs, let labels else { return }
    if let (position, reason) = expected.labelProblem(classes) {
      throw error(labels.path, "holds \(classes[position]) at position \(position): \(reason)")
    }
    if let problem = expected.valueProblem(values) {
      throw error(
        inputs.path,
        "holds \(plain(values[problem.position])) \(ElementPlace.words(problem.position, in: inputs.shape)): "
          + problem.reason, advice: problem.advice)
    }
  }

  /// The attribute `input_bounds` of the root; nil where the file has none.
  func statedBounds() throws(PosteriorFileError) -> ClosedRange<Double>? {
    let attribute = try Self.translate(path) { () throws(HDF5Error) in try file.attribute("input_bounds", of: "/") }
    guard let attribute else { return nil }
    guard let values = attribute.doubles, values.count == 2, values.allSatisfy(\.isFinite), values[0] < values[1] else {
      throw error(
        "/@input_bounds", "is \(attribute.valueDescription); it needs two finite numbers, the smaller one first")
    }
    return values[0]...values[1]
  }
}
