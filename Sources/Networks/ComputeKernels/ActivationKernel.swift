internal import CComputeKernels
internal import COneDNN

/// An activation applied element by element.
public enum ElementwiseActivation: Sendable, Hashable, CaseIterable {
  /// max(a, 0).
  case relu
  /// a for positive a, else `leakySlope` · a.
  case leakyReLU
  /// The hyperbolic tangent.
  case tanh
  /// 1 / (1 + e⁻ᵃ).
  case sigmoid

  /// The slope of `leakyReLU`.
  public static let leakySlope = 0.01
}

/// The forward pass of an activation that cannot be fused into a layer, over any layout.
///
/// NaN stays NaN, except that oneDNN's ReLU turns it into 0.
public final class ActivationKernel: Sendable {
  private let implementation: Implementation

  private enum Implementation: Sendable {
    case oneDNN(OneDNNPrimitive)
    case float(portable_activation, count: Int)
    case double(portable_activation, count: Int)
  }

  /// - Throws: `KernelError` when the library does not serve the layout's precision.
  public init(_ activation: ElementwiseActivation, layout: ActivationLayout, library: KernelLibrary) throws {
    let name = "the activation \(activation)"
    let slope = Float(ElementwiseActivation.leakySlope)
    switch try library.serving(layout.precision, for: name) {
    case .oneDNN:
      let description = try layout.oneDNNDescription(shape: layout.shape)
      implementation = .oneDNN(
        try OneDNNPrimitive(name) { cdnn_activation_create($0, activation.oneDNN, slope, description.raw) })
    case .portable:
      guard layout.isPlain else { throw KernelError("\(name): the portable kernel needs a plain layout") }
      let count = layout.rows * layout.elementsPerRow
      implementation =
        layout.precision == .float64
        ? .double(activation.portable, count: count) : .float(activation.portable, count: count)
    }
  }

  /// h = activation(a); h may be a.
  public func forward(_ a: UnsafeRawPointer, into h: UnsafeMutableRawPointer, worker: KernelWorker) throws {
    let slope = ElementwiseActivation.leakySlope
    switch implementation {
    case .oneDNN(let primitive): try primitive.run(worker, source: a, into: h)
    case .float(let activation, let count):
      portable_activation_f32(h.bound(), a.bound(), count, activation, Float(slope))
    case .double(let activation, let count):
      portable_activation_f64(h.bound(), a.bound(), count, activation, slope)
    }
  }
}

extension ElementwiseActivation {
  fileprivate var oneDNN: cdnn_activation {
    switch self {
    case .relu: CDNN_RELU
    case .leakyReLU: CDNN_LEAKY_RELU
    case .tanh: CDNN_TANH
    case .sigmoid: CDNN_SIGMOID
    }
  }

  fileprivate var portable: portable_activation {
    switch self {
    case .relu: PORTABLE_RELU
    case .leakyReLU: PORTABLE_LEAKY_RELU
    case .tanh: PORTABLE_TANH
    case .sigmoid: PORTABLE_SIGMOID
    }
  }
}
