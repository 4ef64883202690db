internal import COneDNN

/// Where the elements of a (rows, …) activation lie.
///
/// oneDNN keeps the images between convolutions in blocks of channels (and pads their number); everything else is in C
/// order. Examples are outermost and contiguous in every layout: row r occupies bytes r·bytes/rows ..<
/// (r+1)·bytes/rows.
public final class ActivationLayout: Sendable {
  /// Number of examples.
  public let rows: Int
  /// Dimensions of one example: (features) or (channels, height, width).
  public let shape: [Int]
  /// Format of the elements.
  public let precision: Precision
  /// Size of the whole activation, padding included.
  public let bytes: Int
  /// Whether the elements are in C order without padding.
  public let isPlain: Bool
  /// How channels lie: 1 where each has its elements together (C order), oneDNN's 8 or 16 where that many lie side by
  /// side at every position, the padded number of channels where all do, and nil where it is something else.
  ///
  /// With a block of b, element (c, s) of a row, channel c at position s of `positions`, is element
  /// ((c / b) · positions + s) · b + c % b of the row.
  public let channelBlock: Int?
  /// The number of channels (or features) for which there is room.
  public let paddedChannels: Int
  /// oneDNN's description; nil for layouts of the portable kernels.
  let description: OneDNNLayout?

  /// Positions of one channel: height · width of an image, 1 for features.
  public var positions: Int { shape.dropFirst().reduce(1, *) }

  /// Elements between the beginnings of two examples, padding included.
  public var elementsPerRow: Int { bytes / rows / precision.bytes }

  /// C order.
  /// - Throws: `KernelError` when `library` cannot serve `precision`.
  public static func plain(
    rows: Int, shape: [Int], precision: Precision, library: KernelLibrary
  ) throws -> ActivationLayout {
    guard rows > 0, !shape.isEmpty, shape.allSatisfy({ $0 > 0 }) else {
      throw KernelError("an activation needs positive sizes, not \(rows) rows of \(shape)")
    }
    switch try library.serving(precision, for: "an activation") {
    case .portable: return ActivationLayout(plainRows: rows, shape: shape, precision: precision, description: nil)
    case .oneDNN:
      let description = try OneDNNLayout.plain([rows] + shape, precision)
      return ActivationLayout(plainRows: rows, shape: shape, precision: precision, description: description)
    }
  }

  private init(plainRows rows: Int, shape: [Int], precision: Precision, description: OneDNNLayout?) {
    self.rows = rows
    self.shape = shape
    self.precision = precision
    self.description = description
    bytes = rows * shape.reduce(1, *) * precision.bytes
    isPlain = true
    channelBlock = 1
    paddedChannels = shape[0]
  }

  /// The layout that a primitive of oneDNN chose.
  init(of primitive: OneDNNPrimitive, _ slot: cdnn_slot, rows: Int, shape: [Int], precision: Precision) throws {
    let description = try OneDNNLayout(of: primitive, slot)
    guard description.rowsAreContiguous, description.bytes % (rows * precision.bytes) == 0 else {
      throw KernelError(
        "oneDNN's \(primitive.implementation) mixes examples in memory, which this package does not expect; "
          + "force the portable kernels and report it with the version of oneDNN")
    }
    self.rows = rows
    self.shape = shape
    self.precision = precision
    self.description = description
    bytes = description.bytes
    channelBlock = description.channelBlock
    paddedChannels = description.paddedChannels
    isPlain = try description == OneDNNLayout.plain([rows] + shape, precision)
  }

  /// oneDNN's description with the dimensions `shape`, which may differ from `self.shape` where the order is C's.
  func oneDNNDescription(shape: [Int]) throws -> OneDNNLayout {
    if shape == self.shape, let description { return description }
    guard isPlain, shape.reduce(1, *) == self.shape.reduce(1, *) else {
      throw KernelError("an activation of shape \(self.shape) in blocks cannot be read as \(shape)")
    }
    return try .plain([rows] + shape, precision)
  }
}
