#if canImport(Darwin)
import Darwin
#elseif canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// The objectives in `Double`, from the logits of every draw: values, and the gradient with respect to each draw's
/// logits.
///
/// This is the plain statement of the mathematics, and what every ensemble gets by default; packed engines stream the
/// same formulas.
struct ObjectiveReference {
  /// Logits of each draw, each of shape (examples, classes).
  let logits: [Tensor]
  let labels: [Int]
  let objective: Objective

  private let logProbabilities: [Tensor]
  private let predictive: Tensor
  private let classCount: Int

  init(logits: [Tensor], labels: [Int], objective: Objective) {
    self.logits = logits
    self.labels = labels
    self.objective = objective
    logProbabilities = logits.map(Self.logSoftmaxRows)
    predictive = Self.logMeanExp(logProbabilities)
    classCount = predictive.shape[1]
  }

  static func logSoftmaxRows(_ logits: Tensor) -> Tensor {
    Tensor(shape: logits.shape, elements: (0..<logits.rowCount).flatMap { logSoftmax(logits[row: $0]) })
  }

  /// log of the mean over draws of exp, element by element.
  static func logMeanExp(_ draws: [Tensor]) -> Tensor {
    let shift = log(Double(draws.count))
    let elements = (0..<draws[0].elements.count).map { index in
      logSumExp(draws.map { $0.elements[index] }) - shift
    }
    return Tensor(shape: draws[0].shape, elements: elements)
  }

  var prediction: Prediction {
    var votes = Tensor(zeros: predictive.shape)
    for draw in logProbabilities {
      for row in 0..<draw.rowCount { votes[row, Prediction.firstMaximum(Array(draw[row: row]))] += 1 }
    }
    return Prediction(logProbabilities: predictive, votes: votes)
  }

  private func meanLogits(_ row: Int) -> [Double] {
    (0..<classCount).map { k in logits.reduce(0) { $0 + $1[row, k] } / Double(logits.count) }
  }

  private func meanProbabilities(_ row: Int) -> [Double] { predictive[row: row].map { exp($0) } }

  /// The largest class of the predictive other than the label: the rival in the margin.
  private func rival(_ row: Int) -> Int {
    var best = -1
    for k in 0..<classCount where k != labels[row] {
      if best < 0 || predictive[row, k] > predictive[row, best] { best = k }
    }
    return best
  }

  /// The classes of the largest and the third largest probability; of equal ones the smaller index comes first.
  private func topAndThird(_ row: Int) -> (Int, Int) {
    let order = (0..<classCount).sorted { (predictive[row, $0], -$0) > (predictive[row, $1], -$1) }
    return (order[0], order[2])
  }

  // MARK: - Values

  func logLoss(_ row: Int) -> Double {
    let y = labels[row]
    switch objective {
    case .expectedLoss:
      let terms = logits.map { logSoftplus(logOddsAgainst(y, logits: $0[row: row])) }
      return logSumExp(terms) - log(Double(logits.count))
    case .predictive:
      // −log p̄_y = softplus(log Σ_{s,k≠y} p_{s,k} − log Σ_s p_{s,y}); log S − LSE_s(−CE_s) would cancel to 0.
      var others = RunningLogSumExp()
      var own = RunningLogSumExp()
      for draw in logProbabilities {
        for k in 0..<classCount {
          if k == y { own.add(draw[row, k]) } else { others.add(draw[row, k]) }
        }
      }
      return logSoftplus(others.value - own.value)
    case .meanLogit:
      return logSoftplus(logOddsAgainst(y, logits: meanLogits(row)))
    case .margin:
      return predictive[row, rival(row)] - predictive[row, y]
    case .probabilityMargin:
      // p̄_k − p̄_y as p̄ of the larger times 1 − e^−distance: the difference of two probabilities near 1 cancels.
      let (k, own) = (predictive[row, rival(row)], predictive[row, y])
      return k >= own ? -exp(k) * expm1(own - k) : exp(own) * expm1(k - own)
    case .dlr:
      let (top, third) = topAndThird(row)
      let range = predictive[row, top] - predictive[row, third]
      let margin = predictive[row, rival(row)] - predictive[row, y]
      return range == 0 ? 0 : margin / range
    case .doubleSoftmax:
      let p = meanProbabilities(row)
      return log(logSumExp(p) - p[y])
    }
  }

