import RobustnessCore

extension TrainingArrays {
  /// What a file of another kind than HDF5 has to train on.
  init(_ parts: (train: ForeignExamples, test: ForeignExamples?)) throws(PosteriorFileError) {
    let (train, test) = (parts.train, parts.test)
    if train.inputs.isBytes, let bounds = train.inputBounds, let reason = StoredNumbers.byteProblem(within: bounds) {
      throw train.error(train.inputsPlace, reason)
    }
    let isArrays = if case .arrays = train.places { true } else { false }
    let classes = LabelledClasses(
      file: train.path, labels: train.labelsPlace, testLabels: test?.labelsPlace ?? "test_labels",
      statement: isArrays ? "an array class_count" : nil)
    self.init(
      train: try train.inSinglePrecision(), test: try test?.inSinglePrecision(), inputBounds: train.inputBounds,
      classCount: try classes.count(stated: train.classCount, train: train.labels, test: test?.labels),
      statement: train.statement)
  }
}

extension ForeignExamples {
  /// The examples in single precision, but for bytes.
  fileprivate func inSinglePrecision() throws(PosteriorFileError) -> LabelledData {
    guard case .doubles(let values) = inputs else {
      return LabelledData(inputs: inputs, inputShape: inputShape, labels: labels)
    }
    let floats = values.map { Float($0) }
    if let position = floats.firstIndex(where: { !$0.isFinite }) {
      throw inputError(position, holding: plain(values[position]), "this is beyond single precision")
    }
    return LabelledData(inputs: .floats(floats), inputShape: inputShape, labels: labels)
  }
}
