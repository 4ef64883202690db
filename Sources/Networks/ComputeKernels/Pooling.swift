internal import CComputeKernels
internal import COneDNN

/// One number for each window of an activation's images, and its gradient: what the pooling kernels share.
struct Pooling: Sendable {
  enum Kind: Sendable {
    case maximum
    case average(countsPadding: Bool)
  }

  let source: ActivationLayout
  let destination: ActivationLayout
  /// Bytes in which `forward` leaves the winners of a maximum.
  let workspaceBytes: Int
  private let implementation: Implementation

  private enum Implementation: Sendable {
    case oneDNN(forward: OneDNNPrimitive, backward: OneDNNPrimitive)
    case portable(kind: Kind, planes: Int, vertical: WindowAxis, horizontal: WindowAxis)
  }

  init(_ kind: Kind, _ windows: Windows, after layout: ActivationLayout, library: KernelLibrary) throws {
    let shape = layout.shape
    let name = Self.name(kind, windows, shape)
    guard shape.count == 3 else { throw KernelError("\(name): images are (channels, height, width)") }
    try windows.check(height: shape[1], width: shape[2], for: name)
    let (vertical, horizontal) = windows.axes(height: shape[1], width: shape[2])
    for axis in [vertical, horizontal] where axis.before >= axis.window || axis.after >= axis.window {
      throw KernelError("\(name): padding must be smaller than the window, or a window would hold nothing else")
    }
    guard shape[1] * shape[2] <= WindowAxis.limit else { throw KernelError("\(name): the images are too large") }
    let pooled = [shape[0], vertical.positions, horizontal.positions]
    source = layout
    switch try library.serving(layout.precision, for: name) {
    case .portable:
      guard layout.isPlain else { throw KernelError("\(name): the portable kernel needs a plain layout") }
      destination = try .plain(rows: layout.rows, shape: pooled, precision: layout.precision, library: .portable)
      if case .maximum = kind {
        workspaceBytes = layout.rows * pooled.reduce(1, *) * MemoryLayout<Int32>.stride
      } else {
        workspaceBytes = 0
      }
      implementation = .portable(
        kind: kind, planes: layout.rows * shape[0], vertical: vertical, horizontal: horizontal)
    case .oneDNN:
      var sizes = cdnn_pooling(
        kind: kind.oneDNN, batch: Int64(layout.rows), channels: Int64(shape[0]), height: Int64(shape[1]),
        width: Int64(shape[2]), windows: windows.oneDNN, type: layout.precision.oneDNNType)
      let description = try layout.oneDNNDescription(shape: shape)
      let forward = try OneDNNPrimitive(name) { cdnn_pooling_forward_create($0, &sizes, description.raw) }
      let backward = try OneDNNPrimitive("the gradient of \(name)") {
        cdnn_pooling_backward_create($0, &sizes, forward.raw)
      }
      destination = try ActivationLayout(
        of: forward, CDNN_DESTINATION, rows: layout.rows, shape: pooled, precision: layout.precision)
      workspaceBytes = forward.bytes(CDNN_WORKSPACE)
      implementation = .oneDNN(forward: forward, backward: backward)
    }
  }

  private static func name(_ kind: Kind, _ windows: Windows, _ shape: [Int]) -> String {
    let what =
      switch kind {
      case .maximum: "a maximum"
      case .average: "an average"
      }
    let padding = windows.padding == .none ? "" : ", padding \(windows.padding)"
    return "\(what) over windows of size \(windows.size), stride \(windows.stride)\(padding), of images \(shape)"
  }

  var implementations: KernelImplementations {
    switch implementation {
    case .oneDNN(let forward, let backward):
      KernelImplementations(forward: forward.implementation, toInput: backward.implementation, toWeights: nil)
    case .portable:
      KernelImplementations(forward: "portable", toInput: "portable", toWeights: nil)
    }
  }

  func forward(
    _ x: UnsafeRawPointer, into y: UnsafeMutableRawPointer, workspace: UnsafeMutableRawPointer?, worker: KernelWorker
  ) throws {
    switch implementation {
    case .oneDNN(let forward, _):
      try forward.run(worker, source: x, into: y, workspace: workspace)
    case .portable(let kind, let planes, let vertical, let horizontal):
      let sizes = portable_pooling(planes: planes, vertical: vertical.portable, horizontal: horizontal.portable)
      func run<Scalar: PortableScalar>(_: Scalar.Type) {
        let (y, x): (UnsafeMutablePointer<Scalar>, UnsafePointer<Scalar>) = (y.bound(), x.bound())
        switch kind {
        case .maximum:
          if let workspace { Scalar.maxPoolForward(y, workspace.bound(), x, sizes) }
        case .average(let countsPadding): Scalar.averagePoolForward(y, x, sizes, countsPadding: countsPadding)
        }
      }
      if source.precision == .float64 { run(Double.self) } else { run(Float.self) }
    }
  }

  func backward(
    _ dy: UnsafeRawPointer, into dx: UnsafeMutableRawPointer, workspace: UnsafeRawPointer?, worker: KernelWorker
  ) throws {
    switch implementation {
    case .oneDNN(_, let backward):
      try backward.run(worker, source: dy, into: dx, workspace: workspace.map { UnsafeMutableRawPointer(mutating: $0) })
    case .portable(let kind, let planes, let vertical, let horizontal):
      let sizes = portable_pooling(planes: planes, vertical: vertical.portable, horizontal: horizontal.portable)
      func run<Scalar: PortableScalar>(_: Scalar.Type) {
        let (dx, dy): (UnsafeMutablePointer<Scalar>, UnsafePointer<Scalar>) = (dx.bound(), dy.bound())
        switch kind {
        case .maximum:
          if let workspace { Scalar.maxPoolBackward(dx, dy, workspace.bound(), sizes) }
        case .average(let countsPadding): Scalar.averagePoolBackward(dx, dy, sizes, countsPadding: countsPadding)
        }
      }
      if source.precision == .float64 { run(Double.self) } else { run(Float.self) }
    }
  }
}

extension Pooling.Kind {
  fileprivate var oneDNN: cdnn_pooling_kind {
    switch self {
    case .maximum: CDNN_MAXIMUM
    case .average(countsPadding: false): CDNN_AVERAGE
    case .average(countsPadding: true): CDNN_AVERAGE_WITH_PADDING
    }
  }
}
