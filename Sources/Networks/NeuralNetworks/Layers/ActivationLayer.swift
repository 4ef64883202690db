internal import CComputeKernels
internal import ComputeKernels
import Foundation

extension Architecture {
  /// An element-wise activation, as layers with weights name it.
  public enum Activation: String, Sendable, Hashable, CaseIterable {
    /// max(x, 0).
    case relu
    /// x for x > 0, otherwise 0.01 x.
    case leakyReLU = "leaky_relu"
    /// Hyperbolic tangent.
    case tanh
    /// 1 / (1 + exp(−x)).
    case sigmoid
    /// x.
    case identity
    /// min(max(x, 0), 6).
    case relu6
    /// x for x > 0, otherwise exp(x) − 1.
    case elu
    /// 1.0507 x for x > 0, otherwise 1.0507 · 1.6733 (exp(x) − 1) (Klambauer et al., NeurIPS 2017).
    case selu
    /// x / (1 + exp(−x)), also called swish.
    case silu
    /// x Φ(x), with the normal distribution's Φ (Hendrycks and Gimpel 2016).
    case gelu
    /// The approximation of GELU by tanh, which Flax and JAX have by default.
    case geluTanh = "gelu_tanh"
    /// log(1 + exp(x)).
    case softplus
    /// x min(max(x + 3, 0), 6) / 6 (Howard et al., ICCV 2019).
    case hardswish

    /// Those that format 1.0 knows.
    static let ofFormat10: Set<Activation> = [.relu, .leakyReLU, .tanh, .sigmoid, .identity]

    /// What it computes.
    package var function: ElementwiseFunction {
      switch self {
      case .relu: .relu
      case .leakyReLU: .leakyReLU(slope: 0.01)
      case .tanh: .tanh
      case .sigmoid: .sigmoid
      case .identity: .identity
      case .relu6: .relu6
      case .elu: .elu(alpha: 1)
      case .selu: .selu
      case .silu: .silu
      case .gelu: .gelu
      case .geluTanh: .geluTanh
      case .softplus: .softplus(beta: 1, threshold: 20)
      case .hardswish: .hardswish
      }
    }
  }
}

