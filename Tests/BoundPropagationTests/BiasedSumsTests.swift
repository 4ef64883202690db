import RobustnessCore
import TestSupport
import Testing

@testable import BoundPropagation
@testable import NeuralNetworks

/// Sums whose every rounding goes up, and of which nearly nothing is left in the end: 1, then many numbers a little
/// larger than half a unit in the last place, then −1. Each place where bounds are summed has to take off its own.
@Suite(.inTurn) struct `Sums that round upwards` {
  static let little = 0x1p-53 * (1 + 0x1p-20)
  /// For sums from the first to the last.
  static let serial = [1] + [Double](repeating: little, count: 62) + [-1]
  /// For sums in eight lanes.
  static let lanes: [Double] = {
    var numbers = [Double](repeating: 0, count: 512)
    for step in 0..<62 { numbers[8 * step] = little }
    numbers[0] = 1
    numbers[4] = -1
    return numbers
  }()

  /// A function that gives numbers of its own, whatever its arguments are.
  struct Constants: Relaxation {
    let numbers: [Double]
    var inputCount: Int { numbers.count }
    var outputCount: Int { numbers.count }
    func enclose(
      _ lower: UnsafePointer<Double>, _ upper: UnsafePointer<Double>, _ low: UnsafeMutablePointer<Double>,
      _ high: UnsafeMutablePointer<Double>
    ) {
      for (index, number) in numbers.enumerated() { (low[index], high[index]) = (number, number) }
    }
    func relax(
      _ lower: UnsafePointer<Double>, _ upper: UnsafePointer<Double>, near: UnsafePointer<Double>?,
      into lines: inout RelaxationLines
    ) {
      lines.lowerIntercept = numbers
      lines.upperIntercept = numbers
    }
  }

  static func step(_ source: Int, _ matrix: [[Double]], _ offset: [Double] = []) -> BoundedNetwork.Step {
    .init(
      name: "step", outputCount: matrix.count,
      operation: .affine(AffineStep([.init(source: source, map: Matrix(rowsOfMatrix: matrix))], offset: offset)))
  }

  static func function(_ source: Int, _ relaxation: any Relaxation) -> BoundedNetwork.Step {
    .init(name: "function", outputCount: relaxation.outputCount, operation: .relaxed(source: source, relaxation))
  }

  static func column(_ count: Int) -> [[Double]] { [[Double]](repeating: [1], count: count) }