  // MARK: - Gradients with respect to the logits of one draw

  /// Rows of mantissas of order 1, and the natural logarithm of the positive factor of each row.
  func logitGradient(ofDraw draw: Int) -> (values: Tensor, logFactors: [Double]) {
    var values = Tensor(zeros: predictive.shape)
    var factors: [Double] = []
    for row in labels.indices {
      let (gradient, factor) = logitGradient(ofDraw: draw, row: row)
      values[row: row] = gradient[...]
      factors.append(factor)
    }
    return (values, factors)
  }

  private func logitGradient(ofDraw draw: Int, row: Int) -> ([Double], Double) {
    let y = labels[row]
    let logDraws = log(Double(logits.count))
    switch objective {
    case .expectedLoss:
      let (g, factor) = Self.crossEntropyGradient(Array(logits[draw][row: row]), y)
      return (g, factor - logDraws)
    case .predictive:
      let (g, factor) = Self.crossEntropyGradient(Array(logits[draw][row: row]), y)
      return (g, factor + logProbabilities[draw][row, y] - predictive[row, y] - logDraws)
    case .meanLogit:
      let (g, factor) = Self.crossEntropyGradient(meanLogits(row), y)
      return (g, factor - logDraws)
    case .margin:
      return marginGradient(draw, row)
    case .probabilityMargin, .dlr:
      let (coefficients, factor) = coefficients(row)
      let (gradient, own) = combinationGradient(draw, row, coefficients)
      return (gradient, own + factor)
    case .doubleSoftmax:
      return doubleSoftmaxGradient(draw, row)
    }
  }

  /// softmax − onehot as (1 − p_y) · (softmax of the others; −1 at y): the entry of y never rounds to 0.
  static func crossEntropyGradient(_ z: [Double], _ y: Int) -> ([Double], Double) {
    let odds = logOddsAgainst(y, logits: z)
    let others = odds + z[y]
    let gradient = z.enumerated().map { k, value in k == y ? -1 : exp(value - others) }
    return (gradient, -softplus(-odds))
  }

  /// Σ_s r_s^k (e_k − p_s) − r_s^y (e_y − p_s), with r_s^c = p_s(c) / Σ p(c). Every entry is a sum of products of a
  /// weight and a probability or its complement, formed from logarithms: where draws disagree, all of them can lie far
  /// below the smallest double.
  private func marginGradient(_ draw: Int, _ row: Int) -> ([Double], Double) {
    let y = labels[row]
    let k = rival(row)
    let logDraws = log(Double(logits.count))
    let logP = Array(logProbabilities[draw][row: row])
    let z = Array(logits[draw][row: row])
    let weightY = logP[y] - predictive[row, y] - logDraws
    let weightK = logP[k] - predictive[row, k] - logDraws
    func logComplement(_ c: Int) -> Double { -softplus(-logOddsAgainst(c, logits: z)) }
    func logSum(_ a: Double, _ b: Double) -> Double { logSumExp([a, b]) }
    let larger = max(weightY, weightK)
    let logDifference = larger + log1p(-exp(-abs(weightY - weightK)))
    var logs = logP.map { logDifference + $0 }
    logs[y] = logSum(weightY + logComplement(y), weightK + logP[y])
    logs[k] = logSum(weightK + logComplement(k), weightY + logP[k])
    let factor = logs.max() ?? 0
    guard factor > -.infinity else { return ([Double](repeating: 0, count: logs.count), 0) }
    var gradient = logs.map { (weightY > weightK ? 1 : -1) * exp($0 - factor) }
    gradient[y] = -exp(logs[y] - factor)
    gradient[k] = exp(logs[k] - factor)
    return (gradient, factor)
  }

