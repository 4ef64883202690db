import RobustnessCore

extension BoundPass {
  /// Affine functions of the input below p_y − p_k of this draw, from minorants in the differences of its logits.
  ///
  /// The combination Σ g_j (z_j − z_y) goes back as one row, so that lines are chosen by the signs of the combination,
  /// not logit by logit.
  ///
  /// - Parameters:
  ///   - minorants: one for each row.
  ///   - examples: the example that each row is about.
  ///   - labels: the label of each row.
  ///   - near: values of the network near which lines should be close, a row for each row.
  public mutating func inputForms(
    below minorants: [SoftmaxMinorant], examples: [Int], labels: [Int], near: [[Double]]?
  ) -> InputForms {
    let classes = network.count(logits)
    var coefficients = LinearForms.room(minorants.count * classes)
    var constants = LinearForms.room(minorants.count)
    for (row, minorant) in minorants.enumerated() {
      let label = labels[row]
      var (sum, size) = (0.0, 0.0)
      for j in 0..<classes where j != label {
        let g = minorant.coefficients[j]
        coefficients[row * classes + j] = g
        sum += g
        size += abs(g)
      }
      coefficients[row * classes + label] = -sum
      // What the sum lost is multiplied by the label's logit.
      let (l, u) = interval(logits, example: examples[row])
      let reach = max(abs(l[l.startIndex + label]), abs(u[u.startIndex + label]))
      constants[row] = minorant.constant - Rounding.gamma(classes + 2) * size * reach
    }
    var forms = inputForms(of: coefficients, examples: examples, at: logits, near: near)
    for row in constants.indices {
      let (a, b) = (forms.constants[row], constants[row])
      forms.constants[row] = (a + b - 4 * Rounding.unit * (abs(a) + abs(b))).orNothingBelow
    }
    return forms
  }
}
