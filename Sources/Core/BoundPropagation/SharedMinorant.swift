import CTensorLoops

/// An affine function of the input, c + A·x, below a sum of functions throughout a region: one term is added for each,
/// so that slopes that point in different directions cancel.
public struct SharedMinorant: Sendable {
  /// A.
  public private(set) var coefficients: [Double]
  /// c, before rounding is subtracted.
  public private(set) var constant = 0.0
  /// Magnitudes that were added up, at the point of the region where they are largest.
  private(set) var size = 0.0
  private var terms = 0
  /// What has been subtracted for rounding.
  private(set) var slack = 0.0

  /// Zero.
  public init(count: Int) { coefficients = LinearForms.room(count) }

  /// A minorant by itself.
  private init(coefficients: [Double], constant: Double, size: Double, slack: Double) {
    (self.coefficients, self.constant, self.size, self.slack) = (coefficients, constant, size, slack)
  }

  /// Adds a number.
  public mutating func add(_ number: Double) {
    constant += number
    size += abs(number)
    terms += 1
  }

  /// Adds a form of an example of a region.
  public mutating func add(_ forms: InputForms, row: Int, over region: InputRegion, example: Int) {
    let count = coefficients.count
    add(forms.constants[row])
    slack += forms.slack[row]
    forms.coefficients.withUnsafeBufferPointer { a in
      let a = a.baseAddress! + row * count
      region.reach.withUnsafeBufferPointer {
        size += ctl_magnitude_dot(a, $0.baseAddress! + example * count, count)
      }
      coefficients.withUnsafeMutableBufferPointer { sum in for index in 0..<count { sum[index] += a[index] } }
    }
  }

  /// The constant with its rounding subtracted: a lower bound where no form was added.
  public var lowerBound: Double { finished().constant }

  /// What is below the sum in real arithmetic.
  ///
  /// Each coefficient is a sum of `terms` numbers in order, which is wrong by at most γ times their magnitudes; so is the
  /// constant.
  func finished() -> SharedMinorant {
    let lost = Rounding.gamma(terms + coefficients.count + 8) * size
    return SharedMinorant(
      coefficients: coefficients, constant: (constant - lost).nextDown.orNothingBelow, size: size + lost,
      slack: slack + lost)
  }
}

extension InputForms {
  /// The value of a form at a point, up to rounding.
  public func value(row: Int, at point: UnsafePointer<Double>) -> Double {
    let count = coefficients.count / constants.count
    return coefficients.withUnsafeBufferPointer { a in
      var lanes = SIMD8<Double>()
      let a = a.baseAddress! + row * count
      var index = 0
      while index + 8 <= count {
        for lane in 0..<8 { lanes[lane] += a[index + lane] * point[index + lane] }
        index += 8
      }
      var sum = lanes.sum()
      while index < count {
        sum += a[index] * point[index]
        index += 1
      }
      return sum + constants[row]
    }
  }
}
