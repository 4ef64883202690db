extension ReferenceHypotheses {
  /// Inputs of fewer digits or with channels in another order, and constants of channels confused with each other.
  var inputMistakes: [ReferenceHypothesis] {
    var result = byteInputs
    let shape = architecture.inputShape
    if shape.count == 3, shape[0] == 3 {
      let pixels = shape[1] * shape[2]
      var other = pass
      other.steps.insert(
        .permuted((0..<3 * pixels).map { (2 - $0 / pixels) * pixels + $0 % pixels }), at: 0)
      result.append(
        ReferenceHypothesis(
          cause: "inputs have their channels in the opposite order (BGR for RGB)",
          advice: "Store the images as the author's program takes them: numpy's [:, ::-1] turns the channels.",
          pass: other))
    }
    guard case .scale(let mean, let scale)? = pass.steps.first else { return result }
    let rest = Array(pass.steps.dropFirst())
    func add(_ cause: String, _ mean: [Double], _ scale: [Double]) {
      let step = ReferencePass.Step.scale(mean: mean, scale: scale)
      guard step != pass.steps[0], scale.allSatisfy({ $0 > 0 && $0.isFinite }) else { return }
      var other = pass
      other.steps = [step] + rest
      result.append(
        ReferenceHypothesis(
          cause: cause, advice: Self.normalizeAdvice(mean, scale, shape[0]), pass: other, isFine: true))
    }
    if mean.count > 1 {
      add("the constants of the normalisation are in the opposite order of channels", mean.reversed(), scale.reversed())
    }
    add(
      "the square roots of the scales normalise: those of the file are variances", mean, scale.map { $0.squareRoot() })
    add("the squares of the scales normalise: the author's program divides by variances", mean, scale.map { $0 * $0 })
    add("the scales multiply", mean, scale.map { 1 / $0 })
    add("the mean of the normalisation is added", mean.map { -$0 }, scale)
    return result
  }

  /// Grey levels where the reference has more digits.
  private var byteInputs: [ReferenceHypothesis] {
    [false, true].map { truncates in
      var other = pass
      other.steps.insert(.bytes(truncates: truncates), at: 0)
      return ReferenceHypothesis(
        cause: "inputs are \(truncates ? "cut" : "rounded") to bytes",
        advice: "Store /reference/inputs as the author's program had them, after the rounding.", pass: other,
        isFine: true)
    }
  }
}
