internal import CComputeKernels

/// Float and Double as the portable kernels know them: one name for the two C functions of each kernel.
protocol PortableScalar: BinaryFloatingPoint, Sendable {
  static var precision: Precision { get }
  /// Parameters in this format; converted in the worker's memory where they are not.
  static func parameters(
    _ source: ParameterSource, count: Int, in room: KernelWorker.Room, _ worker: KernelWorker
  ) throws -> UnsafePointer<Self>
  /// Lets `body` add to a gradient in this format, by way of the worker's memory where the caller's is another.
  static func adding(
    to destination: ParameterDestination, count: Int, in room: KernelWorker.Room, _ worker: KernelWorker,
    _ body: (UnsafeMutablePointer<Self>) throws -> Void
  ) throws
  /// The transpose of `rows` × `columns`.
  static func transpose(
    _ matrix: UnsafePointer<Self>, into result: UnsafeMutablePointer<Self>, _ rows: Int, _ columns: Int)

  /// y = x w + b, w inputs × outputs.
  static func productForward(
    _ y: UnsafeMutablePointer<Self>, _ x: UnsafePointer<Self>, _ w: UnsafePointer<Self>, _ b: UnsafePointer<Self>,
    _ rows: Int, _ inputs: Int, _ outputs: Int)
  static func productToInput(
    _ dx: UnsafeMutablePointer<Self>, _ dy: UnsafePointer<Self>, _ w: UnsafePointer<Self>, _ rows: Int, _ inputs: Int,
    _ outputs: Int, accumulates: Bool)
  static func productToWeights(
    _ dw: UnsafeMutablePointer<Self>, _ x: UnsafePointer<Self>, _ dy: UnsafePointer<Self>, _ rows: Int, _ inputs: Int,
    _ outputs: Int)
  static func convolutionForward(
    _ y: UnsafeMutablePointer<Self>, _ x: UnsafePointer<Self>, _ w: UnsafePointer<Self>, _ b: UnsafePointer<Self>,
    _ scratch: UnsafeMutablePointer<Self>, _ sizes: portable_convolution)
  static func convolutionToInput(
    _ dx: UnsafeMutablePointer<Self>, _ dy: UnsafePointer<Self>, _ w: UnsafePointer<Self>,
    _ scratch: UnsafeMutablePointer<Self>, _ sizes: portable_convolution)
  static func convolutionToWeights(
    _ dw: UnsafeMutablePointer<Self>, _ db: UnsafeMutablePointer<Self>?, _ x: UnsafePointer<Self>,
    _ dy: UnsafePointer<Self>, _ scratch: UnsafeMutablePointer<Self>, _ sizes: portable_convolution)
  static func maxPoolForward(
    _ y: UnsafeMutablePointer<Self>, _ winners: UnsafeMutablePointer<Int32>, _ x: UnsafePointer<Self>,
    _ sizes: portable_pooling)
  static func maxPoolBackward(
    _ dx: UnsafeMutablePointer<Self>, _ dy: UnsafePointer<Self>, _ winners: UnsafePointer<Int32>,
    _ sizes: portable_pooling)
  static func averagePoolForward(
    _ y: UnsafeMutablePointer<Self>, _ x: UnsafePointer<Self>, _ sizes: portable_pooling, countsPadding: Bool)
  static func averagePoolBackward(
    _ dx: UnsafeMutablePointer<Self>, _ dy: UnsafePointer<Self>, _ sizes: portable_pooling, countsPadding: Bool)
  static func addResidual(_ r: UnsafePointer<Self>, to y: UnsafeMutablePointer<Self>, count: Int)
  static func activate(
    _ h: UnsafeMutablePointer<Self>, count: Int, _ activation: portable_activation, parameter: Self)
}

extension PortableScalar {
  /// Applies a layer's activation in place.
  static func activate(_ h: UnsafeMutablePointer<Self>, count: Int, _ activation: FusedActivation) {
    switch activation {
    case .none: break
    case .relu: activate(h, count: count, PORTABLE_RELU, parameter: 0)
    case .leakyReLU(let slope): activate(h, count: count, PORTABLE_LEAKY_RELU, parameter: Self(slope))
    case .clipped(let upper): activate(h, count: count, PORTABLE_CLIPPED, parameter: Self(upper))
    }
  }
}

extension UnsafeRawPointer {
  /// The elements, of the type that the context asks for.
  func bound<Element>() -> UnsafePointer<Element> { assumingMemoryBound(to: Element.self) }
}

extension UnsafeMutableRawPointer {
  /// The elements, of the type that the context asks for.
  func bound<Element>() -> UnsafeMutablePointer<Element> { assumingMemoryBound(to: Element.self) }
}