/// A function of one number, with the constants that it has.
package enum ElementwiseFunction: Sendable, Hashable {
  case identity
  case relu
  case relu6
  case leakyReLU(slope: Double)
  case tanh
  case sigmoid
  case elu(alpha: Double)
  case selu
  case silu
  case gelu
  case geluTanh
  /// log(1 + exp(βx))/β, and x itself where βx is above the threshold.
  case softplus(beta: Double, threshold: Double)
  case hardswish
  case hardsigmoid

  /// The word of a layer's `type`.
  package var word: String {
    switch self {
    case .identity: "identity"
    case .relu: "relu"
    case .relu6: "relu6"
    case .leakyReLU: "leaky_relu"
    case .tanh: "tanh"
    case .sigmoid: "sigmoid"
    case .elu: "elu"
    case .selu: "selu"
    case .silu: "silu"
    case .gelu: "gelu"
    case .geluTanh: "gelu_tanh"
    case .softplus: "softplus"
    case .hardswish: "hardswish"
    case .hardsigmoid: "hardsigmoid"
    }
  }

  /// Its name, as people know it.
  package var title: String {
    switch self {
    case .identity: "identity"
    case .relu: "ReLU"
    case .relu6: "ReLU6"
    case .leakyReLU(let slope): slope == 0.01 ? "leaky ReLU" : "leaky ReLU \(slope)"
    case .tanh: "tanh"
    case .sigmoid: "sigmoid"
    case .elu: "ELU"
    case .selu: "SELU"
    case .silu: "SiLU"
    case .gelu: "GELU"
    case .geluTanh: "GELU (tanh)"
    case .softplus: "softplus"
    case .hardswish: "hard swish"
    case .hardsigmoid: "hard sigmoid"
    }
  }

  /// Whether it never falls, so that it commutes with a maximum.
  var isIncreasing: Bool {
    switch self {
    case .silu, .gelu, .geluTanh, .hardswish: false
    case .leakyReLU(let slope): slope >= 0
    case .elu(let alpha): alpha >= 0
    default: true
    }
  }

  /// Whether it flattens out on both sides, so that its derivative must be read off what enters it.
  var isSaturating: Bool { self == .tanh || self == .sigmoid }

  /// What a product's kernel applies itself.
  var fused: FusedActivation {
    switch self {
    case .relu: .relu
    case .leakyReLU(let slope) where slope > 0: .leakyReLU(slope: slope)
    case .relu6: .clipped(upper: 6)
    default: .none
    }
  }

  /// Whether its derivative can be read off its value: 1 above zero, and a slope that is not negative below.
  var isRectifier: Bool {
    switch self {
    case .relu, .identity: true
    case .leakyReLU(let slope): slope > 0
    default: false
    }
  }

  /// The slope below zero of a rectifier.
  var slope: Double {
    switch self {
    case .relu: 0
    case .leakyReLU(let slope): slope
    default: 1
    }
  }

  /// The variance that a weight needs times the inputs of a unit, so that pre-activations keep their magnitude from
  /// layer to layer (He, Zhang, Ren and Sun, ICCV 2015, equation 10; LeCun et al. 1998, §4.6).
  var gain: Double {
    switch self {
    case .relu, .relu6, .silu, .gelu, .geluTanh, .hardswish, .elu, .softplus: 2
    case .leakyReLU(let slope): 2 / (1 + slope * slope)
    case .identity, .tanh, .sigmoid, .selu, .hardsigmoid: 1
    }
  }

  /// Its value, as it is defined.
  package func value(_ x: Double) -> Double { ckn_function_value(kernel, x) }

  /// Its derivative, which may underflow here; the kernels keep its exponent.
  package func derivative(_ x: Double) -> Double {
    var fraction = 0.0
    var exponent: Int32 = 0
    ckn_function_derivative(kernel, x, &fraction, &exponent)
    return scalbn(fraction, Int(exponent))
  }

  var kernel: ckn_function {
    switch self {
    case .identity: ckn_function(kind: CKN_LEAKY, a: 1, b: 0)
    case .relu: ckn_function(kind: CKN_LEAKY, a: 0, b: 0)
    case .relu6: ckn_function(kind: CKN_CLIPPED, a: 6, b: 0)
    case .leakyReLU(let slope): ckn_function(kind: CKN_LEAKY, a: slope, b: 0)
    case .tanh: ckn_function(kind: CKN_TANH, a: 0, b: 0)
    case .sigmoid: ckn_function(kind: CKN_LOGISTIC, a: 0, b: 0)
    case .elu(let alpha): ckn_function(kind: CKN_ELU, a: alpha, b: 1)
    case .selu: ckn_function(kind: CKN_ELU, a: 1.6732632423543772848170429916717, b: 1.0507009873554804934193349852946)
    case .silu: ckn_function(kind: CKN_SILU, a: 0, b: 0)
    case .gelu: ckn_function(kind: CKN_GELU, a: 0, b: 0)
    case .geluTanh: ckn_function(kind: CKN_GELU_TANH, a: 0, b: 0)
    case .softplus(let beta, let threshold): ckn_function(kind: CKN_SOFTPLUS, a: beta, b: threshold)
    case .hardswish: ckn_function(kind: CKN_HARDSWISH, a: 0, b: 0)
    case .hardsigmoid: ckn_function(kind: CKN_HARDSIGMOID, a: 0, b: 0)
    }
  }

  /// The largest magnitude of its values for arguments up to one.
  func bound(_ magnitude: Double) -> Double {
    switch self {
    case .tanh, .sigmoid, .hardsigmoid: 1
    case .relu6: min(magnitude, 6)
    case .leakyReLU(let slope): magnitude * max(1, abs(slope))
    case .elu(let alpha): max(magnitude, abs(alpha))
    case .selu: 1.06 * max(magnitude, 1.7)
    case .softplus(let beta, _): magnitude + 0.7 / beta
    default: magnitude
    }
  }
}

