internal import CComputeKernels

extension Float: PortableScalar {
  static var precision: Precision { .float32 }

  static func parameters(
    _ source: ParameterSource, count: Int, in room: KernelWorker.Room, _ worker: KernelWorker
  ) throws -> UnsafePointer<Float> {
    try source.float32()
  }

  static func adding(
    to destination: ParameterDestination, count: Int, in room: KernelWorker.Room, _ worker: KernelWorker,
    _ body: (UnsafeMutablePointer<Float>) throws -> Void
  ) throws {
    try body(destination.float32())
  }

  static func transpose(
    _ matrix: UnsafePointer<Float>, into result: UnsafeMutablePointer<Float>, _ rows: Int, _ columns: Int
  ) {
    portable_transpose_f32(result, matrix, rows, columns)
  }

  static func productForward(
    _ y: UnsafeMutablePointer<Float>, _ x: UnsafePointer<Float>, _ w: UnsafePointer<Float>, _ b: UnsafePointer<Float>,
    _ rows: Int, _ inputs: Int, _ outputs: Int
  ) {
    portable_product_forward_f32(y, x, w, b, rows, inputs, outputs)
  }

  static func productToInput(
    _ dx: UnsafeMutablePointer<Float>, _ dy: UnsafePointer<Float>, _ w: UnsafePointer<Float>, _ rows: Int,
    _ inputs: Int,
    _ outputs: Int, accumulates: Bool
  ) {
    portable_product_to_input_f32(dx, dy, w, rows, inputs, outputs, accumulates ? 1 : 0)
  }

  static func productToWeights(
    _ dw: UnsafeMutablePointer<Float>, _ x: UnsafePointer<Float>, _ dy: UnsafePointer<Float>, _ rows: Int,
    _ inputs: Int,
    _ outputs: Int
  ) {
    portable_product_to_weights_f32(dw, x, dy, rows, inputs, outputs)
  }

  static func convolutionForward(
    _ y: UnsafeMutablePointer<Float>, _ x: UnsafePointer<Float>, _ w: UnsafePointer<Float>, _ b: UnsafePointer<Float>,
    _ scratch: UnsafeMutablePointer<Float>, _ sizes: portable_convolution
  ) {
    withUnsafePointer(to: sizes) { portable_convolution_forward_f32(y, x, w, b, scratch, $0) }
  }

  static func convolutionToInput(
    _ dx: UnsafeMutablePointer<Float>, _ dy: UnsafePointer<Float>, _ w: UnsafePointer<Float>,
    _ scratch: UnsafeMutablePointer<Float>, _ sizes: portable_convolution
  ) {
    withUnsafePointer(to: sizes) { portable_convolution_to_input_f32(dx, dy, w, scratch, $0) }
  }

  static func convolutionToWeights(
    _ dw: UnsafeMutablePointer<Float>, _ db: UnsafeMutablePointer<Float>?, _ x: UnsafePointer<Float>,
    _ dy: UnsafePointer<Float>, _ scratch: UnsafeMutablePointer<Float>, _ sizes: portable_convolution
  ) {
    withUnsafePointer(to: sizes) { portable_convolution_to_weights_f32(dw, db, x, dy, scratch, $0) }
  }

  static func maxPoolForward(
    _ y: UnsafeMutablePointer<Float>, _ winners: UnsafeMutablePointer<Int32>, _ x: UnsafePointer<Float>,
    _ sizes: portable_pooling
  ) {
    withUnsafePointer(to: sizes) { portable_max_pool_forward_f32(y, winners, x, $0) }
  }

  static func maxPoolBackward(
    _ dx: UnsafeMutablePointer<Float>, _ dy: UnsafePointer<Float>, _ winners: UnsafePointer<Int32>,
    _ sizes: portable_pooling
  ) {
    withUnsafePointer(to: sizes) { portable_max_pool_backward_f32(dx, dy, winners, $0) }
  }

  static func averagePoolForward(
    _ y: UnsafeMutablePointer<Float>, _ x: UnsafePointer<Float>, _ sizes: portable_pooling, countsPadding: Bool
  ) {
    withUnsafePointer(to: sizes) { portable_average_pool_forward_f32(y, x, $0, countsPadding ? 1 : 0) }
  }

  static func averagePoolBackward(
    _ dx: UnsafeMutablePointer<Float>, _ dy: UnsafePointer<Float>, _ sizes: portable_pooling, countsPadding: Bool
  ) {
    withUnsafePointer(to: sizes) { portable_average_pool_backward_f32(dx, dy, $0, countsPadding ? 1 : 0) }
  }

  static func addResidual(_ r: UnsafePointer<Float>, to y: UnsafeMutablePointer<Float>, count: Int) {
    portable_add_residual_f32(y, r, count)
  }

  static func activate(
    _ h: UnsafeMutablePointer<Float>, count: Int, _ activation: portable_activation, parameter: Float
  ) {
    portable_activation_f32(h, h, count, activation, parameter)
  }
}
