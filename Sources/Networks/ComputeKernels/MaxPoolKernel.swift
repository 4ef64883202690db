/// The maximum over windows of images, for the activations of a given layout, and its gradient.
///
/// Padding is −∞: it is never the maximum, and receives no gradient. Of equal elements the first one (in C order of the
/// window) receives the gradient. The portable kernel passes NaN on; oneDNN's skips it (a window of nothing but NaN
/// gives the lowest finite number): check parameters, not pooled values, for finiteness.
public final class MaxPoolKernel: Sendable {
  private let pooling: Pooling

  /// - Parameters:
  ///   - layout: of images (channels, height, width).
  ///   - kernel: size of a window.
  ///   - stride: between windows. Elements beyond the last whole window are ignored.
  ///   - padding: around the images, smaller than the window.
  /// - Throws: `KernelError` for sizes that do not fit.
  public init(
    after layout: ActivationLayout, kernel: ImageExtent, stride: ImageExtent, padding: ImagePadding = .none,
    library: KernelLibrary
  ) throws {
    let windows = Windows(size: kernel, stride: stride, padding: padding)
    pooling = try Pooling(.maximum, windows, after: layout, library: library)
  }

  /// Square windows without padding.
  ///
  /// - Parameters:
  ///   - layout: of images (channels, height, width).
  ///   - kernelSize: height and width of a window.
  ///   - stride: between windows, in both directions. Elements beyond the last whole window are ignored.
  /// - Throws: `KernelError` for sizes that do not fit.
  public convenience init(
    after layout: ActivationLayout, kernelSize: Int, stride: Int, library: KernelLibrary
  ) throws {
    try self.init(after: layout, kernel: ImageExtent(kernelSize), stride: ImageExtent(stride), library: library)
  }

  /// Layout of x and of dx: that of the preceding kernel.
  public var source: ActivationLayout { pooling.source }

  /// Layout of y and of dy.
  public var destination: ActivationLayout { pooling.destination }

  /// Bytes in which `forward` leaves the winners for `backward`.
  public var workspaceBytes: Int { pooling.workspaceBytes }

  /// What computes it.
  public var implementations: KernelImplementations { pooling.implementations }

  /// y and the winners from x.
  public func forward(
    _ x: UnsafeRawPointer, into y: UnsafeMutableRawPointer, workspace: UnsafeMutableRawPointer, worker: KernelWorker
  ) throws {
    try pooling.forward(x, into: y, workspace: workspace, worker: worker)
  }

  /// dx from dy and the winners that `forward` left. dx is overwritten.
  public func backward(
    _ dy: UnsafeRawPointer, into dx: UnsafeMutableRawPointer, workspace: UnsafeRawPointer, worker: KernelWorker
  ) throws {
    try pooling.backward(dy, into: dx, workspace: workspace, worker: worker)
  }
}
