import CHDF5

extension HDF5File {
  /// What a data set calls each of its axes: the last components of the paths of the dimension scales attached to the
  /// axis, the axis' own label, and the name that the attribute `_ARRAY_DIMENSIONS` gives it, as xarray writes it where
  /// there are no dimension scales.
  ///
  /// A list of scales that cannot be followed (one of them was deleted, for example) says nothing, and is no error.
  ///
  /// - Returns: One list of names for each axis, empty where nothing is said.
  /// - Throws: `HDF5Error` also for a list that cannot be read at all. A damaged one may claim to be longer than the
  ///   memory of the machine: where the checking process, whose memory is limited, cannot read it, no other may try.
  public func axisNames(of datasetPath: String) throws(HDF5Error) -> [[String]] {
    let site = CallSite(file: path, path: datasetPath)
    let listed = (try? texts("_ARRAY_DIMENSIONS", of: datasetPath)) ?? []
    return try Library.locked { () throws(HDF5Error) -> [[String]] in
      let dataset = try openObject(site)
      let space = try Handle(site, "H5Dget_space", close: H5Sclose) { H5Dget_space(dataset.id) }
      let rank = try Self.extents(space.id, site)?.count ?? 0
      let hasScales = Self.isList("DIMENSION_LIST", of: dataset.id, count: rank, isReferenceList)
      let hasLabels = Self.isList("DIMENSION_LABELS", of: dataset.id, count: rank) { H5Tis_variable_str($0) > 0 }
      let names = try (0..<rank).map { axis throws(HDF5Error) in
        (hasScales ? try Self.scaleNames(dataset.id, UInt32(axis), site) : [])
          + (hasLabels ? [Self.label(dataset.id, UInt32(axis))] : []).compactMap { $0 }
          + (listed.count == rank ? [listed[axis]] : [])
      }
      _ = H5Eclear2(hid_t(H5E_DEFAULT))
      return names
    }
  }

  /// Whether an attribute is what the library takes it for without looking, one element for each axis: of another type
  /// or another length, it reads beyond its memory, which ends a program or, by chance, does not.
  private static func isList(
    _ name: String, of dataset: hid_t, count: Int, _ isElement: (hid_t) -> Bool
  ) -> Bool {
    guard H5Aexists(dataset, name) > 0 else { return false }
    let attribute = H5Aopen(dataset, name, hid_t(H5P_DEFAULT))
    guard attribute >= 0 else { return false }
    defer { H5Aclose(attribute) }
    let (type, space) = (H5Aget_type(attribute), H5Aget_space(attribute))
    defer {
      if type >= 0 { H5Tclose(type) }
      if space >= 0 { H5Sclose(space) }
    }
    guard type >= 0, space >= 0, H5Sget_simple_extent_ndims(space) == 1 else { return false }
    return H5Sget_simple_extent_npoints(space) == Int64(count) && isElement(type)
  }

  private static let nameLimit = 1024

  private static func scaleNames(_ dataset: hid_t, _ axis: UInt32, _ site: CallSite) throws(HDF5Error) -> [String] {
    final class Names { var list: [String] = [] }
    let names = Names()
    let count = H5DSget_num_scales(dataset, axis)
    if count < 0 {
      _ = H5Eclear2(hid_t(H5E_DEFAULT))
      throw site.error("has a list of dimension scales that cannot be read")
    }
    guard count > 0 else { return [] }
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

/// Whether elements are lists of object references.
private func isReferenceList(_ type: hid_t) -> Bool {
  guard H5Tget_class(type) == H5T_VLEN else { return false }
  let base = H5Tget_super(type)
  guard base >= 0 else { return false }
  defer { H5Tclose(base) }
  return H5Tget_class(base) == H5T_REFERENCE
}
