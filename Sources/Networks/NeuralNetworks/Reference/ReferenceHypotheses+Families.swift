import Foundation

extension ReferenceHypotheses {
  // MARK: - Slopes

  /// Another slope of the hidden layers' rectifiers, where there are any.
  var slopes: ReferenceFamily? {
    let rectifiers = pass.steps.indices.dropLast().filter { index in
      switch pass.activation(index) {
      case .relu?, .leakyReLU?: true
      default: false
      }
    }
    guard let first = rectifiers.first, let old = pass.activation(first)?.title else { return nil }
    return ReferenceFamily(starts: [[0], [0.1], [0.3], [1]]) { [pass] numbers in
      guard abs(numbers[0]) <= 2 else { return nil }
      let new = ReferenceActivation.leakyReLU(slope: numbers[0])
      var other = pass
      for index in rectifiers { other.setActivation(index, new) }
      return ReferenceHypothesis(
        cause: "\(new.title) takes the place of \(old)",
        advice: "leaky_relu of this format has the slope 0.01: a network with another one cannot be described yet.",
        pass: other)
    }
  }

  // MARK: - Normalisations

  /// Inputs times the first number plus the second, in place of what normalises them.
  var commonNormalization: ReferenceFamily? {
    var starts: [[Double]] = [[1, 0], [2, -1], [3.25, -0.42], [4, -0.5], [4, -2]]
    if case .scale(let mean, let scale)? = pass.steps.first, Set(mean).count == 1, Set(scale).count == 1 {
      starts.insert([1 / scale[0], -mean[0] / scale[0]], at: 0)
    }
    return ReferenceFamily(starts: starts) { numbers in normalizing([numbers[0]], [numbers[1]]) }
  }

  /// The same with two numbers for each channel; nil for one channel, and for more than there are ever constants for.
  var channelNormalization: ReferenceFamily? {
    let channels = architecture.inputShape[0]
    guard (2...16).contains(channels) else { return nil }
    var starts: [[Double]] = [(1.0, 0.0), (2, -1), (4, -2)].map { factor, shift in
      [Double](repeating: factor, count: channels) + [Double](repeating: shift, count: channels)
    }
    if case .scale(let mean, let scale)? = pass.steps.first {
      starts.insert(scale.map { 1 / $0 } + zip(mean, scale).map { -$0 / $1 }, at: 0)
    }
    return ReferenceFamily(starts: starts) { numbers in
      normalizing(Array(numbers.prefix(channels)), Array(numbers.suffix(channels)))
    }
  }

  private func normalizing(_ factors: [Double], _ shifts: [Double]) -> ReferenceHypothesis? {
    // Constants as people write them are what the fit is rounded to.
    func short(_ value: Double) -> Double { Double(String(format: "%.5g", value)) ?? value }
    guard factors.allSatisfy({ $0 > 1e-6 }) else { return nil }
    let mean = zip(factors, shifts).map { -$1 / $0 }
    let scale = factors.map { 1 / $0 }
    var other = pass
    if case .scale? = other.steps.first { other.steps.removeFirst() }
    let isThere = other.steps.count < pass.steps.count
    other.steps.insert(.scale(mean: mean, scale: scale), at: 0)
    return ReferenceHypothesis(
      cause: "\(isThere ? "the normalisation is another" : "inputs are normalised"), "
        + Self.words(mean.map(short), scale.map(short)),
      advice: Self.normalizeAdvice(mean.map(short), scale.map(short), architecture.inputShape[0]), pass: other)
  }

  // MARK: - Factors

  /// All parameters, all weights, or the weight of one layer, multiplied by a number.
  var weightFactors: [ReferenceFamily] {
    let weights = pass.steps.compactMap { step -> (name: String, range: Range<Int>)? in
      switch step {
      case .dense(let name, let units, let inputs, let offset, _): (name, offset..<offset + units * inputs)
      case .convolution(let name, let filters, let size, let shape, let offset, _):
        (name, offset..<offset + filters * shape[0] * size * size)
      default: nil
      }
    }
    func family(_ what: String, _ ranges: [Range<Int>]) -> ReferenceFamily {
      ReferenceFamily(starts: [[1]]) { [pass] numbers in
        let factor = numbers[0]
        return ReferenceHypothesis(
          cause: "\(what) multiplied by \(String(format: "%.6g", factor))",
          advice: "The file holds other numbers than those that answered: store these.", pass: pass,
          change: { weights in for range in ranges { for index in range { weights[index] *= factor } } })
      }
    }
    var result = [
      family("all weights and biases are", [0..<architecture.parameterCount]),
      family("all weights are", weights.map(\.range)),
    ]
    if (2...8).contains(weights.count) {
      result += weights.map { family("the weight of \($0.name) is", [$0.range]) }
    }
    return result
  }
}
