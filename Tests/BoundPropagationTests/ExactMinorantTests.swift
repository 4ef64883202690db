import Foundation
import RobustnessCore
import TestSupport
import Testing

@testable import BoundPropagation

/// What joint bounds add up, held to sums without rounding.
@Suite(.inTurn) struct `Minorants without rounding` {
  /// t and eᵗ as the sum of two doubles, to 2⁻¹⁰⁶ of it (mpmath 1.3, 300 bits): values close together and far apart.
  static let exponentials: [(t: Double, high: Double, low: Double)] = [
    (-0x1.4000000000000p5, 0x1.39792499b1a24p-58, 0x1.4aa50a41ade9fp-113),
    (-0x1.3ffffffffffe0p5, 0x1.39792499b1f0ap-58, 0x1.bce101eb7084cp-115),
    (-0x1.3fffffffe0000p5, 0x1.3979249e9786dp-58, 0x1.417719aca2e64p-112),
    (-0x1.3fc0000000000p5, 0x1.436c863314d01p-58, 0x1.0e56a60affc18p-112),
    (-0x1.a000000000000p1, 0x1.3da368521902dp-5, 0x1.517478690bcdep-60),
    (-0x1.9fffffffffe00p1, 0x1.3da3685219524p-5, -0x1.20c0a238d1a81p-59),
    (-0x1.9ffffffe00000p1, 0x1.3da368570f907p-5, 0x1.fa9d0bafa0a1ep-60),
    (-0x1.9c00000000000p1, 0x1.47b8a2b7edafdp-5, 0x1.0902aea5a9a1ep-59),
    (-0x1.8000000000000p-3, 0x1.a876812c0877cp-1, -0x1.fd36226fadd44p-56),
    (-0x1.7ffffffffe000p-3, 0x1.a876812c08e1ep-1, -0x1.968850ad0a3ccp-55),
    (-0x1.7fffffe000000p-3, 0x1.a8768132aa51cp-1, 0x1.85f29c3459338p-58),
    (-0x1.4000000000000p-3, 0x1.b5efd29f24c26p-1, 0x1.3d5fd7d70a5edp-56),
    (0, 0x1.0p0, 0),
    (0x1.0p-42, 0x1.0000000000400p0, 0x1.0000000000155p-85),
    (0x1.0p-30, 0x1.0000000400000p0, 0x1.0000000155555p-61),
    (0x1.0p-5, 0x1.08205601127edp0, -0x1.9c7d0bdf15160p-54),
    (0x1.c000000000000p-2, 0x1.8c802477b0010p0, -0x1.1ed925f893d67p-55),
    (0x1.c000000001000p-2, 0x1.8c802477b0642p0, -0x1.1a4a2ff2421dap-55),
    (0x1.c000001000000p-2, 0x1.8c80247de2019p0, -0x1.4a391b5941c30p-58),
    (0x1.e000000000000p-2, 0x1.99163ad4b1dccp0, 0x1.3718f70534e8ap-56),
    (0x1.6000000000000p1, 0x1.f49070bdbe8fdp3, 0x1.67751198a5b27p-52),
    (0x1.6000000000200p1, 0x1.f49070bdbf0cfp3, 0x1.bac664b939271p-51),
    (0x1.6000000200000p1, 0x1.f49070c590d19p3, 0x1.75623980a2775p-51),
    (0x1.6400000000000p1, 0x1.023a173e316b3p4, 0x1.a0e39d1deb727p-52),
    (0x1.e000000000000p4, 0x1.370470aec28edp43, -0x1.85e0eff0462d6p-11),
    (0x1.e000000000040p4, 0x1.370470aec2dc9p43, -0x1.3ed603c4eb85fp-11),
    (0x1.e000000040000p4, 0x1.370470b39ea09p43, -0x1.a960b089f9dd4p-12),
    (0x1.e080000000000p4, 0x1.40e3dd3f19d31p43, 0x1.168690b523163p-13),
  ]

  /// Adds a · b · c · 2⁰ with c = eᵗ in two parts.
  static func add(_ a: Double, _ b: Double, _ e: (high: Double, low: Double), to sum: inout ExactSum) {
    let product = a * b
    // The product without rounding is the sum of these two.
    let rest = (-product).addingProduct(a, b)
    for part in [product, rest] where part != 0 {
      sum.add(part, e.high)
      sum.add(part, e.low)
    }
  }

