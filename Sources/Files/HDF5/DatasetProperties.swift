import CHDF5

/// What is known of a data set before any value is read.
struct DatasetProperties: Sendable {
  var type: StoredType
  var shape: [Int]?
  var layout: HDF5Dataset.Layout
  var isCompressed: Bool
  var hasChecksum: Bool
  var storedByteCount: UInt64
  var storedChunkCount: Int?
  /// What the library fills unwritten values with, in the stored representation, where somebody chose it.
  var fillValue: [UInt8]?
  /// Whether the numbers are truth values as h5py stores them.
  var isEnumeration = false
}

extension DatasetProperties {
  /// Reads the properties of an open data set. Storage outside the file and filters from elsewhere are refused first.
  init(_ dataset: hid_t, _ site: CallSite) throws(HDF5Error) {
    let creation = try Handle(site, "H5Dget_create_plist", close: H5Pclose) { H5Dget_create_plist(dataset) }
    let externalFiles = try site.check("H5Pget_external_count") { H5Pget_external_count(creation.id) }
    guard externalFiles == 0 else { throw site.error("keeps its values in external storage, which is never read") }
    let storage = H5Pget_layout(creation.id)
    guard storage != H5D_VIRTUAL else {
      throw site.error("is a virtual data set over other files (external storage), which is never read")
    }

    isCompressed = false
    hasChecksum = false
    let filters = try site.check("H5Pget_nfilters") { H5Pget_nfilters(creation.id) }
    for index in 0..<UInt32(filters) {
      var flags: UInt32 = 0
      var valueCount = 0
      let filter = try site.check("H5Pget_filter2") {
        H5Pget_filter2(creation.id, index, &flags, &valueCount, nil, 0, nil, nil)
      }
      switch filter {
      case H5Z_FILTER_DEFLATE: isCompressed = true
      case H5Z_FILTER_FLETCHER32: hasChecksum = true
      case H5Z_FILTER_SHUFFLE: break
      default:
        throw site.error(
          "uses filter number \(filter); only deflate, shuffle and Fletcher-32 are allowed, never a user-defined filter"
        )
      }
    }

    let typeHandle = try Handle(site, "H5Dget_type", close: H5Tclose) { H5Dget_type(dataset) }
    type = try StoredType(typeHandle.id, site)
    if Self.isTruth(typeHandle.id) { (type, isEnumeration) = (.number(.int8), true) }
    fillValue = try Self.fillValue(creation.id, typeHandle.id, type, site)
    let space = try Handle(site, "H5Dget_space", close: H5Sclose) { H5Dget_space(dataset) }
    shape = try HDF5File.extents(space.id, site)
    storedByteCount = H5Dget_storage_size(dataset)
    storedChunkCount = nil
    switch storage {
    case H5D_COMPACT: layout = .compact
    case H5D_CONTIGUOUS: layout = .contiguous
    case H5D_CHUNKED:
      let rank = shape?.count ?? 0
      var sizes = [hsize_t](repeating: 0, count: max(rank, 1))
      let chunkRank = sizes.withUnsafeMutableBufferPointer {
        H5Pget_chunk(creation.id, Int32($0.count), $0.baseAddress)
      }
      try site.check("H5Pget_chunk") { chunkRank }
      guard Int(chunkRank) == rank else { throw site.error("has chunks of another rank than its shape") }
      var chunk: [Int] = []
      for size in sizes.prefix(rank) {
        guard size >= 1, let extent = Int(exactly: size) else { throw site.error("has a chunk extent of \(size)") }
        chunk.append(extent)
      }
      layout = .chunked(chunk)
      var chunks: hsize_t = 0
      try site.check("H5Dget_num_chunks") { H5Dget_num_chunks(dataset, space.id, &chunks) }
      storedChunkCount = Int(clamping: chunks)
    default: throw site.error("has a storage layout that is not known")
    }
  }
}

extension DatasetProperties {
  /// Whether a type is what h5py stores truth values as: one byte, an enumeration of FALSE = 0 and TRUE = 1. The
  /// library converts it to numbers.
  private static func isTruth(_ type: hid_t) -> Bool {
    guard H5Tget_class(type) == H5T_ENUM, H5Tget_size(type) == 1, H5Tget_nmembers(type) == 2 else { return false }
    return [("FALSE", Int8(0)), ("TRUE", 1)].allSatisfy { name, value in
      var found: Int8 = -1
      return H5Tenum_valueof(type, name, &found) >= 0 && found == value
    }
  }

