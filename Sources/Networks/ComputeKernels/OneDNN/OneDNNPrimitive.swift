internal import COneDNN

/// A compiled primitive of oneDNN: immutable, and free to run on many threads at once, each with its own worker.
///
/// `Sendable` without a check, because it holds a handle: oneDNN lets many threads run a primitive at once as long as
/// streams and scratchpads are their own, and the handle is given back once, when nobody has it any longer.
final class OneDNNPrimitive: @unchecked Sendable {
  let raw: OpaquePointer

  init(_ what: @autoclosure () -> String, _ create: (UnsafeMutablePointer<OpaquePointer?>) -> Int32) throws {
    var made: OpaquePointer?
    let status = create(&made)
    guard status == 0, let made else {
      throw KernelError("oneDNN refused \(what()): \(String(cString: cdnn_status_text(status)))")
    }
    raw = made
  }

  deinit { cdnn_primitive_destroy(raw) }

  func bytes(_ slot: cdnn_slot) -> Int { cdnn_primitive_bytes(raw, slot) }

  /// oneDNN's name of the code that it chose or generated.
  var implementation: String { String(cString: cdnn_primitive_implementation(raw)) }

  /// Whether it is code for whatever nothing better is there for: a matrix product of patches, or the plain definition.
  var isGeneric: Bool { implementation.contains("gemm") || implementation.contains("ref") }

  func run(
    _ worker: KernelWorker, source: UnsafeRawPointer, weights: UnsafeRawPointer? = nil, bias: UnsafeRawPointer? = nil,
    into destination: UnsafeMutableRawPointer, workspace: UnsafeMutableRawPointer? = nil,
    residual: UnsafeRawPointer? = nil
  ) throws {
    guard let stream = worker.stream else {
      throw KernelError(
        "a worker of the portable kernels cannot run a kernel of oneDNN: make it with KernelWorker(.oneDNN)")
    }
    let status = cdnn_run(stream, raw, source, weights, bias, destination, workspace, residual)
    guard status == 0 else {
      throw KernelError("oneDNN failed to run \(implementation): \(String(cString: cdnn_status_text(status)))")
    }
  }
}

/// oneDNN's description of an array in memory.
///
/// `Sendable` without a check, because it holds a handle: a description never changes once it is made, only questions
/// are put to it, and the handle is given back once, when nobody has it any longer.
final class OneDNNLayout: @unchecked Sendable, Equatable {
  let raw: OpaquePointer

  private init(_ create: (UnsafeMutablePointer<OpaquePointer?>) -> Int32) throws {
    var made: OpaquePointer?
    let status = create(&made)
    guard status == 0, let made else {
      throw KernelError("oneDNN cannot describe an array: \(String(cString: cdnn_status_text(status)))")
    }
    raw = made
  }

  convenience init(of primitive: OneDNNPrimitive, _ slot: cdnn_slot) throws {
    try self.init { cdnn_layout_create_of($0, primitive.raw, slot) }
  }

  static func plain(_ sizes: [Int], _ precision: Precision) throws -> OneDNNLayout {
    let sizes = sizes.map(Int64.init)
    return try OneDNNLayout { cdnn_layout_create_plain($0, Int32(sizes.count), sizes, precision.oneDNNType) }
  }

  deinit { cdnn_layout_destroy(raw) }

  var bytes: Int { cdnn_layout_bytes(raw) }
  var rowsAreContiguous: Bool { cdnn_layout_rows_are_contiguous(raw) }
  /// Nil where channels lie neither in C order nor in blocks.
  var channelBlock: Int? {
    let block = cdnn_layout_channel_block(raw)
    return block < 1 ? nil : Int(block)
  }
  var paddedChannels: Int { Int(cdnn_layout_padded_channels(raw)) }
  static func == (a: OneDNNLayout, b: OneDNNLayout) -> Bool { cdnn_layout_equal(a.raw, b.raw) }
}

extension Precision {
  /// oneDNN has no float64 on CPUs; `KernelLibrary.serving` keeps it away from here.
  var oneDNNType: cdnn_type { self == .bfloat16 ? CDNN_BFLOAT16 : CDNN_FLOAT32 }
}

extension FusedActivation {
  var oneDNN: cdnn_activation {
    switch self {
    case .none: CDNN_IDENTITY
    case .relu: CDNN_RELU
    case .leakyReLU: CDNN_LEAKY_RELU
    case .clipped: CDNN_CLIPPED
    }
  }

  /// The number that belongs to it.
  var oneDNNParameter: Float {
    switch self {
    case .none, .relu: 0
    case .leakyReLU(let slope): Float(slope)
    case .clipped(let upper): Float(upper)
    }
  }
}