/// An activation: a function of each element. Activations that products name are this layer behind them.
package struct ActivationLayer: LayerKind, ManyNamedLayer {
  package let function: ElementwiseFunction

  package static var type: String { "relu" }
  static let types = [
    "identity", "relu", "relu6", "leaky_relu", "tanh", "sigmoid", "elu", "selu", "silu", "gelu", "gelu_tanh",
    "softplus",
    "hardswish", "hardsigmoid",
  ]
  var typeWord: String { function.word }

  package init(_ function: ElementwiseFunction) { self.function = function }

  package init(_ fields: LayerFields) throws(ArchitectureError) {
    switch fields.type {
    case "leaky_relu":
      try fields.allowOnly(["negative_slope"])
      function = .leakyReLU(slope: try fields.number("negative_slope"))
    case "elu":
      try fields.allowOnly(["alpha"])
      function = .elu(alpha: try fields.positive("alpha", default: 1))
    case "softplus":
      try fields.allowOnly(["beta", "threshold"])
      function = .softplus(
        beta: try fields.positive("beta", default: 1), threshold: try fields.positive("threshold", default: 20))
    case "hardsigmoid":
      try fields.allowOnly([])
      function = .hardsigmoid
    default:
      try fields.allowOnly([])
      guard let known = Architecture.Activation(rawValue: fields.type) else {
        throw ArchitectureError(location: fields.location, reason: "is no activation")
      }
      function = known.function
    }
  }

  package var members: [(key: String, json: String)] {
    switch function {
    case .leakyReLU(let slope): [("negative_slope", slope.description)]
    case .elu(let alpha) where alpha != 1: [("alpha", alpha.description)]
    case .softplus(let beta, let threshold) where beta != 1 || threshold != 20:
      [("beta", beta.description), ("threshold", threshold.description)]
    default: []
    }
  }

  package var words: String? { function.title }
  package var rearranges: Bool { function == .identity }

  package func trace(_ inputs: [[Int]], _ place: LayerPlace) throws(ArchitectureError) -> LayerTrace {
    LayerTrace(inputs[0])
  }

  package func statement(_ node: NetworkGraph.Node) -> any RowFunction {
    FunctionRows(function: function, count: node.shape.reduce(1, *))
  }

  package func lower(_ node: NetworkGraph.Node, into lowering: inout Lowering) throws -> Lowering.Value {
    preconditionFailure("activations are lowered with what the plan knows of them")
  }

  func lower(
    _ step: NetworkPlan.Step, _ input: Lowering.Value, into lowering: inout Lowering
  ) throws -> Lowering.Value {
    let layout = try lowering.layout(input)
    let stage: any Stage
    if step.isApplied {
      stage = function == .relu6 ? AppliedClipStage(upper: 6) : AppliedRectifierStage(slope: function.slope)
    } else {
      switch function {
      case .identity, .relu: stage = RectifierStage(slope: function.slope)
      case .leakyReLU(let slope) where slope > 0: stage = RectifierStage(slope: slope)
      case .tanh, .sigmoid: stage = SaturatingStage(isLogistic: function == .sigmoid)
      default: stage = FunctionStage(function: function)
      }
    }
    return lowering.append(stage, [input], shape: input.shape, layout: layout)
  }
}

/// Backward only: the derivative of a rectifier that the product before has applied, or (slope 1) nothing but the
/// rescaling of rows.
struct AppliedRectifierStage: Stage {
  let slope: Double

  var keepsValue: Bool { true }
  var differentiatesInPlace: Bool { true }
  func forward(_ pass: StagePass) {}

  func bound(_ magnitudes: [Double], _ parameters: UnsafePointer<Float>) -> Double { magnitudes[0] * max(1, slope) }

  func backward(_ pass: StagePass) {
    guard let (gradient, exponents) = pass.target() else { return }
    let layout = pass.outputLayout
    let type = layout.precision.elementType
    let count = pass.rows * layout.elementsPerRow
    switch pass.arithmetic {
    case .scaled, .straightThrough:
      ckn_mask_backward(gradient, pass.result, type, slope, exponents, pass.rows, layout.elementsPerRow)
    case .naive:
      if slope != 1 { ckn_mask_backward_naive(gradient.bound(), pass.result.bound(), Float(slope), count) }
    case .plain: ckn_mask_plain(gradient, pass.result, type, slope, count)
    }
  }
}

/// Backward only: the derivative of min(max(a, 0), upper) that the product before has applied.
struct AppliedClipStage: Stage {
  let upper: Double

  var keepsValue: Bool { true }
  var differentiatesInPlace: Bool { true }
  func forward(_ pass: StagePass) {}

  func backward(_ pass: StagePass) {
    guard let (gradient, exponents) = pass.target() else { return }
    let layout = pass.outputLayout
    let type = layout.precision.elementType
    let exponent = pass.arithmetic.hasExponents ? exponents : nil
    ckn_clip_backward(gradient, pass.result, type, upper, exponent, pass.rows, layout.elementsPerRow)
  }
}

/// ReLU and leaky ReLU that are not fused, for the derivatives that need the pre-activation.
struct RectifierStage: Stage {
  let slope: Double

  var differentiatesInPlace: Bool { true }

  func bound(_ magnitudes: [Double], _ parameters: UnsafePointer<Float>) -> Double { magnitudes[0] * max(1, slope) }

  func forward(_ pass: StagePass) {
    let layout = pass.outputLayout
    ckn_rectify_forward(
      pass.result, pass.input(), layout.precision.elementType, slope, layout.elementsPerRow * pass.rows)
  }

  func backward(_ pass: StagePass) {
    guard pass.arithmetic == .straightThrough else { return AppliedRectifierStage(slope: slope).backward(pass) }
    guard let (gradient, exponents) = pass.target() else { return }
    let layout = pass.outputLayout
    ckn_wide_backward(
      gradient, pass.input(), layout.precision.elementType, CKN_WIDE_RECTIFIER, slope, exponents, pass.rows,
      layout.elementsPerRow, layout.elementCount)
  }
}

