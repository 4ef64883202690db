internal import CComputeKernels
internal import COneDNN

/// A copy from one layout of an activation to another, with conversion of the number format.
///
/// Two shapes with the same number of elements may differ where one of the layouts is plain: that is how images are
/// flattened for a linear layer.
public final class Reorder: Sendable {
  private let implementation: Implementation

  private enum Implementation: Sendable {
    case oneDNN(OneDNNPrimitive)
    case widen(count: Int)
    case narrow(count: Int)
  }

  private init(_ implementation: Implementation) { self.implementation = implementation }

  /// The copy from one layout to another, or nil when they are equal and nothing needs to be done.
  /// - Throws: `KernelError` when the layouts do not hold the same elements, or for float64 in oneDNN's blocks.
  public static func make(
    from: ActivationLayout, to: ActivationLayout, library: KernelLibrary
  ) throws -> Reorder? {
    let count = from.shape.reduce(1, *)
    guard from.rows == to.rows, count == to.shape.reduce(1, *), from.shape == to.shape || from.isPlain || to.isPlain
    else {
      throw KernelError("\(from.rows) rows of \(from.shape) cannot be reordered to \(to.rows) rows of \(to.shape)")
    }
    if from.isPlain, to.isPlain {
      switch (from.precision, to.precision) {
      case let (old, new) where old == new: return nil
      case (.float32, .float64): return Reorder(.widen(count: from.rows * count))
      case (.float64, .float32): return Reorder(.narrow(count: from.rows * count))
      default: break
      }
    }
    let name = "a reorder of \(from.shape) from \(from.precision) to \(to.precision)"
    guard from.precision != .float64, to.precision != .float64 else {
      throw KernelError("\(name): float64 is only reordered between plain layouts, to and from float32")
    }
    // Either precision may be the one that decides: bfloat16 must be native even where it is only the result.
    let precision = from.precision == .bfloat16 ? from.precision : to.precision
    guard try library.serving(precision, for: name) == .oneDNN else {
      throw KernelError("\(name): layouts in blocks need oneDNN")
    }
    let shape = from.isPlain ? to.shape : from.shape
    let (old, new) = (try from.oneDNNDescription(shape: shape), try to.oneDNNDescription(shape: shape))
    if old == new { return nil }
    return Reorder(.oneDNN(try OneDNNPrimitive(name) { cdnn_reorder_create($0, old.raw, new.raw) }))
  }

  /// Copies x to y, which must not overlap. Padding of y becomes zero.
  public func run(_ x: UnsafeRawPointer, into y: UnsafeMutableRawPointer, worker: KernelWorker) throws {
    switch implementation {
    case .oneDNN(let primitive): try primitive.run(worker, source: x, into: y)
    case .widen(let count): portable_widen(y.bound(), x.bound(), count)
    case .narrow(let count): portable_narrow(y.bound(), x.bound(), count)
    }
  }
}
