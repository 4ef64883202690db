import HDF5

/// Labelled inputs to train and to test on, in anybody's HDF5 file.
///
/// `inputs` and `labels` lie at the root, and so do `test_inputs` and `test_labels` if there are any. Inputs are `<f4`,
/// `<f8` or `|u1` (each byte means its value divided by 255); labels are whole numbers from 0. The attribute
/// `input_bounds` of the root holds the smallest and the largest value that an input may have.
public struct TrainingArrays: Sendable, Hashable {
  /// Labelled inputs and their shape.
  public struct Part: Sendable, Hashable {
    /// Inputs, double precision rounded to single, and labels.
    public let data: StoredEvaluationData
    /// Shape of one input.
    public let inputShape: [Int]
  }

  /// What to train on.
  public let train: Part
  /// What to test on, if the file has it.
  public let test: Part?
  /// The attribute `input_bounds`, if the file has it.
  public let inputBounds: ClosedRange<Double>?

  /// Reads a file after checking everything that is used of it.
  ///
  /// - Parameters:
  ///   - path: The file.
  ///   - probe: The program that opens the file first, in a process of its own; nil for files that this program has
  ///     just written.
  /// - Throws: The first problem, with the place in the file and the reason.
  public static func read(_ path: String, probe: ProbeCommand?) throws(PosteriorFileError) -> TrainingArrays {
    let before = FileIdentity(path)
    let answer = try probe?.runOnTrainingArrays(path) ?? check(path)
    if let problem = answer.problems.first { throw problem }
    let inspection = try TrainingInspection(path)
    guard FileIdentity(path) == before else {
      throw PosteriorFileError(file: path, path: "/", reason: "changed while it was being checked", advice: "Try again")
    }
    return TrainingArrays(
      train: try inspection.train.readPart(), test: try inspection.test?.readPart(),
      inputBounds: inspection.inputBounds)
  }

  /// What the checking process does.
  static func check(_ path: String) -> ArraysAnswer {
    do throws(PosteriorFileError) {
      let inspection = try TrainingInspection(path)
      let parts = [inspection.train, inspection.test].compactMap(\.self)
      ProbeLimits.allow(parts.flatMap { [$0.inputs, $0.labels].compactMap(\.self) })
      try inspection.train.checkValues()
      try inspection.test?.checkValues()
      return ArraysAnswer(problems: [], content: ArraysContent(isPosteriorFile: false))
    } catch {
      return ArraysAnswer(problems: [error], content: nil)
    }
  }
}

/// Finds the arrays and the bounds, and checks everything but the values.
private struct TrainingInspection {
  let train: ArraysInspection
  let test: ArraysInspection?
  let inputBounds: ClosedRange<Double>?

  init(_ path: String) throws(PosteriorFileError) {
    train = try ArraysInspection(path, inputs: "/inputs", labels: "/labels")
    guard !train.isPosteriorFile else {
      throw train.error(
        "/", "is a posterior file, which holds nothing to train on",
        advice: "A data set has inputs and labels at the root of the file")
    }
    let names = try train.names(in: "/")
    if names.contains("test_inputs") || names.contains("test_labels") {
      let test = try ArraysInspection(path, inputs: "/test_inputs", labels: "/test_labels")
      let shapes = (train.inputs?.shape.map { Array($0.dropFirst()) }, test.inputs?.shape.map { Array($0.dropFirst()) })
      guard shapes.0 == shapes.1, train.inputs?.type == test.inputs?.type else {
        throw train.error("/test_inputs", "holds inputs of another shape or type than /inputs")
      }
      self.test = test
    } else {
      test = nil
    }
    inputBounds = try train.statedBounds()
    if let inputs = train.inputs, inputs.type == .number(.uint8), let inputBounds,
      let reason = StoredInputs.byteProblem(within: inputBounds)
    {
      throw train.error("/inputs", reason)
    }
  }
}

extension ArraysInspection {
  fileprivate func readPart() throws(PosteriorFileError) -> TrainingArrays.Part {
    guard let inputs, let labels, let shape = inputs.shape else { throw error("/", "could not be read to its end") }
    let data = try Self.translate(path) { () throws(HDF5Error) in
      let classes = try labels.readAll(as: Int64.self).map { Int($0) }
      switch inputs.type {
      case .number(.uint8):
        return StoredEvaluationData(inputs: .bytes(try inputs.readAll(as: UInt8.self)), labels: classes)
      case .number(.float32):
        return StoredEvaluationData(inputs: .floats(try inputs.readAll(as: Float.self)), labels: classes)
      default:
        // Converted here and not by the library, whose conversion turns too large a number into infinity without a
        // word.
        let values = try inputs.readAll(as: Double.self).map { Float($0) }
        return StoredEvaluationData(inputs: .floats(values), labels: classes)
      }
    }
    if case .floats(let values) = data.inputs, let index = values.firstIndex(where: { !$0.isFinite }) {
      throw error(inputs.path, "holds a number beyond single precision at position \(index)")
    }
    return TrainingArrays.Part(data: data, inputShape: Array(shape.dropFirst()))
  }
}
