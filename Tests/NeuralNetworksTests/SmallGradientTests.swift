import ComputeKernels
import Foundation
import RobustnessCore
import TestSupport
import Testing

@testable import NeuralNetworks

/// An activation with its derivative far from zero, as log₂ of its magnitude, by formulas that do not cancel.
private struct Tail: Sendable, CustomTestStringConvertible {
  let function: ElementwiseFunction
  let layer: String
  let log2Derivative: @Sendable (_ x: Double) -> Double

  var testDescription: String { layer }

  init(
    _ function: ElementwiseFunction, _ layer: String? = nil, _ log2Derivative: @escaping @Sendable (Double) -> Double
  ) {
    self.function = function
    self.layer = layer ?? #""type":"\#(function.word)""#
    self.log2Derivative = log2Derivative
  }

  private static let log2e = 1 / log(2.0)
  private static let selu = log2(1.0507009873554804934193349852946 * 1.6732632423543772848170429916717)

  /// On the left, where all of them vanish.
  static let left: [Tail] = [
    Tail(.tanh) { 2 + 2 * $0 * log2e },
    Tail(.sigmoid) { $0 * log2e },
    Tail(.elu(alpha: 1)) { $0 * log2e },
    Tail(.elu(alpha: 0.25), #""type":"elu","alpha":0.25"#) { $0 * log2e - 2 },
    Tail(.selu) { selu + $0 * log2e },
    // (1 + x)eˣ
    Tail(.silu) { log2(abs(1 + $0)) + $0 * log2e },
    // φ(x)(R(−x) + x) with Mills' ratio R(t) = 1/t − 1/t³ + 3/t⁵ − …
    Tail(.gelu) { x in
      let t = -x
      return log2(t - 1 / t + 1 / pow(t, 3) - 3 / pow(t, 5)) - 0.5 * x * x * log2e - 0.5 * log2(2 * Double.pi)
    },
    // e^{2u}(1 + 2x u′) with u = √(2/π)(x + 0.044715x³)
    Tail(.geluTanh) { x in
      let root = (2 / Double.pi).squareRoot()
      let (u, slope) = (root * (x + 0.044715 * x * x * x), root * (1 + 3 * 0.044715 * x * x))
      return 2 * u * log2e + log2(abs(1 + 2 * x * slope))
    },
    Tail(.softplus(beta: 1, threshold: 20)) { $0 * log2e },
    Tail(.softplus(beta: 0.5, threshold: 3), #""type":"softplus","beta":0.5,"threshold":3"#) {
      0.5 * $0 * log2e - log2(1 + exp(0.5 * $0))
    },
  ]
}

/// Precisions and libraries that a gradient is asked of.
private struct Engine: Sendable, CustomTestStringConvertible {
  let precision: Precision
  let library: KernelLibrary
  var testDescription: String { "\(precision), \(library)" }

  static let all: [Engine] = {
    var engines = [Engine(precision: .float64, library: .portable), Engine(precision: .float32, library: .portable)]
    guard KernelLibrary.preferred == .oneDNN else { return engines }
    engines.append(Engine(precision: .float32, library: .oneDNN))
    if KernelLibrary.hasNativeBFloat16 { engines.append(Engine(precision: .bfloat16, library: .oneDNN)) }
    return engines
  }()

  /// Relative rounding of what is stored.
  var rounding: Double { precision == .bfloat16 ? 1.0 / 128 : precision == .float32 ? 1e-6 : 1e-12 }