  @Test func `a chord of the exponential is above it`() throws {
    var touched = 0
    let all = Self.exponentials
    for (first, a) in all.enumerated() {
      for b in all[first...] {
        let chord = try #require(ExponentialChord(from: a.t, to: b.t))
        for point in all where point.t >= a.t && point.t <= b.t {
          var rest = ExactSum()
          rest.add(chord.slope, point.t)
          rest.add(chord.intercept, 1)
          rest.add(-1, point.high)
          rest.add(-1, point.low)
          #expect(rest.isAtLeast(0), "[\(a.t), \(b.t)] at \(point.t)")
          let value = chord.slope * point.t + chord.intercept
          if value <= point.high + 1e-13 * (chord.slope * abs(point.t) + abs(chord.intercept)) { touched += 1 }
        }
      }
    }
    #expect(touched > 500)
  }

  /// Σ g t + c ≤ (1 − e_k)/(1 + Σ e), both sides times the denominator.
  @Test func `a minorant of the softmax is below it`() throws {
    var numbers = Numbers(111)
    let all = Self.exponentials
    var close = 0
    for trial in 0..<600 {
      // Intervals between values that are close together, or any two.
      let ends = (0..<2).map { _ -> (Int, Int) in
        let first = numbers.whole(below: all.count)
        if trial % 3 == 0 { return (first, first) }
        if trial % 3 == 1 { return (first - first % 4, first - first % 4 + 2) }
        let other = numbers.whole(below: all.count)
        return (min(first, other), max(first, other))
      }
      let box = DifferenceBox(
        label: 1, lower: [all[ends[0].0].t, 0, all[ends[1].0].t], upper: [all[ends[0].1].t, 0, all[ends[1].1].t])
      guard let minorant = box.minorant(against: 2, near: [all[ends[0].0].t, 0, all[ends[1].1].t]) else { continue }
      for i in ends[0].0...ends[0].1 {
        for j in ends[1].0...ends[1].1 {
          var rest = ExactSum()
          rest.add(1, 1)
          rest.add(-1, all[j].high)
          rest.add(-1, all[j].low)
          for e in [(1.0, 0.0), (all[i].high, all[i].low), (all[j].high, all[j].low)] {
            Self.add(-minorant.coefficients[0], all[i].t, e, to: &rest)
            Self.add(-minorant.coefficients[2], all[j].t, e, to: &rest)
            Self.add(-minorant.constant, 1, e, to: &rest)
          }
          #expect(rest.isAtLeast(0), "\(box) at \(all[i].t), \(all[j].t)")
          // Just above it is not below.
          for e in [(1.0, 0.0), (all[i].high, all[i].low), (all[j].high, all[j].low)] {
            Self.add(-1, 1e-12, e, to: &rest)
          }
          if !rest.isAtLeast(0) { close += 1 }
        }
      }
    }
    #expect(close > 300)
  }

  @Test func `a narrowed box keeps points whose margin is exactly that`() throws {
    var narrower = 0
    let all = Self.exponentials.filter { abs($0.t) < 4 }
    for other in all {
      for rival in all {
        // The margin of (other, rival), rounded up: the point must stay.
        let margin = ((1 - rival.high) / (1 + rival.high + other.high)).nextUp.nextUp.nextUp
        let box = DifferenceBox(label: 0, lower: [0, other.t, -5], upper: [0, other.t, 5])
        let part = box.narrowed(against: 2, marginAtMost: margin)
        #expect(part.lower[2] <= rival.t)
        if part.lower[2] > rival.t - 1e-12 { narrower += 1 }
      }
    }
    #expect(narrower > 100)
  }

  // MARK: - Sums

  private static func region(_ x: [Double], _ epsilon: Double, _ norm: Norm = .linf) throws -> InputRegion {
    try InputRegion(
      Examples(inputs: Tensor(shape: [1, x.count], elements: x), labels: [0]),
      CertificateQuestion(
        threat: try ThreatModel(norm: norm, epsilon: epsilon, box: -4...4), radii: [epsilon], draws: [0]))
  }