  /// Σ of the numbers times x, exactly, against the lower bound and against −1 times the upper one.
  static func check(
    _ network: BoundedNetwork, _ x: [Double], _ numbers: [Double], times factor: Double = 1, norm: Norm = .linf
  ) throws {
    var exact = ExactSum()
    for number in numbers { exact.add(number, factor) }
    let region = try InputRegion(
      Examples(inputs: Tensor(shape: [1, x.count], elements: x), labels: [0]),
      CertificateQuestion(threat: try ThreatModel(norm: norm, epsilon: 0, box: -2...2), radii: [0], draws: [0]))
    var pass = BoundPass(network, over: region, hidden: .linear)
    let minima = pass.minima(of: [1], examples: [0], at: pass.logits)
    #expect(exact.isAtLeast(minima.bounds[0]))
    #expect(exact.isAtLeast(pass.lower[pass.logits][0]))
    #expect(!exact.isAtLeast(minima.bounds[0] + minima.slack[0]), "the slack is not needed")
    let forms = pass.inputForms(of: [1], examples: [0], at: pass.logits)
    var rest = exact
    for (a, x) in zip(forms.coefficients, x) { rest.add(a, -x) }
    if x.count == 1 { #expect(rest.isAtLeast(forms.constants[0])) }
  }

  @Test(arguments: [Norm.linf, .l2]) func `over the input`(_ norm: Norm) throws {
    let network = BoundedNetwork(inputCount: 512, steps: [Self.step(0, [Self.lanes])])
    try Self.check(network, [Double](repeating: 1, count: 512), Self.lanes, norm: norm)
  }

  @Test func `over the rows of a product`() throws {
    let network = BoundedNetwork(
      inputCount: 1, steps: [Self.step(0, Self.column(64)), Self.step(1, [Self.serial])])
    try Self.check(network, [1], Self.serial)
  }

  @Test func `over offsets`() throws {
    let zeros = [[Double]](repeating: [0], count: 512)
    let network = BoundedNetwork(
      inputCount: 1,
      steps: [
        Self.step(0, zeros, Self.lanes), Self.step(1, [[Double](repeating: 1, count: 512)]),
      ])
    try Self.check(network, [0], Self.lanes)
  }

  @Test func `over intercepts`() throws {
    let network = BoundedNetwork(
      inputCount: 1,
      steps: [
        Self.step(0, Self.column(512)), Self.function(1, Constants(numbers: Self.lanes)),
        Self.step(2, [[Double](repeating: 1, count: 512)]),
      ])
    try Self.check(network, [0], Self.lanes)
  }

  @Test func `over branches that meet`() throws {
    // The last branch comes first on the way back.
    let branches = Self.serial.reversed().map { Self.step(0, [[$0]]) }
    let sum = AffineStep((1...64).map { .init(source: $0, map: IdentityMap(inputCount: 1)) })
    let network = BoundedNetwork(
      inputCount: 1, steps: branches + [.init(name: "sum", outputCount: 1, operation: .affine(sum))])
    try Self.check(network, [1], Self.serial)
  }

  @Test func `over windows that share their maximum`() throws {
    let windows = MaximumRelaxation([[Int]](repeating: [0, 1], count: 64), inputCount: 2)
    let network = BoundedNetwork(
      inputCount: 1,
      steps: [Self.step(0, [[1], [-1]]), Self.function(1, windows), Self.step(2, [Self.serial])])
    try Self.check(network, [1], Self.serial)
  }

  /// x times a number a little above 1.
  struct Stretch: Relaxation {
    static let factor = 1 + 0x1p-52
    var inputCount: Int { 1 }
    var outputCount: Int { 1 }
    func enclose(
      _ lower: UnsafePointer<Double>, _ upper: UnsafePointer<Double>, _ low: UnsafeMutablePointer<Double>,
      _ high: UnsafeMutablePointer<Double>
    ) {
      low[0] = (lower[0] * Self.factor).nextDown
      high[0] = (upper[0] * Self.factor).nextUp
    }
    func relax(
      _ lower: UnsafePointer<Double>, _ upper: UnsafePointer<Double>, near: UnsafePointer<Double>?,
      into lines: inout RelaxationLines
    ) {
      lines.lowerSlope[0] = Self.factor
      lines.upperSlope[0] = Self.factor
    }
  }

  /// 1.5 stretched again and again gains one and a half units in its last place each time, and two when rounded.
  @Test func `over functions one behind the other`() throws {
    let count = 60
    let network = BoundedNetwork(inputCount: 1, steps: (0..<count).map { Self.function($0, Stretch()) })
    let region = try InputRegion(
      Examples(inputs: Tensor(shape: [1, 1], elements: [1]), labels: [0]),
      CertificateQuestion(threat: try ThreatModel(epsilon: 0), radii: [0], draws: [0]))
    var pass = BoundPass(network, over: region, hidden: .linear)
    let minima = pass.minima(of: [1.5], examples: [0], at: count)
    // 1.5 (1 + 2⁻⁵²)⁶⁰, in units of 2⁻⁵² above 1.5.
    let exact = 1.5 * Double(count) * (1 + 1e-12)
    #expect((minima.bounds[0] - 1.5) * 0x1p52 <= exact)
    #expect((minima.bounds[0] + minima.slack[0] - 1.5) * 0x1p52 > exact, "the slack is not needed")
  }

  /// An offset that is known up to an error lies anywhere within it.
  @Test func `nor are offsets taken for exact`() throws {
    let (offset, error) = (0.75, 1e-9)
    let steps = [
      BoundedNetwork.Step(
        name: "offset", outputCount: 1,
        operation: .affine(
          AffineStep([.init(source: 0, map: IdentityMap(inputCount: 1))], offset: [offset], offsetError: [error]))),
      Self.step(1, [[-3]]),
    ]
    let region = try InputRegion(
      Examples(inputs: Tensor(shape: [1, 1], elements: [0.5]), labels: [0]),
      CertificateQuestion(threat: try ThreatModel(epsilon: 0), radii: [0], draws: [0]))
    var pass = BoundPass(BoundedNetwork(inputCount: 1, steps: steps), over: region, hidden: .linear)
    let minima = pass.minima(of: [1, -1], examples: [0, 0], at: 2)
    for (low, high) in [(pass.lower[2][0], pass.upper[2][0]), (minima.bounds[0], -minima.bounds[1])] {
      #expect(low <= -3 * (1.25 + error) && high >= -3 * (1.25 - error))
      #expect(high - low < 7e-9)
    }
  }
}
