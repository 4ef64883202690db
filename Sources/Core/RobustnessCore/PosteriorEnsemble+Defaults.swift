// MARK: - Default implementations

extension PosteriorEnsemble {
  /// No: a model that is not known to be a network of layers has none.
  public var hasWideDerivatives: Bool { false }

  /// Log-probabilities of every selected draw, in `Double` over members.
  public func memberLogProbabilities(_ inputs: Tensor, draws: DrawSelection) throws -> Tensor {
    let indices = draws.indices(of: drawCount)
    var elements: [Double] = []
    elements.reserveCapacity(indices.count * inputs.rowCount * classCount)
    for draw in indices {
      elements += ObjectiveReference.logSoftmaxRows(try member(draw).logits(inputs)).elements
    }
    return Tensor(shape: [indices.count, inputs.rowCount, classCount], elements: elements)
  }

  /// The posterior predictive and the votes, in `Double` over members.
  public func predict(_ inputs: Tensor, draws: DrawSelection) throws -> Prediction {
    let logits = try draws.indices(of: drawCount).map { try member($0).logits(inputs) }
    let labels = [Int](repeating: 0, count: inputs.rowCount)
    return ObjectiveReference(logits: logits, labels: labels, objective: .predictive).prediction
  }

  /// Value of an objective and the prediction, in `Double` over members.
  public func loss(_ examples: Examples, objective: Objective, draws: DrawSelection) throws -> Loss {
    try objective.check(classes: classCount)
    let logits = try draws.indices(of: drawCount).map { try member($0).logits(examples.inputs) }
    let reference = ObjectiveReference(logits: logits, labels: examples.labels, objective: objective)
    return Loss(logLosses: examples.labels.indices.map(reference.logLoss), prediction: reference.prediction)
  }

  /// Value and input gradient of an objective, in `Double` over members.
  public func lossAndGradient(_ examples: Examples, objective: Objective, draws: DrawSelection) throws
    -> LossAndGradient
  {
    try memberwise(examples, objective, draws, .exact)
  }

  /// Value and input gradient with other derivatives of the activations, in `Double` over members.
  public func lossAndGradient(
    _ examples: Examples, objective: Objective, draws: DrawSelection, derivative: ActivationDerivative
  ) throws -> LossAndGradient {
    if derivative == .exact { return try lossAndGradient(examples, objective: objective, draws: draws) }
    return try memberwise(examples, objective, draws, derivative)
  }

  private func memberwise(
    _ examples: Examples, _ objective: Objective, _ draws: DrawSelection, _ derivative: ActivationDerivative
  ) throws -> LossAndGradient {
    try objective.check(classes: classCount)
    let indices = draws.indices(of: drawCount)
    let logits = try indices.map { try member($0).logits(examples.inputs) }
    let reference = ObjectiveReference(logits: logits, labels: examples.labels, objective: objective)
    var gradient = ScaledGradient(Tensor(zeros: examples.inputs.shape))
    for (position, draw) in indices.enumerated() {
      let (values, logFactors) = reference.logitGradient(ofDraw: position)
      gradient.accumulate(
        try member(draw).inputGradient(examples.inputs, logitGradient: values, derivative: derivative),
        logWeights: logFactors)
    }
    return LossAndGradient(
      logLosses: examples.labels.indices.map(reference.logLoss), gradient: gradient, prediction: reference.prediction)
  }
}