  @Test(arguments: [true, false]) func `of draws do not round upwards`(_ isConstant: Bool) throws {
    let terms = `Sums that round upwards`.serial
    let region = try Self.region([1], 0)
    var shared = SharedMinorant(count: 1)
    var exact = ExactSum()
    for term in terms {
      exact.add(term, 1)
      if isConstant {
        shared.add(term)
      } else {
        shared.add(InputForms(coefficients: [term], constants: [0], slack: [0]), row: 0, over: region, example: 0)
      }
    }
    if isConstant { #expect(exact.isAtLeast(shared.lowerBound)) }
    var mixture = MinorantMixture(over: region, example: 0)
    mixture.append(shared)
    #expect(exact.isAtLeast(mixture.bound))
    #expect(!exact.isAtLeast(mixture.bound + 1e-12))
    guard !isConstant else { return }
    // The half-space contains the point as long as its value is no more than the limit.
    var wide = MinorantMixture(over: try Self.region([1], 1), example: 0)
    wide.append(shared)
    let limit = 0x1p-53 * 70
    let cut = try #require(wide.halfSpace(atMost: limit))
    var left = ExactSum()
    left.add(cut.coefficients[0], 1)
    left.add(cut.constant, 1)
    #expect(left.isAtMost(0))
  }

  /// At a point every mixture of minorants has a value between theirs, and weights that add up to 1.
  @Test func `of mixtures are not above the largest minorant`() throws {
    var numbers = Numbers(112)
    var lifted = 0
    for _ in 0..<200 {
      let x = numbers.uniforms(6, 0.5, 1)
      let region = try Self.region(x, 0)
      var mixture = MinorantMixture(over: region, example: 0)
      var values: [ExactSum] = []
      for _ in 0..<3 {
        var a = numbers.uniforms(6, -1, 1)
        a[5] = -(0..<5).reduce(0) { $0 + a[$1] * x[$1] } / x[5]
        let constant = numbers.uniform(-1e-16, 1e-16)
        var shared = SharedMinorant(count: 6)
        shared.add(InputForms(coefficients: a, constants: [constant], slack: [0]), row: 0, over: region, example: 0)
        mixture.append(shared)
        var value = ExactSum()
        for (a, x) in zip(a, x) { value.add(a, x) }
        value.add(constant, 1)
        values.append(value)
      }
      mixture.improve(rounds: 20)
      #expect(values.contains { $0.isAtLeast(mixture.bound) })
      if !values.contains(where: { $0.isAtLeast(mixture.bound + mixture.slack) }) { lifted += 1 }
    }
    #expect(lifted > 5)
  }

  /// Weights add up to 1: of minorants that are nearly the same constant no mixture is above the largest.
  @Test func `of constants are not above the largest`() throws {
    for values in [[1.0, 0.75], [0.25, 0.5, 1], [-1, -0.5, -0.75], [3, 1, 2, 0.5]] {
      var mixture = MinorantMixture(over: try Self.region([1], 0.5), example: 0)
      for (index, value) in values.enumerated() {
        var shared = SharedMinorant(count: 1)
        shared.add(
          InputForms(coefficients: [index % 2 == 0 ? 0x1p-10 : -0x1p-10], constants: [value], slack: [0]), row: 0,
          over: try Self.region([1], 0.5), example: 0)
        mixture.append(shared)
      }
      mixture.improve(rounds: 30)
      let largest = values.max()!
      #expect(mixture.bound <= largest + 0x1p-8 && mixture.bound >= largest - 0x1p-8)
    }
  }

  /// Wherever the largest minorant is the limit or less, the half-space of every mixture holds the point.
  @Test(arguments: [Norm.linf, .l2]) func `leave all points that matter in their half-space`(_ norm: Norm) throws {
    var numbers = Numbers(114)
    var (inside, outside) = (0, 0)
    for _ in 0..<60 {
      let x = numbers.uniforms(3, -1, 1)
      let region = try Self.region(x, 0.5, norm)
      var mixture = MinorantMixture(over: region, example: 0)
      var forms: [InputForms] = []
      for _ in 0..<3 {
        let a = numbers.uniforms(3, -1, 1)
        let constant = numbers.uniform(-0.1, 0.3) - zip(a, x).reduce(0) { $0 + $1.0 * $1.1 }
        forms.append(InputForms(coefficients: a, constants: [constant], slack: [0]))
        var shared = SharedMinorant(count: 3)
        shared.add(forms[forms.count - 1], row: 0, over: region, example: 0)
        mixture.append(shared)
        mixture.improve(rounds: 10)
      }
      let limit = numbers.uniform(-0.1, 0.1)
      guard let cut = mixture.halfSpace(atMost: limit) else { continue }
      func side(_ p: [Double]) -> Double { zip(cut.coefficients, p).reduce(cut.constant) { $0 + $1.0 * $1.1 } }
      for _ in 0..<300 {
        var p = region.nearest(to: x.map { $0 + numbers.uniform(-0.6, 0.6) }, example: 0)
        func largest() -> Double { forms.map { $0.value(row: 0, at: p) }.max()! }
        if largest() <= limit {
          #expect(side(p) <= 1e-12)
          inside += 1
        } else if side(p) > 0 {
          outside += 1
        }
        // On the boundary of the first: the half-space's own where it is alone.
        let excess = forms[0].value(row: 0, at: p) - limit
        p[0] -= excess / forms[0].coefficients[0]
        if largest() <= limit + 1e-13 { #expect(side(p) <= 1e-9) }
      }
    }
    #expect(inside > 500 && outside > 500)
  }

  /// a = −b/3 and a half-space through a point that is known without rounding: the minimum is not above it.
  @Test(arguments: [Norm.linf, .l2]) func `with a half-space keep the points on it`(_ norm: Norm) throws {
    var numbers = Numbers(113)
    var raised = 0
    for _ in 0..<300 {
      let n = 8
      var b = (0..<n).map { _ in (numbers.uniform(-1, 1) * 0x1p20).rounded() * 0x1p-20 }
      let x = (0..<n).map { _ in (numbers.uniform(0.5, 1) * 0x1p20).rounded() * 0x1p-20 }
      // Little is left of b·x.
      b[n - 1] = (-(0..<n - 1).reduce(0) { $0 + b[$1] * x[$1] } / x[n - 1] * 0x1p20).rounded() * 0x1p-20
      let shift = (0..<n).map { _ in (numbers.uniform(-1, 1) * 0x1p10).rounded() * 0x1p-40 }
      let point = zip(x, shift).map { $0 + $1 }
      // Products of 61 bits at most, whose sum is −c and has to be a double.
      var sum = Int128(0)
      for (b, p) in zip(b, point) { sum += Int128(b * 0x1p20) * Int128(p * 0x1p40) }
      let constant = -(Double(sum) * 0x1p-60).nextUp
      let a = b.map { -$0 / 3 }
      let region = try Self.region(x, 0x1p-20 * Double(n), norm)
      let cut = HalfSpace(coefficients: b, constant: constant, size: Double(2 * n))
      let part = region.rows([0], cuts: [cut])
      let (value, slack) = part.minimum(a, row: 0, example: 0, constant: 0)
      let plain = region.minimum(a, row: 0, example: 0, constant: 0)
      if value > plain.value + 1e-9 { raised += 1 }
      var exact = ExactSum()
      for (a, p) in zip(a, point) { exact.add(a, p) }
      #expect(exact.isAtLeast(value - slack * (1 + 1e-9)))
    }
    #expect(raised > 100)
  }

  /// The constant of a minorant and that of the network's offsets, of which the first is much larger.
  @Test func `of classes and their offsets do not either`() throws {
    var numbers = Numbers(115)
    var lifted = 0
    for _ in 0..<200 {
      let (offset, constant) = (numbers.uniform(-1e-9, 1e-9), numbers.uniform(-1, 1))
      let network = BoundedNetwork.linear([[1], [0]], [0, offset])
      var pass = BoundPass(network, over: try Self.region([0], 0), hidden: .linear)
      let forms = pass.inputForms(
        below: [SoftmaxMinorant(coefficients: [0, 1], constant: constant)], examples: [0], labels: [0], near: nil)
      var exact = ExactSum()
      exact.add(offset, 1)
      exact.add(constant, 1)
      #expect(exact.isAtLeast(forms.constants[0]))
      if !exact.isAtLeast(offset + constant) { lifted += 1 }
    }
    #expect(lifted > 20)
  }

  /// Boxes by their ends: middle and half-width hold both.
  @Test func `over boxes keep their ends`() {
    var numbers = Numbers(116)
    for _ in 0..<500 {
      let ends = (0..<2).map { _ in scalbn(numbers.uniform(-1, 1) / 3, -numbers.whole(below: 9)) }.sorted()
      let region = InputRegion(lower: [ends[0]], upper: [ends[1]], count: 1)
      var (low, high) = (ExactSum(), ExactSum())
      low.add(region.middle[0], 1)
      low.add(region.halfWidth[0], -1)
      high.add(region.middle[0], 1)
      high.add(region.halfWidth[0], 1)
      #expect(low.isAtMost(ends[0]) && high.isAtLeast(ends[1]))
    }
  }

  /// Σ g (z_j − z_label) with z_label = −x: all of g comes together in the label's coefficient.
  @Test func `of classes do not round upwards`() throws {
    let terms = `Sums that round upwards`.serial
    let classes = terms.count + 1
    let network = BoundedNetwork.linear(
      [[-1]] + terms.map { _ in [0] }, [Double](repeating: 0, count: classes))
    let region = try Self.region([1], 0)
    var pass = BoundPass(network, over: region, hidden: .linear)
    let minorant = SoftmaxMinorant(coefficients: [0] + terms, constant: 0)
    let forms = pass.inputForms(below: [minorant], examples: [0], labels: [0], near: nil)
    var exact = ExactSum()
    for term in terms { exact.add(term, 1) }
    exact.add(-forms.coefficients[0], 1)
    #expect(exact.isAtLeast(forms.constants[0]))
    #expect(!exact.isAtLeast(forms.constants[0] + 1e-12))
  }
}
