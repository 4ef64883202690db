import ArrayFiles
import RobustnessCore

/// Inputs and labels in a `.npz` file, under the names that arrays in HDF5 files have.
///
/// `input_bounds` (two numbers) and `class_count` (one) may be there as arrays, as they may be as attributes elsewhere.
struct NumPyExamples {
  private let path: String
  private let archive: NumPyArchive

  init(_ path: String) throws(PosteriorFileError) {
    self.path = path
    archive = try readingBytes { () throws(ArrayFileError) in try NumPyArchive(path) }
  }

  func toTestOn() throws(PosteriorFileError) -> ForeignExamples {
    let pair = ArrayNames.examples(among: archive.names) ?? (inputs: "inputs", labels: "labels")
    let others = archive.names.filter { $0 != pair.inputs && $0 != pair.labels && ArrayNames.isKnown($0) }
    let isChosen = pair != ("inputs", "labels") || !others.isEmpty
    let note = "\(pair.inputs) and \(pair.labels)" + (others.isEmpty ? "" : ", not " + others.joined(separator: ", "))
    return try read(pair, notes: isChosen ? [note] : [])
  }

  func toTrainOn() throws(PosteriorFileError) -> (train: ForeignExamples, test: ForeignExamples?) {
    let found = ArrayNames.training(among: archive.names)
    let train = try read(found?.train ?? (inputs: "inputs", labels: "labels"))
    guard let pair = found?.test else { return (train, nil) }
    return (train, try read(pair))
  }

  private func read(_ pair: ArrayNames.Pair, notes: [String] = []) throws(PosteriorFileError) -> ForeignExamples {
    let inputs = try array(pair.inputs)
    let labels = try array(pair.labels)
    guard inputs.shape.count >= 2, !inputs.shape.contains(0) else {
      throw error(inputs, "has shape \(Inspection.tuple(inputs.shape)); it needs (n, …), one input after the other")
    }
    let count = inputs.shape[0]
    guard labels.shape == [count] || labels.shape == [count, 1] else {
      let isOneHot = labels.shape.count == 2 && labels.shape[0] == count
      throw error(
        labels, "has shape \(Inspection.tuple(labels.shape)); it needs one label per input, (\(count))",
        advice: isOneHot ? "Where each row marks one class, in numpy: labels.argmax(1)" : nil)
    }
    guard labels.element.isWhole, labels.element != .bool else {
      throw error(
        labels, "holds \(labels.element.rawValue); it needs to hold whole numbers",
        advice: "In numpy: .astype(\"int64\")")
    }
    // What a network is given is in double precision.
    try checkMemory(values: inputs.count, bytesEach: 8, of: path)
    let numbers = try numbers(inputs)
    let classes = try readingBytes { () throws(ArrayFileError) in try labels.integers() }
    return try ForeignExamples(
      path: path, inputs: numbers, inputShape: Array(inputs.shape.dropFirst()),
      labels: classes.map { Int($0) }, places: .arrays(inputs: pair.inputs, labels: pair.labels),
      classCount: try statedClassCount(), inputBounds: try statedBounds(), notes: notes)
  }

  private func array(_ name: String) throws(PosteriorFileError) -> ForeignArray {
    guard archive.names.contains(name) else {
      throw PosteriorFileError(
        file: path, path: name,
        reason: "is missing; this file holds "
          + archive.names.prefix(20).joined(separator: ", "),
        advice: "In numpy: numpy.savez(\"data.npz\", inputs=inputs, labels=labels)")
    }
    return try readingBytes { () throws(ArrayFileError) in try archive.array(name) }
  }

  private func numbers(_ inputs: ForeignArray) throws(PosteriorFileError) -> StoredNumbers {
    try readingBytes { () throws(ArrayFileError) in
      switch inputs.element {
      case .uint8: return .bytes(try inputs.byteValues())
      case .float16, .bfloat16, .float32: return .floats(try inputs.floats())
      case .float64: return .doubles(try inputs.doubles())
      default:
        throw ArrayFileError(
          file: path, place: inputs.name,
          reason: "holds \(inputs.element.rawValue); it needs to hold float32, float64 or bytes (uint8)",
          advice: inputs.element == .bool
            ? "In numpy: .astype(\"float32\")"
            : "In numpy: .astype(\"float32\") where they are the numbers that the network takes, .astype(\"uint8\") "
              + "where they are levels from 0 to 255 of a network of 0 to 1")
      }
    }
  }

  private func statedBounds() throws(PosteriorFileError) -> ClosedRange<Double>? {
    guard archive.names.contains("input_bounds") else { return nil }
    let values = try smallNumbers("input_bounds")
    guard values.count == 2, values.allSatisfy(\.isFinite), values[0] < values[1] else {
      throw PosteriorFileError(
        file: path, path: "input_bounds", reason: "needs two finite numbers, the smaller one first")
    }
    return values[0]...values[1]
  }

  private func statedClassCount() throws(PosteriorFileError) -> Int? {
    guard archive.names.contains("class_count") else { return nil }
    let values = try smallNumbers("class_count")
    guard values.count == 1, let count = Int(exactly: values[0]), count >= 2, count <= TrainingArrays.classLimit else {
      throw PosteriorFileError(
        file: path, path: "class_count", reason: "needs one whole number from 2 to \(TrainingArrays.classLimit)")
    }
    return count
  }

  /// The values of an array that has one or two of them; none of a larger one.
  private func smallNumbers(_ name: String) throws(PosteriorFileError) -> [Double] {
    let array = try array(name)
    guard array.count <= 2 else { return [] }
    return try readingBytes { () throws(ArrayFileError) in try array.doubles() }
  }

  private func error(_ array: ForeignArray, _ reason: String, advice: String? = nil) -> PosteriorFileError {
    PosteriorFileError(file: path, path: array.name, reason: reason, advice: advice)
  }
}
