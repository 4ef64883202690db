internal import CComputeKernels
internal import RobustnessCore

/// A cross-correlation without its bias: weights (filters, channels / groups, kernel height, kernel width).
final class ConvolutionMap: LinearMap {
  private let shape: [Int]
  private let output: [Int]
  private let groups: Int
  private let vertical: portable_axis
  private let horizontal: portable_axis
  private let weights: [Double]
  private let magnitudes: [Double]
  private let zeros: [Double]

  init(_ weights: [Double], window: Window, groups: Int, shape: [Int], output: [Int]) {
    self.weights = weights
    self.shape = shape
    self.output = output
    self.groups = groups
    func axis(_ index: Int, _ before: Int, _ after: Int) -> portable_axis {
      portable_axis(
        length: shape[index + 1], window: window.kernel[index], stride: window.stride[index],
        dilation: window.dilation[index], before: before, after: after)
    }
    vertical = axis(0, window.padding[0], window.padding[1])
    horizontal = axis(1, window.padding[2], window.padding[3])
    magnitudes = weights.map(abs)
    zeros = [Double](repeating: 0, count: output[0])
  }

  var inputCount: Int { shape.reduce(1, *) }
  var outputCount: Int { output.reduce(1, *) }
  var bytes: Int { 2 * 8 * weights.count }
  var longestRow: Int { weights.count / output[0] }
  var longestColumn: Int { weights.count / shape[0] }
  var multiplications: Double { Double(weights.count) * Double(output[1] * output[2]) }

  private func run(_ rows: Int, _ body: (UnsafeMutablePointer<Double>, UnsafePointer<portable_convolution>) -> Void) {
    var sizes = portable_convolution(
      rows: rows, channels: shape[0], filters: output[0], groups: groups, vertical: vertical, horizontal: horizontal)
    let count = portable_convolution_scratch(&sizes)
    withUnsafeTemporaryAllocation(of: Double.self, capacity: count) { body($0.baseAddress!, &sizes) }
  }

  func apply(_ x: UnsafePointer<Double>, rows: Int, to y: UnsafeMutablePointer<Double>) {
    run(rows) { portable_convolution_forward_f64(y, x, weights, zeros, $0, $1) }
  }

  func applyMagnitudes(_ x: UnsafePointer<Double>, rows: Int, to y: UnsafeMutablePointer<Double>) {
    run(rows) { portable_convolution_forward_f64(y, x, magnitudes, zeros, $0, $1) }
  }

  func applyTransposed(_ a: UnsafePointer<Double>, rows: Int, to y: UnsafeMutablePointer<Double>) {
    run(rows) { portable_convolution_to_input_f64(y, a, weights, $0, $1) }
  }
}