  private static func fillValue(
    _ creation: hid_t, _ typeID: hid_t, _ type: StoredType, _ site: CallSite
  ) throws(HDF5Error) -> [UInt8]? {
    guard case .number(let element) = type else { return nil }
    var status = H5D_FILL_VALUE_UNDEFINED
    try site.check("H5Pfill_value_defined") { H5Pfill_value_defined(creation, &status) }
    guard status == H5D_FILL_VALUE_USER_DEFINED else { return nil }
    var bytes = [UInt8](repeating: 0, count: element.byteCount)
    // The type is the data set's own, so that nothing is converted.
    try site.check("H5Pget_fill_value") { H5Pget_fill_value(creation, typeID, &bytes) }
    return bytes
  }
}

extension HDF5File {
  /// Opens a data set.
  ///
  /// - Throws: when there is none, when the path crosses a link that is not hard, and when its values lie in other
  ///   files or need a filter other than deflate, shuffle and Fletcher-32.
  public func dataset(_ datasetPath: String) throws(HDF5Error) -> HDF5Dataset {
    let site = CallSite(file: path, path: datasetPath)
    let (identifier, properties) = try Library.locked { () throws(HDF5Error) -> (hid_t, DatasetProperties) in
      let object = try openObject(site)
      guard H5Iget_type(object.id) == H5I_DATASET else { throw site.error("is not a data set") }
      let properties = try DatasetProperties(object.id, site)
      return (object.take(), properties)
    }
    return HDF5Dataset(self, datasetPath, identifier, properties)
  }

  /// Creates a data set.
  ///
  /// - Parameters:
  ///   - element: The representation in the file.
  ///   - shape: Extent of every dimension.
  ///   - chunk: Extent of a chunk along every dimension; nil writes in one piece, without checksum.
  ///   - isCompressed: Whether chunks are deflated at level 1.
  public func createDataset(
    _ datasetPath: String, element: ElementType, shape: [Int], chunk: [Int]?, isCompressed: Bool = false
  ) throws(HDF5Error) -> HDF5Dataset {
    let site = CallSite(file: path, path: datasetPath)
    let (identifier, properties) = try Library.locked { () throws(HDF5Error) -> (hid_t, DatasetProperties) in
      let creation = try Handle(site, "H5Pcreate", close: H5Pclose) { H5Pcreate(cH5P_DATASET_CREATE()) }
      // Values are written once, so filling them first would double the work.
      try site.check("H5Pset_fill_time") { H5Pset_fill_time(creation.id, H5D_FILL_TIME_NEVER) }
      // No time stamp: the same content gives the same bytes.
      _ = H5Pset_obj_track_times(creation.id, false)
      if let chunk {
        let sizes = chunk.map { hsize_t($0) }
        try site.check("H5Pset_chunk") { H5Pset_chunk(creation.id, Int32(sizes.count), sizes) }
        if isCompressed {
          try site.check("H5Pset_shuffle") { H5Pset_shuffle(creation.id) }
          try site.check("H5Pset_deflate") { H5Pset_deflate(creation.id, 1) }
        }
        try site.check("H5Pset_fletcher32") { H5Pset_fletcher32(creation.id) }
      }
      let space = try Self.dataspace(shape, site)
      let dataset = try Handle(site, "H5Dcreate2", close: H5Dclose) {
        H5Dcreate2(
          id, datasetPath, element.identifier, space.id, hid_t(H5P_DEFAULT), creation.id, hid_t(H5P_DEFAULT))
      }
      let properties = try DatasetProperties(dataset.id, site)
      return (dataset.take(), properties)
    }
    return HDF5Dataset(self, datasetPath, identifier, properties)
  }

  /// Makes a one-dimensional data set a dimension scale of this name.
  public func makeDimensionScale(_ datasetPath: String, name: String) throws(HDF5Error) {
    let site = CallSite(file: path, path: datasetPath)
    try Library.locked { () throws(HDF5Error) in
      let scale = try openObject(site)
      try site.check("H5DSset_scale") { H5DSset_scale(scale.id, name) }
    }
  }

  /// Attaches a dimension scale to an axis of a data set.
  public func attachScale(_ scalePath: String, to datasetPath: String, axis: Int) throws(HDF5Error) {
    let site = CallSite(file: path, path: datasetPath)
    try Library.locked { () throws(HDF5Error) in
      let dataset = try openObject(site)
      let scale = try openObject(CallSite(file: path, path: scalePath))
      try site.check("H5DSattach_scale") { H5DSattach_scale(dataset.id, scale.id, UInt32(axis)) }
    }
  }
}
