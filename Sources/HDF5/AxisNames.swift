import CHDF5

extension HDF5File {
  /// What a data set calls each of its axes: the last components of the paths of the dimension scales attached to the
  /// axis, the axis' own label, and the name that the attribute `_ARRAY_DIMENSIONS` gives it, as xarray writes it where
  /// there are no dimension scales.
  ///
  /// A list of scales that cannot be followed (one of them was deleted, for example) says nothing, and is no error.
  ///
  /// - Returns: One list of names for each axis, empty where nothing is said.
  public func axisNames(of datasetPath: String) throws(HDF5Error) -> [[String]] {
    let site = CallSite(file: path, path: datasetPath)
    let listed = (try? texts("_ARRAY_DIMENSIONS", of: datasetPath)) ?? []
    return try Library.locked { () throws(HDF5Error) -> [[String]] in
      let dataset = try openObject(site)
      let space = try Handle(site, "H5Dget_space", close: H5Sclose) { H5Dget_space(dataset.id) }
      let rank = try Self.extents(space.id, site)?.count ?? 0
      let names = (0..<rank).map { axis in
        Self.scaleNames(dataset.id, UInt32(axis)) + [Self.label(dataset.id, UInt32(axis))].compactMap { $0 }
          + (listed.count == rank ? [listed[axis]] : [])
      }
      _ = H5Eclear2(hid_t(H5E_DEFAULT))
      return names
    }
  }

  private static let nameLimit = 1024

  private static func scaleNames(_ dataset: hid_t, _ axis: UInt32) -> [String] {
    final class Names { var list: [String] = [] }
    let names = Names()
    guard H5DSget_num_scales(dataset, axis) > 0 else { return [] }
    _ = H5DSiterate_scales(
      dataset, axis, nil,
      { _, _, scale, context in
        guard let context else { return 0 }
        let names = Unmanaged<Names>.fromOpaque(context).takeUnretainedValue()
        let path = HDF5File.text { H5Iget_name(scale, $0, $1) }
        if let last = path?.split(separator: "/").last { names.list.append(String(last)) }
        return 0
      }, Unmanaged.passUnretained(names).toOpaque())
    return names.list
  }

  private static func label(_ dataset: hid_t, _ axis: UInt32) -> String? {
    text { H5DSget_label(dataset, axis, $0, $1) }
  }

  /// A name, nil where there is none or it is too long to be one.
  private static func text(_ body: (UnsafeMutablePointer<CChar>?, Int) -> Int) -> String? {
    var bytes = [CChar](repeating: 0, count: nameLimit)
    let length = bytes.withUnsafeMutableBufferPointer { body($0.baseAddress, $0.count) }
    guard length > 0, length < nameLimit else { return nil }
    return String(validating: bytes.prefix(length).map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }
}
