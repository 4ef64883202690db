internal import CComputeKernels

extension Double: PortableScalar {
  static var precision: Precision { .float64 }

  static func parameters(
    _ source: ParameterSource, count: Int, in room: KernelWorker.Room, _ worker: KernelWorker
  ) throws -> UnsafePointer<Double> {
    switch source {
    case .double(let pointer): return pointer
    case .float(let pointer):
      let wide = worker.room(for: room, bytes: count * Precision.float64.bytes)
      portable_widen(wide.bound(), pointer, count)
      return UnsafeRawPointer(wide).bound()
    }
  }

  static func adding(
    to destination: ParameterDestination, count: Int, in room: KernelWorker.Room, _ worker: KernelWorker,
    _ body: (UnsafeMutablePointer<Double>) throws -> Void
  ) throws {
    switch destination {
    case .double(let pointer): try body(pointer)
    case .float(let pointer):
      let wide: UnsafeMutablePointer<Double> = worker.room(for: room, bytes: count * Precision.float64.bytes).bound()
      wide.update(repeating: 0, count: count)
      try body(wide)
      portable_add_narrowed(pointer, wide, count)
    }
  }

  static func transpose(
    _ matrix: UnsafePointer<Double>, into result: UnsafeMutablePointer<Double>, _ rows: Int, _ columns: Int
  ) {
    portable_transpose_f64(result, matrix, rows, columns)
  }

  static func productForward(
    _ y: UnsafeMutablePointer<Double>, _ x: UnsafePointer<Double>, _ w: UnsafePointer<Double>,
    _ b: UnsafePointer<Double>,
    _ rows: Int, _ inputs: Int, _ outputs: Int
  ) {
    portable_product_forward_f64(y, x, w, b, rows, inputs, outputs)
  }

  static func productToInput(
    _ dx: UnsafeMutablePointer<Double>, _ dy: UnsafePointer<Double>, _ w: UnsafePointer<Double>, _ rows: Int,
    _ inputs: Int,
    _ outputs: Int, accumulates: Bool
  ) {
    portable_product_to_input_f64(dx, dy, w, rows, inputs, outputs, accumulates ? 1 : 0)
  }

  static func productToWeights(
    _ dw: UnsafeMutablePointer<Double>, _ x: UnsafePointer<Double>, _ dy: UnsafePointer<Double>, _ rows: Int,
    _ inputs: Int,
    _ outputs: Int
  ) {
    portable_product_to_weights_f64(dw, x, dy, rows, inputs, outputs)
  }

  static func convolutionForward(
    _ y: UnsafeMutablePointer<Double>, _ x: UnsafePointer<Double>, _ w: UnsafePointer<Double>,
    _ b: UnsafePointer<Double>,
    _ scratch: UnsafeMutablePointer<Double>, _ sizes: portable_convolution
  ) {
    withUnsafePointer(to: sizes) { portable_convolution_forward_f64(y, x, w, b, scratch, $0) }
  }

  static func convolutionToInput(
    _ dx: UnsafeMutablePointer<Double>, _ dy: UnsafePointer<Double>, _ w: UnsafePointer<Double>,
    _ scratch: UnsafeMutablePointer<Double>, _ sizes: portable_convolution
  ) {
    withUnsafePointer(to: sizes) { portable_convolution_to_input_f64(dx, dy, w, scratch, $0) }
  }

  static func convolutionToWeights(
    _ dw: UnsafeMutablePointer<Double>, _ db: UnsafeMutablePointer<Double>?, _ x: UnsafePointer<Double>,
    _ dy: UnsafePointer<Double>, _ scratch: UnsafeMutablePointer<Double>, _ sizes: portable_convolution
  ) {
    withUnsafePointer(to: sizes) { portable_convolution_to_weights_f64(dw, db, x, dy, scratch, $0) }
  }

  static func maxPoolForward(
    _ y: UnsafeMutablePointer<Double>, _ winners: UnsafeMutablePointer<Int32>, _ x: UnsafePointer<Double>,
    _ sizes: portable_pooling
  ) {
    withUnsafePointer(to: sizes) { portable_max_pool_forward_f64(y, winners, x, $0) }
  }

  static func maxPoolBackward(
    _ dx: UnsafeMutablePointer<Double>, _ dy: UnsafePointer<Double>, _ winners: UnsafePointer<Int32>,
    _ sizes: portable_pooling
  ) {
    withUnsafePointer(to: sizes) { portable_max_pool_backward_f64(dx, dy, winners, $0) }
  }

  static func averagePoolForward(
    _ y: UnsafeMutablePointer<Double>, _ x: UnsafePointer<Double>, _ sizes: portable_pooling, countsPadding: Bool
  ) {
    withUnsafePointer(to: sizes) { portable_average_pool_forward_f64(y, x, $0, countsPadding ? 1 : 0) }
  }

  static func averagePoolBackward(
    _ dx: UnsafeMutablePointer<Double>, _ dy: UnsafePointer<Double>, _ sizes: portable_pooling, countsPadding: Bool
  ) {
    withUnsafePointer(to: sizes) { portable_average_pool_backward_f64(dx, dy, $0, countsPadding ? 1 : 0) }
  }

  static func addResidual(_ r: UnsafePointer<Double>, to y: UnsafeMutablePointer<Double>, count: Int) {
    portable_add_residual_f64(y, r, count)
  }

  static func activate(
    _ h: UnsafeMutablePointer<Double>, count: Int, _ activation: portable_activation, parameter: Double
  ) {
    portable_activation_f64(h, h, count, activation, parameter)
  }
}
