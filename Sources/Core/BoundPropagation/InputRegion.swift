public import RobustnessCore

/// Ball ∩ box around each of some inputs, rounded outwards: where a network's input is known to lie.
public struct InputRegion: Sendable {
  /// Numbers of an input.
  public let count: Int
  /// Number of examples.
  public let rows: Int
  /// The norm of the ball.
  public let norm: Norm
  /// Radius of each example's ball, rounded up.
  public let radii: [Double]
  /// The inputs themselves, row by row.
  let centres: [Double]
  /// Lower end of each number's interval, row by row.
  public let lower: [Double]
  /// The other ends.
  public let upper: [Double]
  /// Middle and half-width of the interval; the half-width is rounded up, so that middle ± half-width contains it.
  let middle: [Double]
  let halfWidth: [Double]
  /// The largest magnitudes of each number.
  let reach: [Double]
  /// In L2, how far each number may move from the input downwards, at most 0, and upwards, rounded outwards.
  let moves: (down: [Double], up: [Double])
  /// For each row at most one half-space that the inputs are known to lie in as well.
  var cuts: [HalfSpace?]

  /// The same rows as given.
  init(
    count: Int, norm: Norm, radii: [Double], centres: [Double], lower: [Double], upper: [Double], middle: [Double],
    halfWidth: [Double]
  ) {
    (self.count, self.norm, self.radii, self.centres) = (count, norm, radii, centres)
    (self.lower, self.upper, self.middle, self.halfWidth) = (lower, upper, middle, halfWidth)
    rows = radii.count
    cuts = [HalfSpace?](repeating: nil, count: rows)
    reach = zip(lower, upper).map { max(abs($0), abs($1)) }
    moves = Self.moves(norm, centres, lower, upper)
  }

  private static func moves(
    _ norm: Norm, _ centres: [Double], _ lower: [Double], _ upper: [Double]
  ) -> (down: [Double], up: [Double]) {
    guard norm == .l2 else { return ([], []) }
    return (
      zip(lower, centres).map { $0 < $1 ? ($0 - $1).nextDown : 0 },
      zip(upper, centres).map { $0 > $1 ? ($0 - $1).nextUp : 0 }
    )
  }

  /// Boxes with given ends, row by row.
  public init(lower: [Double], upper: [Double], count: Int) {
    let middle = zip(lower, upper).map { $0 / 2 + $1 / 2 }
    let halfWidth = middle.indices.map { index in
      lower[index] == upper[index] ? 0 : max(upper[index] - middle[index], middle[index] - lower[index]).nextUp
    }
    self.init(
      count: count, norm: .linf, radii: [Double](repeating: 0, count: lower.count / count), centres: middle,
      lower: lower, upper: upper, middle: middle, halfWidth: halfWidth)
  }

  /// The region of a question.
  ///
  /// - Throws: `CoreError` when the question does not fit the examples.
  public init(_ examples: Examples, _ question: CertificateQuestion) throws {
    let threat = question.threat
    let (rows, count) = (examples.count, examples.inputs.rowSize)
    guard question.radii.count == rows, question.radii.allSatisfy({ $0 >= 0 && $0.isFinite }) else {
      throw CoreError("a certificate needs a radius for each of the \(rows) examples, finite and not negative")
    }
    guard examples.inputs.elements.allSatisfy(\.isFinite) else {
      throw CoreError("a certificate needs inputs that are finite numbers")
    }
    for given in [threat.boxPerFeature?.count, threat.mask?.count, threat.epsilonPerFeature?.count] {
      guard given == nil || given == count else {
        throw CoreError("the threat model is for inputs of \(given ?? 0) numbers, these have \(count)")
      }
    }
    guard threat.epsilon > 0 || (threat.epsilonPerFeature ?? []).allSatisfy({ $0 == 0 }) else {
      throw CoreError("radii of features are multiples of an epsilon, which must not be 0 then")
    }
    self.rows = rows
    self.count = count
    norm = threat.norm
    radii = question.radii.map { $0 > 0 ? $0.nextUp : 0 }
    centres = examples.inputs.elements
    var (lower, upper) = (centres, centres)
    var (middle, halfWidth) = (centres, [Double](repeating: 0, count: centres.count))
    for row in 0..<rows {
      let radius = question.radii[row]
      guard radius > 0 else { continue }
      for feature in 0..<count where threat.mask?[feature] ?? true {
        let place = row * count + feature
        let x = centres[place]
        var reach = radius
        if let radii = threat.epsilonPerFeature {
          reach = threat.epsilon > 0 ? radii[feature] * (radius / threat.epsilon) * (1 + 4 * Rounding.unit) : 0
          if reach == 0 { continue }
        }
        let box = threat.boxPerFeature?[feature] ?? threat.box
        // The input itself belongs to the region even where it lies outside the box by a rounding.
        lower[place] = min(x, max((x - reach).nextDown, box.lowerBound))
        upper[place] = max(x, min((x + reach).nextUp, box.upperBound))
        let centre = lower[place] / 2 + upper[place] / 2
        middle[place] = centre
        halfWidth[place] = max(upper[place] - centre, centre - lower[place]).nextUp
      }
    }
    (self.lower, self.upper, self.middle, self.halfWidth) = (lower, upper, middle, halfWidth)
    cuts = [HalfSpace?](repeating: nil, count: rows)
    reach = zip(lower, upper).map { max(abs($0), abs($1)) }
    moves = Self.moves(norm, centres, lower, upper)
  }
}
