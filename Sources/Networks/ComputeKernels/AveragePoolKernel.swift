/// The mean over windows of images, for the activations of a given layout, and its gradient. A window of the images'
/// size makes it the global average.
public final class AveragePoolKernel: Sendable {
  private let pooling: Pooling

  /// - Parameters:
  ///   - layout: of images (channels, height, width).
  ///   - kernel: size of a window.
  ///   - stride: between windows. Elements beyond the last whole window are ignored.
  ///   - padding: around the images, smaller than the window.
  ///   - countsPadding: every sum is divided by the size of the window (PyTorch's default); else by the number of its
  ///     elements that lie in the image (ONNX, TensorFlow).
  /// - Throws: `KernelError` for sizes that do not fit.
  public init(
    after layout: ActivationLayout, kernel: ImageExtent, stride: ImageExtent, padding: ImagePadding = .none,
    countsPadding: Bool, library: KernelLibrary
  ) throws {
    let windows = Windows(size: kernel, stride: stride, padding: padding)
    pooling = try Pooling(.average(countsPadding: countsPadding), windows, after: layout, library: library)
  }

  /// Layout of x and of dx: that of the preceding kernel.
  public var source: ActivationLayout { pooling.source }

  /// Layout of y and of dy.
  public var destination: ActivationLayout { pooling.destination }

  /// What computes it.
  public var implementations: KernelImplementations { pooling.implementations }

  /// y from x.
  public func forward(_ x: UnsafeRawPointer, into y: UnsafeMutableRawPointer, worker: KernelWorker) throws {
    try pooling.forward(x, into: y, workspace: nil, worker: worker)
  }

  /// dx from dy. dx is overwritten.
  public func backward(_ dy: UnsafeRawPointer, into dx: UnsafeMutableRawPointer, worker: KernelWorker) throws {
    try pooling.backward(dy, into: dx, workspace: nil, worker: worker)
  }
}
