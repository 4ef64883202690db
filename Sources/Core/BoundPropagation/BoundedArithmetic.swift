public import RobustnessCore

/// Which evaluation of a network bounds hold for.
public enum BoundedArithmetic: String, Sendable, Codable, CaseIterable {
  /// Real numbers.
  case real
  /// Real numbers, and the layers in single precision: every sum of products in any order, with or without fused
  /// operations, each layer's result rounded to single precision, subnormal numbers flushed or not; for inputs that are
  /// single-precision numbers. What becomes of the logits is computed in double precision.
  case float32

  /// Whether bounds for a network can be made.
  ///
  /// - Throws: ``BoundsUnavailable`` with the first function of which nobody says how it rounds in single precision.
  public func check(_ network: BoundedNetwork) throws {
    guard self == .float32 else { return }
    for step in network.steps {
      if case .relaxed(_, let relaxation) = step.operation, relaxation.singleRoundings == nil {
        throw BoundsUnavailable(layer: "\(step.name) in single precision")
      }
    }
  }
}

/// What single precision can do, a priori (Higham 2002, §3.1): each result of a layer, computed from arguments within
/// their enclosures, is within this of the real layer's result at the same arguments.
enum SinglePrecision {
  /// 2⁻²⁴.
  static let unit = 0x1p-24
  /// More than n subnormal numbers, of weights, arguments or products, can lose, for every one of them: they may count
  /// as zero.
  static let underflow = 0x1p-124
  /// Beyond this a result may overflow.
  static let largest = 0x1p126

  /// γₙ for single precision.
  static func gamma(_ n: Int) -> Double {
    let product = Double(n) * unit
    return product < 0.5 ? product / (1 - product) * (1 + 0x1p-50) : .infinity
  }
}

extension BoundPass {
  /// What single precision can change in each number of an affine step, for each example.
  func singleErrors(of affine: AffineStep, _ value: Int) -> [Double] {
    let rows = region.rows
    let count = network.count(value)
    var sum = LinearForms.room(rows * count)
    var size = LinearForms.room(rows * count)
    var product = LinearForms.room(rows * count)
    var longest = 0
    for term in affine.terms {
      let own = network.count(term.source)
      var reach = LinearForms.room(rows * own)
      var flushed = 0.0
      for index in reach.indices {
        let r = Rounding.reach(lower[term.source][index], upper[term.source][index])
        flushed = max(flushed, r)
        // A subnormal argument counts as zero: it is multiplied by a weight.
        reach[index] = r + 0x1p-99
      }
      term.map.applyMagnitudes(reach, rows: rows, to: &product)
      longest = max(longest, term.map.longestRow)
      let gamma = SinglePrecision.gamma(term.map.longestRow + term.map.elementRoundings + affine.terms.count + 8)
      // And a subnormal weight: it is multiplied by an argument.
      let lost = Double(term.map.longestRow + 2) * SinglePrecision.underflow * (1 + flushed)
      for index in sum.indices {
        sum[index] += gamma * product[index] + lost
        size[index] += product[index]
      }
    }
    let gamma = SinglePrecision.gamma(longest + affine.terms.count + 8)
    for row in 0..<rows {
      for j in 0..<count {
        let index = row * count + j
        let b = affine.offset.isEmpty ? 0 : abs(affine.offset[j])
        // The same roundings as in double precision, each 2²⁹ times as large.
        let made = affine.offsetError.isEmpty ? 0 : affine.offsetError[j] * 0x1p29
        let isSafe = size[index] + b + made < SinglePrecision.largest
        sum[index] = isSafe ? (sum[index] + gamma * b + made) * (1 + 0x1p-20) + SinglePrecision.underflow : .infinity
      }
    }
    return sum
  }
}
