import RobustnessCore

extension DrawGradients {
  /// The gradients of single draws at some inputs: one value for each input, with the chains of `draws` kept apart.
  ///
  /// - Parameters:
  ///   - ensemble: The draws.
  ///   - objective: For single draws `.expectedLoss` is the loss and `.margin` the largest other logit minus the
  ///     label's.
  ///   - draws: Chain by chain, as many of each chain.
  ///   - chainCount: Chains that `draws` come from; 1 for independent draws.
  static func collect(
    _ ensemble: some PosteriorEnsemble, _ examples: Examples, objective: Objective, draws: [Int], chainCount: Int
  ) throws -> [DrawGradients] {
    let size = examples.inputs.rowSize
    let count = examples.count
    var values = [[Double]](repeating: [], count: count)
    var exponents = [[Int]](repeating: [], count: count)
    for index in values.indices { values[index].reserveCapacity(size * draws.count) }
    for draw in draws {
      let gradient = try ensemble.lossAndGradient(examples, objective: objective, draws: .some([draw])).gradient
      for row in 0..<count {
        values[row] += gradient.values[row: row]
        exponents[row].append(gradient.exponents[row])
      }
    }
    return zip(values, exponents).map { values, exponents in
      DrawGradients(
        ScaledGradient(values: Tensor(shape: [draws.count, size], elements: values), exponents: exponents),
        chainCount: chainCount)
    }
  }

  /// Norms of the mean over the first draws of `order`, for growing numbers of them: L∞ and L2, as plain numbers.
  func normsOfMeans(_ counts: [Int], order: [Int]) -> [(linf: Double, l2: Double)] {
    let scale = Double(sign: .plus, exponent: max(-1074, min(1023, exponent)), significand: 1)
    return means(counts, order: order).map { mean in
      let linf = mean.reduce(0) { max($0, abs($1)) }
      let l2 = mean.reduce(0) { $0 + $1 * $1 }.squareRoot()
      return (linf * scale, l2 * scale)
    }
  }

  /// Means over the first draws of `order`, in the gradients' own scale.
  func means(_ counts: [Int], order: [Int]) -> [[Double]] {
    var sum = [Double](repeating: 0, count: dimension)
    var taken = 0
    return counts.map { count in
      while taken < count {
        for (i, value) in self[draw: order[taken]].enumerated() { sum[i] += value }
        taken += 1
      }
      return sum.map { $0 / Double(count) }
    }
  }
}

/// A ratio R with its 95 % interval from the jackknife's error.
struct SignalInterval: Sendable {
  let signal: MeanGradientSignal
  /// Lower end; NaN where there are fewer than three groups.
  let low: Double
  /// Upper end.
  let high: Double

  /// - Parameter groups: What the jackknife leaves out one at a time: chains, or draws that are independent.
  init(_ signal: MeanGradientSignal, groups: Int) {
    self.signal = signal
    let half = Self.studentQuantile(groups - 1) * signal.ratioError
    low = signal.ratio - half
    high = signal.ratio + half
  }

  /// The 97.5 % quantile of Student's t.
  static func studentQuantile(_ freedom: Int) -> Double {
    let table = [12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228]
    guard freedom >= 1 else { return .nan }
    if freedom <= table.count { return table[freedom - 1] }
    // Cornish and Fisher's expansion, right to the third decimal from eleven on.
    let z = 1.959963984540054
    let n = Double(freedom)
    return z + (z * z * z + z) / (4 * n) + (5 * z * z * z * z * z + 16 * z * z * z + 3 * z) / (96 * n * n)
  }
}