  /// What multiplies the gradient of each log p̄_c in that of the objective, and the natural logarithm of a factor common
  /// to all of them.
  private func coefficients(_ row: Int) -> ([Double], Double) {
    let y = labels[row]
    let k = rival(row)
    var result = [Double](repeating: 0, count: classCount)
    if objective == .probabilityMargin {
      let factor = max(predictive[row, k], predictive[row, y])
      result[k] = exp(predictive[row, k] - factor)
      result[y] = -exp(predictive[row, y] - factor)
      return (result, factor)
    }
    let (top, third) = topAndThird(row)
    let range = predictive[row, top] - predictive[row, third]
    let ratio = range == 0 ? 0 : (predictive[row, k] - predictive[row, y]) / range
    result[k] += 1
    result[y] -= 1
    result[top] -= ratio
    result[third] += ratio
    return (result, range == 0 ? 0 : -log(range))
  }

  /// Σ_c coefficient_c · r_s^c (e_c − p_s), with r_s^c = p_s(c) / Σ p(c): the gradient of Σ coefficient_c · log p̄_c.
  /// Every term is a product of a weight and a probability or its complement, formed from logarithms: where draws are
  /// certain, or disagree, all of them can lie far below the smallest double.
  private func combinationGradient(_ draw: Int, _ row: Int, _ coefficients: [Double]) -> ([Double], Double) {
    let logDraws = log(Double(logits.count))
    let logP = Array(logProbabilities[draw][row: row])
    let z = Array(logits[draw][row: row])
    let involved = coefficients.indices.filter { coefficients[$0] != 0 }
    let weights = involved.map { log(abs(coefficients[$0])) + logP[$0] - predictive[row, $0] - logDraws }
    let complements = involved.map { -softplus(-logOddsAgainst($0, logits: z)) }
    var factor = -Double.infinity
    for (position, c) in involved.enumerated() {
      for j in 0..<classCount { factor = max(factor, weights[position] + (j == c ? complements[position] : logP[j])) }
    }
    guard factor > -.infinity else { return ([Double](repeating: 0, count: classCount), 0) }
    var gradient = [Double](repeating: 0, count: classCount)
    for (position, c) in involved.enumerated() {
      let sign = coefficients[c] > 0 ? 1.0 : -1.0
      for j in 0..<classCount {
        let term = weights[position] + (j == c ? complements[position] : logP[j])
        gradient[j] += (j == c ? sign : -sign) * exp(term - factor)
      }
    }
    return (gradient, factor)
  }

  /// With q = 1 − p_y and w the softmax of the others: ∂z_k = q·w_k [p_y (a_k − a_y) + q Σ_j w_j (a_k − a_j)], ∂z_y =
  /// q·p_y Σ_j w_j (a_y − a_j), where a is the gradient of the outer cross-entropy with respect to the mean
  /// probabilities. Every term has a factor p_y or a w other than the largest one, which can be below the smallest
  /// double: they are taken relative to the largest of these.
  private func doubleSoftmaxGradient(_ draw: Int, _ row: Int) -> ([Double], Double) {
    let y = labels[row]
    let mean = meanProbabilities(row)
    let total = logSumExp(mean)
    let a = mean.enumerated().map { k, p in exp(p - total) - (k == y ? 1 : 0) }
    let z = Array(logits[draw][row: row])
    let odds = logOddsAgainst(y, logits: z)
    let others = odds + z[y]
    let rest = (0..<classCount).filter { $0 != y }
    let top = rest.max { z[$0] < z[$1] } ?? 0
    let logQ = -softplus(-odds)
    let logP = -softplus(odds)
    let largest = rest.filter { $0 != top }.map { z[$0] - others }.reduce(logP) { max($0, $1) }
    let q = exp(logQ)
    let w = z.map { exp($0 - others) }
    let relative = z.map { exp($0 - others - largest) }
    let p = exp(logP - largest)
    let gradient = (0..<classCount).map { k -> Double in
      if k == y { return p * rest.reduce(0) { $0 + w[$1] * (a[y] - a[$1]) } }
      // Exactly one factor of each product is relative to `largest`.
      let spread = rest.filter { $0 != k }.reduce(0) { $0 + (k == top ? relative[$1] : w[$1]) * (a[k] - a[$1]) }
      return (k == top ? w[k] : relative[k]) * ((k == top ? p : p * exp(largest)) * (a[k] - a[y]) + q * spread)
    }
    return (gradient, logQ + largest - log(Double(logits.count)))
  }
}
