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

  @Test func `over functions one behind the other`() throws {
    // A slope with few bits, so that its powers are known, and many functions: 1 − 2⁻⁸ up to the fifteenth power.
    let count = 15
    let slope = 1 - 0x1p-8
    let rectifier = RectifierRelaxation(.leakyReLU(slope: slope), count: 1)!
    let first = Self.step(0, [[1]])
    let functions = (1...count).map { Self.function($0, rectifier) }
    var power = Int128(1)
    for _ in 0..<count { power *= 255 }
    // −1 + what the functions leave of 1: the first digits of the power cancel.
    let whole = Double(power) * 0x1p-120
    let network = BoundedNetwork(
      inputCount: 1,
      steps: [first] + functions + [
        .init(
          name: "sum", outputCount: 1,
          operation: .affine(
            AffineStep([
              .init(source: count + 1, map: Matrix(rowsOfMatrix: [[1]])),
              .init(source: 0, map: Matrix(rowsOfMatrix: [[-whole]])),
            ])))
      ])
    let region = try InputRegion(
      Examples(inputs: Tensor(shape: [1, 1], elements: [-1]), labels: [0]),
      CertificateQuestion(threat: try ThreatModel(epsilon: 0, box: -2...2), radii: [0], draws: [0]))
    var pass = BoundPass(network, over: region, hidden: .linear)
    let minima = pass.minima(of: [1, -1], examples: [0, 0], at: pass.logits)
    // whole − power · 2⁻¹²⁰, which is small enough to be known to many digits.
    let exact = Double(Int128(whole * 0x1p120) - power) * 0x1p-120
    #expect(minima.bounds[0] <= exact && -minima.bounds[1] >= exact)
    #expect(pass.lower[pass.logits][0] <= exact && pass.upper[pass.logits][0] >= exact)
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