  /// The gradient of the expected loss of class 0.
  func gradient(_ layers: [String], shape: [Int], parameters: [Float], inputs: [Double]) throws -> ScaledGradient {
    let architecture = try Architecture(
      json: #"{"input_shape":\#(shape),"class_count":2,"layers":[\#(layers.joined(separator: ","))]}"#)
    let ensemble = try NetworkEnsemble(
      InMemoryWeights(architecture: architecture, draws: [parameters]),
      configuration: .init(precision: precision, threads: 1, library: library, inputBounds: -1...1))
    let examples = Examples(inputs: Tensor(shape: [1] + shape, elements: inputs), labels: [0])
    return try ensemble.lossAndGradient(examples, objective: .expectedLoss, draws: .all).gradient
  }
}

/// Two logits of nearly zero, of which the first has the derivative −1/2 of the loss.
private let output = #"{"type":"dense","name":"o","units":2,"activation":"identity"}"#

private func dense(_ name: String, _ units: Int = 1, inputs: String? = nil) -> String {
  let list = inputs.map { #","inputs":["\#($0)"]"# } ?? ""
  return #"{"type":"dense","name":"\#(name)"\#(list),"units":\#(units),"activation":"identity"}"#
}

@Suite("Derivatives of activations", .inTurn)
struct ActivationDerivativeTests {
  static let functions: [ElementwiseFunction] = [
    .identity, .relu, .relu6, .leakyReLU(slope: 0.3), .leakyReLU(slope: -2), .tanh, .sigmoid, .elu(alpha: 1),
    .elu(alpha: 0.4),
    .selu, .silu, .gelu, .geluTanh, .softplus(beta: 1, threshold: 20), .softplus(beta: 2, threshold: 9), .hardswish,
    .hardsigmoid,
  ]

  @Test(arguments: functions) func `in the middle they are differences of the values`(function: ElementwiseFunction) {
    let step = 1e-5
    // Off the kinks, which lie at whole numbers and at 4.5.
    for index in -80...80 {
      let x = Double(index) * 0.1037 + 0.0123
      let slope = (function.value(x + step) - function.value(x - step)) / (2 * step)
      #expect(abs(slope - function.derivative(x)) <= 1e-8 * max(1, abs(slope)), "at \(x)")
    }
  }

  @Test(arguments: Tail.left, [-40.0, -200, -700]) fileprivate func `far left they are the asymptotic series`(
    tail: Tail, x: Double
  ) {
    let expected = tail.log2Derivative(x)
    guard expected > -1000 else { return }
    #expect(abs(log2(abs(tail.function.derivative(x))) - expected) <= 1e-9)
  }

  /// Across −4, where GELU's formula changes.
  @Test func `GELU's derivative has no step where its formula changes`() {
    let function = ElementwiseFunction.gelu
    for x in [-4.0.nextDown, -4.0, -4.0.nextUp] {
      // Φ(x) + xφ(x) at −4, from 30 digits.
      #expect(abs(function.derivative(x) / -5.0364966122642149e-4 - 1) <= 1e-11)
    }
  }

  @Test(arguments: functions) func `values far out are finite, and not a number stays so`(function: ElementwiseFunction)
  {
    for x in [-1e30, -1e4, -750, -60, 60, 750, 1e4, 1e30] {
      #expect(function.value(x).isFinite && function.derivative(x).isFinite, "at \(x)")
    }
    #expect(function.value(.nan).isNaN)
  }
}

@Suite("Gradients that underflow", .inTurn)
struct SmallGradientTests {
  /// A unit with the argument `x`, whatever enters: its weight is 1 and what enters is nearly 0.
  private func unit(_ x: Double) -> [Float] { [1, Float(x)] }

  @Test(arguments: Engine.all, Tail.left) fileprivate func `an activation far left`(engine: Engine, tail: Tail) throws {
    for x in [-40.0, -200, -700] {
      // What tanh and ELU end in, the output takes away.
      let end = Float(tail.function.value(x))
      let gradient = try engine.gradient(
        [dense("d"), "{\(tail.layer)}", output], shape: [1], parameters: unit(x) + [1, 0, -end, 0], inputs: [0])
      expect(gradient, [tail.log2Derivative(x) - 1], engine, "at \(x)")
    }
  }

  @Test(arguments: Engine.all, [Architecture.Activation.tanh, .sigmoid])
  fileprivate func `a saturated unit on the right`(
    engine: Engine, activation: Architecture.Activation
  ) throws {
    let function = activation.function
    for x in [40.0, 200, 700] {
      // The value is 1: what the output adds takes it away.
      let gradient = try engine.gradient(
        [dense("d"), #"{"type":"\#(function.word)"}"#, output], shape: [1], parameters: unit(x) + [1, 0, -1, 0],
        inputs: [0])
      let slope = function == .tanh ? 2 - 2 * x / log(2) : -x / log(2)
      expect(gradient, [slope - 1], engine, "at \(x)")
    }
  }

  @Test(arguments: Engine.all, Tail.left) fileprivate func `six of them behind each other`(engine: Engine, tail: Tail)
    throws
  {
    let x = -200.0
    // tanh and ELU end in −1 or −α there, which the next unit's weight must not bring along.
    let end = Float(tail.function.value(x))
    let argument = engine.precision == .float64 ? tail.function.value(x) + Double(Float(x) - end) : x
    var layers: [String] = []
    var parameters: [Float] = []
    for index in 0..<6 {
      layers += [dense("d\(index)"), "{\(tail.layer)}"]
      parameters += [1, Float(x) - (index == 0 ? 0 : end)]
    }
    let gradient = try engine.gradient(
      layers + [output], shape: [1], parameters: parameters + [1, 0, -end, 0], inputs: [0])
    let expected = tail.log2Derivative(x) + 5 * tail.log2Derivative(argument) - 1
    if tail.layer != #""type":"softplus","beta":0.5,"threshold":3"# { #expect(expected < -400 * log2(10.0)) }
    expect(gradient, [expected], engine, "six")
  }

  @Test(arguments: Engine.all) fileprivate func `different ones behind a convolution and a pool`(engine: Engine) throws
  {
    // A convolution of one pixel, SiLU at −300, a maximum, GELU at −40, tanh at −90.
    let conv = #"{"type":"conv2d","name":"c","filters":1,"kernel_size":1,"activation":"silu"}"#
    let gradient = try engine.gradient(
      [
        conv, #"{"type":"max_pool2d","kernel_size":1,"stride":1}"#, #"{"type":"flatten"}"#, dense("d"),
        #"{"type":"gelu"}"#, dense("e"), #"{"type":"tanh"}"#, output,
      ], shape: [1, 1, 1], parameters: [1, -300, 1, -40, 1, -90, 1, 0, 1, 0], inputs: [0])
    let expected =
      Tail.left[5].log2Derivative(-300) + Tail.left[6].log2Derivative(-40) + Tail.left[0].log2Derivative(-90)
    expect(gradient, [expected - 1], engine, "")
  }

  // MARK: - Sums

  /// A value that branches take, each with a saturated tanh or none, and the sum of them. Expected of each input is the
  /// sum of what the branches give.
  private func branches(_ engine: Engine, first: String, _ arguments: [(x: Double?, weights: [Float])]) throws {
    var layers = [#"{\#(first),"name":"first"}"#]
    var parameters: [Float] = []
    var ends: Float = 0
    for (index, branch) in arguments.enumerated() {
      layers.append(dense("d\(index)", inputs: "first"))
      parameters += branch.weights + [Float(branch.x ?? 0)]
      layers.append(#"{"type":"\#(branch.x == nil ? "identity" : "tanh")","name":"t\#(index)"}"#)
      if branch.x != nil { ends -= 1 }
    }
    let names = arguments.indices.map { "\"t\($0)\"" }.joined(separator: ",")
    layers.append(#"{"type":"add","inputs":[\#(names)]}"#)
    let gradient = try engine.gradient(
      layers + [output], shape: [2], parameters: parameters + [1, 0, -ends, 0], inputs: [0, 0])
    let slopes = arguments.map { branch in branch.x.map { 2 + 2 * $0 / log(2) } ?? 0 }
    let top = slopes.max()!
    let sums = (0..<2).map { input in
      zip(arguments, slopes).reduce(0.0) { $0 + Double($1.0.weights[input]) * exp2($1.1 - top) }
    }
    expect(gradient, sums.map { $0 == 0 ? -.infinity : log2(abs($0)) + top - 1 }, engine, "\(arguments)")
    for (found, expected) in zip(gradient.values.elements, sums) where expected != 0 && found != 0 {
      #expect((found < 0) == (expected > 0), "\(arguments)")
    }
  }

  /// The value that branches: the input itself, its copy by a layer, and a product's result.
  static let firsts = [#""type":"rescale","factor":1"#, #""type":"reshape","shape":[2]"#]

  @Test(arguments: Engine.all, firsts) fileprivate func `branches with exponents that differ by hundreds`(
    engine: Engine, first: String
  ) throws {
    // 4e⁻⁴⁰⁰ is 2⁻⁵⁷⁵.
    try branches(engine, first: first, [(-200, [1, 0]), (nil, [0, 1])])
    try branches(engine, first: first, [(nil, [1, 0.5]), (-200, [1, 1])])
    try branches(engine, first: first, [(-200, [1, -2]), (-90, [0.25, 1]), (-150, [1, 1])])
    try branches(engine, first: first, [(-90, [1, -2]), (-200, [0.25, 1])])
  }

  @Test(arguments: Engine.all, firsts) fileprivate func `branches that are all tiny add up`(
    engine: Engine, first: String
  ) throws {
    try branches(engine, first: first, [(-200, [1, 0]), (-200, [0, 2])])
    try branches(engine, first: first, [(-200, [1, 0.5]), (-199, [0.125, 0.25]), (-201, [4, 8])])
    try branches(engine, first: first, [(-201, [4, 8]), (-199, [0.125, 0.25]), (-200, [1, 0.5]), (-600, [1, 1])])
  }

  /// Nothing between these products rescales a gradient but what the engine puts there.
  @Test(arguments: Engine.all, ["add", "average_pool2d", "concat", "multiply", "two users"])
  fileprivate func
    `products whose gradients only other layers take`(engine: Engine, kind: String) throws
  {
    // The weights multiply to 2⁻⁵⁰⁰.
    let small = Float(sign: .plus, exponent: -50, significand: 1)
    var layers: [String] = []
    var parameters: [Float] = []
    for index in 0..<10 {
      let conv = #"{"type":"conv2d","name":"c\#(index)","filters":1,"kernel_size":1,"activation":"identity"}"#
      layers.append(conv)
      parameters += [small, 0]
      switch kind {
      case "average_pool2d": layers.append(#"{"type":"average_pool2d","kernel_size":1,"stride":1}"#)
      case "concat":
        layers.append(#"{"type":"concat","name":"s\#(index)","inputs":["c\#(index)","c\#(index)"]}"#)
        layers.append(#"{"type":"slice","axis":0,"start":1,"stop":2}"#)
      case "two users": layers.append(#"{"type":"add","inputs":["c\#(index)","c\#(index)"]}"#)
      default:
        layers.append(#"{"type":"parameter","name":"p\#(index)","shape":[1,1,1]}"#)
        layers.append(#"{"type":"\#(kind)","inputs":["c\#(index)","p\#(index)"]}"#)
        parameters += [kind == "add" ? 0 : 1]
      }
    }
    let gradient = try engine.gradient(
      layers + [#"{"type":"flatten"}"#, output], shape: [1, 1, 1], parameters: parameters + [1, 0, 0, 0], inputs: [0])
    expect(gradient, [-501 + (kind == "two users" ? 10 : 0)], engine, kind)
  }

  /// GELU's approximation falls as exp(−0.07x³): the exponent of one factor has ten digits. It saturates, and so do sums.
  @Test(arguments: Engine.all, [1, 2, 3]) fileprivate func `exponents do not overflow`(engine: Engine, count: Int)
    throws
  {
    let layers = (0..<count).flatMap { [dense("d\($0)"), #"{"type":"gelu_tanh"}"#] }
    let gradient = try engine.gradient(
      layers + [output], shape: [1], parameters: (0..<count).flatMap { _ in unit(-3000) } + [1, 0, 0, 0], inputs: [0])
    #expect(gradient.values.elements.areFinite)
    #expect(gradient.exponents[0] < -400_000_000)
  }

  /// e⁻⁸⁰⁰ is no `Double`.
  @Test(arguments: Engine.all) fileprivate func `a saturated softmax has a slope`(engine: Engine) throws {
    let gradient = try engine.gradient(
      [dense("d", 2), #"{"type":"softmax"}"#, output], shape: [1], parameters: [1, 0, 800, 0] + [1, 0, 0, 0, -1, 0],
      inputs: [0])
    // p₀p₁ = e⁻⁸⁰⁰, and half of it.
    expect(gradient, [-800 / log(2) - 1], engine, "")
  }

  /// log₂ of the magnitude of every element of the only row; −∞ where nothing is expected. An element that is smaller
  /// than the row's largest by more than its format holds may be zero.
  private func expect(
    _ gradient: ScaledGradient, _ expected: [Double], _ engine: Engine, _ what: String,
    location: SourceLocation = #_sourceLocation
  ) {
    let top = expected.max()!
    for (mantissa, log2Expected) in zip(gradient.values.elements, expected) {
      if log2Expected < top - 100 {
        #expect(abs(mantissa) <= exp2(-90), "\(what)", sourceLocation: location)
        continue
      }
      #expect(mantissa.isFinite && mantissa != 0, "\(what)", sourceLocation: location)
      let found = log2(abs(mantissa)) + Double(gradient.exponents[0])
      // An argument of some hundred has been rounded, and it is the exponent of e.
      let tolerance = 20 * engine.rounding + (engine.precision == .float64 ? 1e-9 : 1e-7) * abs(log2Expected)
      #expect(
        abs(found - log2Expected) <= tolerance, "\(what): \(found), not \(log2Expected)", sourceLocation: location)
    }
  }
}

@Suite("Networks of many layers", .inTurn)
struct DeepNetworkTests {
  /// The bound from the weights alone grows by a factor for every layer: it must not refuse what does not overflow.
  @Test func `a residual network of forty blocks is evaluated`() throws {
    var layers = [
      #"{"type":"conv2d","name":"x0","filters":16,"kernel_size":3,"padding":[1,1,1,1],"activation":"relu"}"#
    ]
    for index in 0..<40 {
      layers += [
        #"{"type":"conv2d","name":"c\#(index)","filters":16,"kernel_size":3,"padding":[1,1,1,1],"activation":"identity"}"#,
        #"{"type":"filter_response_norm","name":"n\#(index)","eps":1e-6}"#,
        #"{"type":"conv2d","name":"d\#(index)","filters":16,"kernel_size":3,"padding":[1,1,1,1],"activation":"identity"}"#,
        #"{"type":"add","name":"s\#(index)","inputs":["x\#(index)","d\#(index)"]}"#,
        #"{"type":"relu","name":"x\#(index + 1)"}"#,
      ]
    }
    layers += [#"{"type":"global_average_pool2d"}"#, #"{"type":"dense","name":"o","units":3,"activation":"identity"}"#]
    try evaluate(layers, shape: [3, 4, 4])
  }

  @Test func `a plain network of forty convolutions is evaluated`() throws {
    let convolutions = (0..<40).map {
      #"{"type":"conv2d","name":"c\#($0)","filters":16,"kernel_size":3,"padding":[1,1,1,1],"activation":"relu"}"#
    }
    try evaluate(
      convolutions + [#"{"type":"flatten"}"#, #"{"type":"dense","name":"o","units":3,"activation":"identity"}"#],
      shape: [3, 4, 4])
  }

  @Test func `a network of forty convolutions with batch normalisation is evaluated`() throws {
    let convolutions = (0..<40).flatMap { index in
      [
        #"{"type":"conv2d","name":"c\#(index)","filters":16,"kernel_size":3,"padding":[1,1,1,1],"activation":"identity"}"#,
        #"{"type":"batch_norm","name":"n\#(index)","eps":1e-5}"#, #"{"type":"relu"}"#,
      ]
    }
    try evaluate(
      convolutions + [#"{"type":"flatten"}"#, #"{"type":"dense","name":"o","units":3,"activation":"identity"}"#],
      shape: [3, 4, 4])
  }

  private func evaluate(_ layers: [String], shape: [Int]) throws {
    let architecture = try Architecture(
      json: #"{"input_shape":\#(shape),"class_count":3,"layers":[\#(layers.joined(separator: ","))]}"#)
    var stream = RandomStreams(seed: 1, purpose: "test/deep").stream(example: 0)
    // He's initialisation keeps magnitudes; statistics are those of data that were so already.
    var parameters: [Float] = []
    for parameter in architecture.parameters {
      let z = stream.normals(parameter.count)
      switch parameter.purpose {
      case .weight(let fanIn): parameters += z.map { Float($0 * (2 / Double(fanIn)).squareRoot()) }
      case .shift: parameters += z.map { Float(0.1 * $0) }
      case .factor: parameters += z.map { _ in 1 }
      case .statistic: parameters += z.map { _ in parameter.name.hasSuffix("var") ? 1 : 0 }
      }
    }
    let examples = Examples(
      inputs: Tensor(shape: [2] + shape, elements: stream.uniforms(2 * shape.reduce(1, *))), labels: [0, 1])
    let ensemble = try NetworkEnsemble(
      InMemoryWeights(architecture: architecture, draws: [parameters]), configuration: .init(threads: 1))
    let found = try ensemble.lossAndGradient(examples, objective: .predictive, draws: .all)
    let expected = try ensemble.reference.lossAndGradient(examples, objective: .predictive, draws: .all)
    #expect(found.gradient.values.elements.areFinite)
    for row in 0..<2 {
      #expect(cosine(found.gradient.values[row: row], expected.gradient.values[row: row]) >= 0.999)
      #expect(abs(found.gradient.log2Norms[row] - expected.gradient.log2Norms[row]) <= 0.01)
    }
  }
}
