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
    if let position = classes.firstIndex(where: { $0 >= expected.classCount }) {
      throw error(
        labels.path,
        "holds \(classes[position]) at position \(position): labels lie outside the \(expected.classCount) classes, "
          + "0 to \(expected.classCount - 1)")
    }
    let allBounds = expected.boundsPerChannel ?? [expected.inputBounds]
    let rounded = allBounds.map(\.withRounding)
    // With one interval for all, channels do not matter.
    let channelSize = expected.inputShape.dropFirst().reduce(1, *)
    func channel(_ position: Int) -> Int { rounded.count == 1 ? 0 : position / channelSize % rounded.count }
    if let position = values.indices.first(where: { !rounded[channel($0)].contains(values[$0]) }) {
      let bounds = allBounds[channel(position)]
      // Grey levels from 0 to 255, where the network takes them from 0 to 1.
      let areBytes =
        allBounds.allSatisfy { $0 == 0...1 } && values.allSatisfy { (0...255).contains($0) && $0 == $0.rounded() }
      throw error(
        inputs.path,
        "holds \(plain(values[position])) \(ElementPlace.words(position, in: inputs.shape)): inputs lie outside the "
          + "bounds [\(plain(bounds.lowerBound)), \(plain(bounds.upperBound))] of the network"
          + (rounded.count == 1 ? "" : "'s channel \(channel(position))"),
        advice: areBytes
          ? "They look like bytes: divide by 255" : "Store the inputs in the scale that the network was trained with")
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
