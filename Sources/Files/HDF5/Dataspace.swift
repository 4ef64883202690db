import CHDF5

extension HDF5File {
  /// Extents of a data space; empty for a scalar, nil for an empty one.
  static func extents(_ space: hid_t, _ site: CallSite) throws(HDF5Error) -> [Int]? {
    switch H5Sget_simple_extent_type(space) {
    case H5S_SCALAR: return []
    case H5S_NULL: return nil
    case H5S_SIMPLE: break
    default: throw site.error("its shape cannot be read")
    }
    let rank = Int(try site.check("H5Sget_simple_extent_ndims") { H5Sget_simple_extent_ndims(space) })
    var sizes = [hsize_t](repeating: 0, count: max(rank, 1))
    let status = sizes.withUnsafeMutableBufferPointer { H5Sget_simple_extent_dims(space, $0.baseAddress, nil) }
    try site.check("H5Sget_simple_extent_dims") { status }
    var shape: [Int] = []
    for size in sizes.prefix(rank) {
      guard let extent = Int(exactly: size) else { throw site.error("has an extent of \(size)") }
      shape.append(extent)
    }
    return shape
  }

  static func dataspace(_ shape: [Int], _ site: CallSite) throws(HDF5Error) -> Handle {
    let sizes = shape.map { hsize_t($0) }
    return try Handle(site, "H5Screate", close: H5Sclose) {
      sizes.isEmpty ? H5Screate(H5S_SCALAR) : H5Screate_simple(Int32(sizes.count), sizes, nil)
    }
  }

  /// Product of the extents, and whether it, or its size in bytes, exceeds `Int`.
  static func elementCount(_ shape: [Int], bytesEach: Int) -> (count: Int, overflow: Bool) {
    if shape.contains(0) { return (0, false) }
    var count = 1
    for extent in shape {
      let (product, overflow) = count.multipliedReportingOverflow(by: extent)
      if overflow { return (0, true) }
      count = product
    }
    return (count, count.multipliedReportingOverflow(by: bytesEach).overflow)
  }
}
