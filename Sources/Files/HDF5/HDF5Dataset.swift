import CHDF5
import Synchronization

/// An open data set: its type and shape, and its values, whole or by blocks.
public final class HDF5Dataset: Sendable {
  /// How the values lie in the file.
  public enum Layout: Sendable, Hashable {
    /// In one piece.
    case contiguous
    /// Inside the object header.
    case compact
    /// In chunks of this shape.
    case chunked([Int])
  }

  /// The path of the file.
  public let file: String
  /// The path inside the file.
  public let path: String
  /// The stored type.
  public let type: StoredType
  /// Extent of every dimension; empty for a scalar, nil for an empty data space.
  public let shape: [Int]?
  /// How the values lie in the file.
  public let layout: Layout
  /// Whether the values are compressed (deflate).
  public let isCompressed: Bool
  /// Whether every chunk carries a checksum (Fletcher-32).
  public let hasChecksum: Bool
  /// Bytes that the values take in the file; 0 when nothing was ever written.
  public let storedByteCount: UInt64
  /// Chunks that were written; nil when the layout is not chunked.
  public let storedChunkCount: Int?
  /// What the library fills values with that were never written, in the stored representation; nil where nobody chose
  /// it, and it is zero.
  public let fillValue: [UInt8]?
  /// Whether the numbers are truth values as h5py stores them, an enumeration of FALSE and TRUE; ``type`` then is
  /// `|i1`.
  public let isEnumeration: Bool

  private let id: hid_t
  private let isClosed = Atomic(false)
  // Keeps the file open for as long as the data set is.
  private let owner: HDF5File

  init(_ owner: HDF5File, _ path: String, _ id: hid_t, _ properties: DatasetProperties) {
    self.owner = owner
    self.file = owner.path
    self.path = path
    self.id = id
    self.type = properties.type
    self.shape = properties.shape
    self.layout = properties.layout
    self.isCompressed = properties.isCompressed
    self.hasChecksum = properties.hasChecksum
    self.storedByteCount = properties.storedByteCount
    self.storedChunkCount = properties.storedChunkCount
    self.fillValue = properties.fillValue
    self.isEnumeration = properties.isEnumeration
  }

  deinit {
    if !isClosed.load(ordering: .relaxed) { Library.release(id, H5Dclose) }
  }

  /// Closes the data set, after which it must not be used. Without this call it is closed with its last reference,
  /// silently.
  ///
  /// - Throws: when values that were still in memory could not be written.
  public func close() throws(HDF5Error) {
    guard !isClosed.exchange(true, ordering: .relaxed) else { return }
    try Library.locked { () throws(HDF5Error) in
      try site.check("H5Dclose") { H5Dclose(id) }
    }
  }

  /// Number of values; nil when the data space is empty or the number exceeds what fits in memory's address range.
  public var elementCount: Int? {
    guard let shape else { return nil }
    let (count, overflow) = HDF5File.elementCount(shape, bytesEach: 8)
    return overflow ? nil : count
  }

  private var site: CallSite { CallSite(file: file, path: path) }

  // MARK: - Reading

  /// Reads a block into the caller's memory, converted to `element`.
  ///
  /// - Parameters:
  ///   - start: First index along every dimension.
  ///   - count: Extent of the block along every dimension; at least 1 each.
  ///   - element: The representation in `buffer`.
  ///   - buffer: Exactly as many bytes as the block needs.
  public func read(
    start: [Int], count: [Int], as element: ElementType, into buffer: UnsafeMutableRawBufferPointer
  ) throws(HDF5Error) {
    let address = UInt(bitPattern: buffer.baseAddress)
    let size = buffer.count
    try select(start, count, element, size) { (memory, selection) throws(HDF5Error) in
      try site.check("H5Dread") {
        H5Dread(
          id, element.identifier, memory, selection, hid_t(H5P_DEFAULT), UnsafeMutableRawPointer(bitPattern: address))
      }
    }
  }

  /// Reads every value in C order.
  ///
  /// The caller has checked that the number of values is acceptable.
  public func readAll<T: HDF5Scalar>(as type: T.Type = T.self) throws(HDF5Error) -> [T] {
    guard let shape, let count = elementCount else { throw site.error("has no readable shape") }
    var values = [T](repeating: .zero, count: count)
    guard count > 0 else { return values }
    let result = values.withUnsafeMutableBytes { buffer -> Result<Void, HDF5Error> in
      Result { () throws(HDF5Error) in
        try read(start: shape.map { _ in 0 }, count: shape, as: T.elementType, into: buffer)
      }
    }
    try result.get()
    return values
  }

  // MARK: - Writing

  /// Writes a block from the caller's memory.
  public func write(
    start: [Int], count: [Int], as element: ElementType, from buffer: UnsafeRawBufferPointer
  ) throws(HDF5Error) {
    let address = UInt(bitPattern: buffer.baseAddress)
    let size = buffer.count
    try select(start, count, element, size) { (memory, selection) throws(HDF5Error) in
      try site.check("H5Dwrite") {
        H5Dwrite(id, element.identifier, memory, selection, hid_t(H5P_DEFAULT), UnsafeRawPointer(bitPattern: address))
      }
    }
  }

  /// Writes every value in C order.
  public func writeAll<T: HDF5Scalar>(_ values: [T]) throws(HDF5Error) {
    guard let shape else { throw site.error("has no shape to fill") }
    guard !values.isEmpty else { return }
    let result = values.withUnsafeBytes { buffer -> Result<Void, HDF5Error> in
      Result { () throws(HDF5Error) in
        try write(start: shape.map { _ in 0 }, count: shape, as: T.elementType, from: buffer)
      }
    }
    try result.get()
  }

  /// Checks a block against the shape and the buffer, then calls `body` with its data spaces in memory and in the file.
  private func select(
    _ start: [Int], _ count: [Int], _ element: ElementType, _ byteCount: Int,
    _ body: (hid_t, hid_t) throws(HDF5Error) -> Void
  ) throws(HDF5Error) {
    guard let shape, start.count == shape.count, count.count == shape.count else {
      throw site.error("a block of rank \(count.count) does not fit its shape")
    }
    for axis in shape.indices {
      guard start[axis] >= 0, count[axis] >= 1, count[axis] <= shape[axis], start[axis] <= shape[axis] - count[axis]
      else { throw site.error("the block at \(start) of shape \(count) is outside the shape \(shape)") }
    }
    let (elements, overflow) = HDF5File.elementCount(count, bytesEach: element.byteCount)
    guard !overflow, elements * element.byteCount == byteCount else {
      throw site.error("a buffer of \(byteCount) bytes does not fit a block of shape \(count)")
    }
    let offsets = start.map { hsize_t($0) }
    let sizes = count.map { hsize_t($0) }
    try Library.locked { () throws(HDF5Error) in
      let memory = try HDF5File.dataspace(count, site)
      let selection = try Handle(site, "H5Dget_space", close: H5Sclose) { H5Dget_space(id) }
      if !shape.isEmpty {
        try site.check("H5Sselect_hyperslab") {
          H5Sselect_hyperslab(selection.id, H5S_SELECT_SET, offsets, nil, sizes, nil)
        }
      }
      try body(memory.id, selection.id)
    }
  }
}
