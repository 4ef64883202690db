internal import CComputeKernels
internal import COneDNN

/// The maximum over square windows without padding, for the activations of a given layout, and its gradient.
///
/// Of equal elements the first one (in C order of the window) receives the gradient. The portable kernel passes NaN on;
/// oneDNN's skips it (a window of nothing but NaN gives the lowest finite number): check parameters, not pooled values,
/// for finiteness.
public final class MaxPoolKernel: Sendable {
  /// Layout of x and of dx: that of the preceding kernel.
  public let source: ActivationLayout
  /// Layout of y and of dy.
  public let destination: ActivationLayout
  /// Bytes in which `forward` leaves the winners for `backward`.
  public let workspaceBytes: Int
  private let implementation: Implementation

  private enum Implementation: Sendable {
    case oneDNN(forward: OneDNNPrimitive, backward: OneDNNPrimitive)
    case portable(planes: Int, kernelSize: Int, stride: Int)
  }

  /// - Parameters:
  ///   - layout: of images (channels, height, width).
  ///   - kernelSize: height and width of a window.
  ///   - stride: between windows, in both directions. Elements beyond the last whole window are ignored.
  /// - Throws: `KernelError` for sizes that do not fit.
  public init(after layout: ActivationLayout, kernelSize: Int, stride: Int, library: KernelLibrary) throws {
    let shape = layout.shape
    let name = "a maximum over windows of size \(kernelSize), stride \(stride), of images \(shape)"
    guard shape.count == 3, kernelSize > 0, stride > 0, shape[1] >= kernelSize, shape[2] >= kernelSize else {
      throw KernelError("\(name): sizes must be positive, and the window no larger than the image")
    }
    let pooled = [shape[0], (shape[1] - kernelSize) / stride + 1, (shape[2] - kernelSize) / stride + 1]
    source = layout
    switch try library.serving(layout.precision, for: name) {
    case .portable:
      guard layout.isPlain else { throw KernelError("\(name): the portable kernel needs a plain layout") }
      destination = try .plain(rows: layout.rows, shape: pooled, precision: layout.precision, library: .portable)
      workspaceBytes = layout.rows * pooled.reduce(1, *) * MemoryLayout<Int32>.stride
      implementation = .portable(planes: layout.rows * shape[0], kernelSize: kernelSize, stride: stride)
    case .oneDNN:
      var sizes = cdnn_max_pool(
        batch: Int64(layout.rows), channels: Int64(shape[0]), height: Int64(shape[1]), width: Int64(shape[2]),
        kernel: Int64(kernelSize), stride: Int64(stride), type: layout.precision.oneDNNType)
      let description = try layout.oneDNNDescription(shape: shape)
      let forward = try OneDNNPrimitive(name) { cdnn_max_pool_forward_create($0, &sizes, description.raw) }
      let backward = try OneDNNPrimitive("the gradient of \(name)") {
        cdnn_max_pool_backward_create($0, &sizes, forward.raw)
      }
      destination = try ActivationLayout(
        of: forward, CDNN_DESTINATION, rows: layout.rows, shape: pooled, precision: layout.precision)
      workspaceBytes = forward.bytes(CDNN_WORKSPACE)
      implementation = .oneDNN(forward: forward, backward: backward)
    }
  }

  /// What computes it.
  public var implementations: KernelImplementations {
    switch implementation {
    case .oneDNN(let forward, let backward):
      KernelImplementations(forward: forward.implementation, toInput: backward.implementation, toWeights: nil)
    case .portable:
      KernelImplementations(forward: "portable", toInput: "portable", toWeights: nil)
    }
  }

  /// y and the winners from x.
  public func forward(
    _ x: UnsafeRawPointer, into y: UnsafeMutableRawPointer, workspace: UnsafeMutableRawPointer, worker: KernelWorker
  ) throws {
    switch implementation {
    case .oneDNN(let forward, _):
      try forward.run(worker, source: x, into: y, workspace: workspace)
    case .portable(let planes, let kernelSize, let stride):
      var sizes = portableSizes(planes, kernelSize, stride)
      let winners = workspace.assumingMemoryBound(to: Int32.self)
      if source.precision == .float64 {
        portable_max_pool_forward_f64(y.bound(), winners, x.bound(), &sizes)
      } else {
        portable_max_pool_forward_f32(y.bound(), winners, x.bound(), &sizes)
      }
    }
  }

  /// dx from dy and the winners that `forward` left. dx is overwritten.
  public func backward(
    _ dy: UnsafeRawPointer, into dx: UnsafeMutableRawPointer, workspace: UnsafeRawPointer, worker: KernelWorker
  ) throws {
    switch implementation {
    case .oneDNN(_, let backward):
      try backward.run(worker, source: dy, into: dx, workspace: UnsafeMutableRawPointer(mutating: workspace))
    case .portable(let planes, let kernelSize, let stride):
      var sizes = portableSizes(planes, kernelSize, stride)
      let winners = workspace.assumingMemoryBound(to: Int32.self)
      if source.precision == .float64 {
        portable_max_pool_backward_f64(dx.bound(), dy.bound(), winners, &sizes)
      } else {
        portable_max_pool_backward_f32(dx.bound(), dy.bound(), winners, &sizes)
      }
    }
  }

  private func portableSizes(_ planes: Int, _ kernelSize: Int, _ stride: Int) -> portable_max_pool {
    portable_max_pool(
      planes: planes, height: source.shape[1], width: source.shape[2], kernel: kernelSize, stride: stride)
  }
}
