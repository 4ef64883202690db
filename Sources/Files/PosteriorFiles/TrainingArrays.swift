import HDF5
public import RobustnessCore

/// Labelled inputs to train and to test on, in anybody's file: of NumPy, a table, images (`ForeignExamples`), or HDF5.
///
/// In HDF5, `inputs` and `labels` lie at the root, and so do `test_inputs` and `test_labels` if there are any; or they
/// have other names that are in use: `x_train`, `y_train`, `x_test`, `y_test`, `X`, `y`. Inputs are `<f4`, `<f8` or `|u1` (each byte means its value divided by 255); labels are whole numbers from 0. The attribute
/// `input_bounds` of the root holds the smallest and the largest value that an input may have, `class_count` the number
/// of classes.
public struct TrainingArrays: Sendable, Hashable {
  /// What to train on, double precision rounded to single.
  public let train: LabelledData
  /// What to test on, if the file has it.
  public let test: LabelledData?
  /// The attribute `input_bounds`, if the file has it.
  public let inputBounds: ClosedRange<Double>?
  /// Number of classes: the attribute `class_count`, or as many as the labels to train on have, from 0 without a gap.
  public let classCount: Int
  /// What was chosen among other possibilities, and what was converted; nil where nothing was.
  package let statement: String?

  /// The largest number of classes that labels in a file may ask for.
  static let classLimit = 1 << 16

  /// Reads a file after checking everything that is used of it.
  ///
  /// - Parameters:
  ///   - path: The file.
  ///   - probe: The program that opens the file first, in a process of its own; nil for files that this program has
  ///     just written.
  /// - Throws: The first problem, with the place in the file and the reason.
  public static func read(_ path: String, probe: ProbeCommand?) throws(PosteriorFileError) -> TrainingArrays {
    if let kind = ForeignKind(path) {
      return try TrainingArrays(ForeignExamples.toTrainOn(path, kind, probe: probe))
    }
    let before = FileIdentity(path)
    let answer = try probe?.runOnTrainingArrays(path) ?? check(path)
    if let problem = answer.problems.first { throw problem }
    let inspection = try TrainingInspection(path)
    guard FileIdentity(path) == before else {
      throw PosteriorFileError(file: path, path: "/", reason: "changed while it was being checked", advice: "Try again")
    }
    let (train, test) = (try inspection.train.readPart(), try inspection.test?.readPart())
    return TrainingArrays(
      train: train, test: test, inputBounds: inspection.inputBounds,
      classCount: try inspection.classCount(train: train.labels, test: test?.labels), statement: nil)
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
    let found = try ArraysInspection.toTrainOn(path)
    train = found.train
    guard !train.isPosteriorFile else {
      throw train.error(
        "/", "is a posterior file, which holds nothing to train on",
        advice: "A data set has inputs and labels at the root of the file")
    }
    if let testNames = found.test {
      let test = try ArraysInspection(path, inputs: "/" + testNames.inputs, labels: "/" + testNames.labels)
      let shapes = (train.inputs?.shape.map { Array($0.dropFirst()) }, test.inputs?.shape.map { Array($0.dropFirst()) })
      guard shapes.0 == shapes.1, train.inputs?.type == test.inputs?.type else {
        throw train.error(
          "/" + testNames.inputs, "holds inputs of another shape or type than \(train.inputs?.path ?? "/inputs")")
      }
      self.test = test
    } else {
      test = nil
    }
    inputBounds = try train.statedBounds()
    if let inputs = train.inputs, inputs.type == .number(.uint8), let inputBounds,
      let reason = StoredNumbers.byteProblem(within: inputBounds)
    {
      throw train.error(inputs.path, reason)
    }
  }
}

extension TrainingInspection {
  func classCount(train labels: [Int], test: [Int]?) throws(PosteriorFileError) -> Int {
    let classes = LabelledClasses(
      file: train.path, labels: train.labels?.path ?? "/labels", testLabels: self.test?.labels?.path ?? "/test_labels",
      statement: "the attribute class_count of the root")
    return try classes.count(stated: try statedClassCount(), train: labels, test: test)
  }

  private func statedClassCount() throws(PosteriorFileError) -> Int? {
    let attribute = try ArraysInspection.translate(train.path) { () throws(HDF5Error) in
      try train.file.attribute("class_count", of: "/")
    }
    guard let attribute else { return nil }
    guard let values = attribute.doubles, values.count == 1, let count = Int(exactly: values[0]), count >= 2,
      count <= TrainingArrays.classLimit
    else {
      throw train.error(
        "/@class_count",
        "is \(attribute.valueDescription); it needs one whole number from 2 to \(TrainingArrays.classLimit)")
    }
    return count
  }
}

extension ArraysInspection {
  /// The arrays in single precision, but for bytes.
  fileprivate func readPart() throws(PosteriorFileError) -> LabelledData {
    guard let inputs else { throw error("/", "could not be read to its end") }
    var data = try read()
    if case .doubles(let values) = data.inputs {
      // Converted here and not by the library, whose conversion turns too large a number into infinity without a word.
      data = LabelledData(
        inputs: .floats(values.map { Float($0) }), inputShape: data.inputShape, labels: data.labels)
    }
    if case .floats(let values) = data.inputs, let index = values.firstIndex(where: { !$0.isFinite }) {
      throw error(inputs.path, "holds a number beyond single precision \(ElementPlace.words(index, in: inputs.shape))")
    }
    return data
  }
}