/// tanh and the logistic function: their derivative comes from the pre-activation, since 1 − tanh² rounds to zero in
/// float32 beyond |a| = 9.
struct SaturatingStage: Stage {
  let isLogistic: Bool

  var differentiatesInPlace: Bool { true }

  func forward(_ pass: StagePass) {
    let layout = pass.outputLayout
    ckn_saturating_forward(
      pass.result, pass.input(), layout.precision.elementType, isLogistic, layout.elementsPerRow * pass.rows)
  }

  func backward(_ pass: StagePass) {
    guard let (gradient, exponents) = pass.target() else { return }
    let layout = pass.outputLayout
    let type = layout.precision.elementType
    switch pass.arithmetic {
    case .scaled:
      ckn_saturating_backward(
        gradient, pass.input(), type, isLogistic, exponents, pass.space.scratch.base.bound(), pass.rows,
        layout.elementsPerRow)
    case .straightThrough:
      ckn_wide_backward(
        gradient, pass.input(), type, isLogistic ? CKN_WIDE_LOGISTIC : CKN_WIDE_TANH, 0, exponents, pass.rows,
        layout.elementsPerRow, layout.elementCount)
    case .naive:
      ckn_saturating_backward_naive(
        gradient.bound(), pass.result.bound(), isLogistic, pass.rows * layout.elementsPerRow)
    case .plain: ckn_saturating_plain(gradient, pass.input(), type, isLogistic, pass.rows * layout.elementsPerRow)
    }
  }

  func bound(_ magnitudes: [Double], _ parameters: UnsafePointer<Float>) -> Double { 1 }
}

/// Every other function, from the pre-activation, with its derivative's exponent.
struct FunctionStage: Stage {
  let function: ElementwiseFunction

  var differentiatesInPlace: Bool { true }

  func forward(_ pass: StagePass) {
    let layout = pass.outputLayout
    ckn_function_forward(
      function.kernel, pass.result, pass.input(), layout.precision.elementType, layout.elementsPerRow * pass.rows)
  }

  func backward(_ pass: StagePass) {
    guard let (gradient, exponents) = pass.target() else { return }
    let layout = pass.outputLayout
    let type = layout.precision.elementType
    switch pass.arithmetic {
    case .scaled:
      ckn_function_backward(
        function.kernel, gradient, pass.input(), type, exponents, pass.space.scratch.base.bound(), pass.rows,
        layout.elementsPerRow)
    case .straightThrough:
      ckn_wide_backward(
        gradient, pass.input(), type, function == .hardsigmoid ? CKN_WIDE_LOGISTIC : CKN_WIDE_RECTIFIER, 0, exponents,
        pass.rows, layout.elementsPerRow, layout.elementCount)
    case .naive, .plain:
      ckn_function_plain(function.kernel, gradient, pass.input(), type, pass.rows * layout.elementsPerRow)
    }
  }

  func bound(_ magnitudes: [Double], _ parameters: UnsafePointer<Float>) -> Double { function.bound(magnitudes[0]) }
}

extension UnsafeMutableRawPointer {
  /// The elements, of the type that the context asks for.
  func bound<Element>() -> UnsafeMutablePointer<Element> { assumingMemoryBound(to: Element.self) }
  /// The elements, to be read.
  func bound<Element>() -> UnsafePointer<Element> { UnsafePointer(assumingMemoryBound(to: Element.self)) }
}

/// y = f(x).
struct FunctionRows: RowFunction {
  let function: ElementwiseFunction
  let count: Int

  func forward(
    _ inputs: [UnsafePointer<Double>], _ parameters: [UnsafePointer<Double>], _ y: UnsafeMutablePointer<Double>
  ) {
    for index in 0..<count { y[index] = function.value(inputs[0][index]) }
  }

  func backward(
    _ inputs: [UnsafePointer<Double>], _ parameters: [UnsafePointer<Double>], _ y: UnsafePointer<Double>,
    _ g: UnsafePointer<Double>, _ dx: [UnsafeMutablePointer<Double>?], _ dp: [UnsafeMutablePointer<Double>]?
  ) {
    guard let target = dx[0] else { return }
    for index in 0..<count { target[index] += g[index] * function.derivative(inputs[0][index]) }
  }

  func bound(_ magnitudes: [Double], _ parameters: [UnsafeBufferPointer<Double>]) -> Double {
    function.bound(magnitudes[0])
  }
}

extension ActivationLayout {
  /// Elements of a row that are no padding.
  var elementCount: Int { shape.reduce(1, *) }
}
