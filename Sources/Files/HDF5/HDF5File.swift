import CHDF5
import Synchronization

/// A link in a group: a name, and how it leads to an object.
public struct HDF5Link: Sendable, Hashable {
  /// How a link leads to its object.
  public enum Kind: Sendable, Hashable {
    /// An ordinary link, the only kind that is followed.
    case hard
    /// A path in the same file.
    case soft
    /// A path in another file.
    case external
    /// A kind that a program defines.
    case userDefined
  }

  /// The last component of the path.
  public let name: String
  /// Its kind.
  public let kind: Kind
}

/// What a path leads to.
public enum HDF5ObjectKind: Sendable, Hashable {
  /// A group.
  case group
  /// A data set.
  case dataset
  /// A named type.
  case namedType
}

/// An open HDF5 file.
///
/// Only hard links are followed: a path that crosses any other kind is an error. Objects are named by absolute paths,
/// `/group/name`. Calls may come from any thread; they run one at a time.
public final class HDF5File: Sendable {
  /// The path as it was given.
  public let path: String
  let id: hid_t
  private let isClosed = Atomic(false)

  private init(path: String, id: hid_t) {
    self.path = path
    self.id = id
  }

  deinit {
    if !isClosed.load(ordering: .relaxed) { Library.release(id, H5Fclose) }
  }

  // MARK: - Opening

  /// Opens a file for reading.
  public static func open(_ path: String) throws(HDF5Error) -> HDF5File {
    let site = CallSite(file: path, path: "/")
    let id = try Library.locked { () throws(HDF5Error) -> hid_t in
      let access = try Handle(site, "H5Pcreate", close: H5Pclose) { H5Pcreate(cH5P_FILE_ACCESS()) }
      // Finished files are only read: a lock would gain nothing and fails on some shared file systems.
      _ = H5Pset_file_locking(access.id, false, true)
      return try site.check("H5Fopen") { H5Fopen(path, cH5F_ACC_RDONLY(), access.id) }
    }
    return HDF5File(path: path, id: id)
  }

  /// Creates a file that must not exist yet.
  public static func create(_ path: String) throws(HDF5Error) -> HDF5File {
    let site = CallSite(file: path, path: "/")
    let id = try Library.locked { () throws(HDF5Error) -> hid_t in
      let access = try Handle(site, "H5Pcreate", close: H5Pclose) { H5Pcreate(cH5P_FILE_ACCESS()) }
      _ = H5Pset_file_locking(access.id, false, true)
      // Closing must mean closed: it fails as long as a data set is open.
      _ = H5Pset_fclose_degree(access.id, H5F_CLOSE_SEMI)
      return try site.check("H5Fcreate") { H5Fcreate(path, cH5F_ACC_EXCL(), hid_t(H5P_DEFAULT), access.id) }
    }
    return HDF5File(path: path, id: id)
  }

  /// Hands everything that was written to the operating system. Fails when the disk is full, for example.
  public func flush() throws(HDF5Error) {
    let site = CallSite(file: path, path: "/")
    try Library.locked { () throws(HDF5Error) in
      try site.check("H5Fflush") { H5Fflush(id, H5F_SCOPE_GLOBAL) }
    }
  }

  /// Closes the file, after which it must not be used. Without this call it is closed with its last reference,
  /// silently.
  ///
  /// - Throws: when the rest could not be written, or when a data set is still open.
  public func close() throws(HDF5Error) {
    guard !isClosed.exchange(true, ordering: .relaxed) else { return }
    let site = CallSite(file: path, path: "/")
    try Library.locked { () throws(HDF5Error) in
      try site.check("H5Fclose") { H5Fclose(id) }
    }
  }

  // MARK: - Structure

  /// The links of a group, in the order of their names.
  ///
  /// - Throws: also when the group holds more than `limit` links.
  public func links(in group: String, limit: Int = 10_000) throws(HDF5Error) -> [HDF5Link] {
    let site = CallSite(file: path, path: group)
    return try Library.locked { () throws(HDF5Error) -> [HDF5Link] in
      let object = try openObject(site)
      guard H5Iget_type(object.id) == H5I_GROUP else { throw site.error("is not a group") }
      var info = H5G_info_t()
      try site.check("H5Gget_info") { H5Gget_info(object.id, &info) }
      guard info.nlinks <= UInt64(limit) else { throw site.error("holds \(info.nlinks) links; the limit is \(limit)") }
      var links: [HDF5Link] = []
      for index in 0..<info.nlinks {
        let name = try Self.text(site, "H5Lget_name_by_idx") { buffer, size in
          H5Lget_name_by_idx(object.id, ".", H5_INDEX_NAME, H5_ITER_INC, index, buffer, size, hid_t(H5P_DEFAULT))
        }
        links.append(HDF5Link(name: name, kind: try Self.linkKind(object.id, name, site)))
      }
      return links
    }
  }

  /// What a path leads to; nil when there is nothing.
  public func kind(of objectPath: String) throws(HDF5Error) -> HDF5ObjectKind? {
    let site = CallSite(file: path, path: objectPath)
    return try Library.locked { () throws(HDF5Error) -> HDF5ObjectKind? in
      guard try exists(site) else { return nil }
      let object = try openObject(site)
      switch H5Iget_type(object.id) {
      case H5I_GROUP: return .group
      case H5I_DATASET: return .dataset
      case H5I_DATATYPE: return .namedType
      default: throw site.error("is an object of an unknown kind")
      }
    }
  }

  /// Makes a group; the one that it lies in must exist.
  public func createGroup(_ group: String) throws(HDF5Error) {
    let site = CallSite(file: path, path: group)
    try Library.locked { () throws(HDF5Error) in
      _ = try Handle(site, "H5Gcreate2", close: H5Gclose) {
        H5Gcreate2(id, group, hid_t(H5P_DEFAULT), hid_t(H5P_DEFAULT), hid_t(H5P_DEFAULT))
      }
    }
  }

  // MARK: - Paths (inside the lock)

  private static func components(_ path: String) -> [String] {
    path.split(separator: "/").map(String.init)
  }

  private static func linkKind(_ group: hid_t, _ name: String, _ site: CallSite) throws(HDF5Error) -> HDF5Link.Kind {
    let kind = try site.check("H5Lget_info") { chdf5_link_kind(group, name) }
    switch H5L_type_t(rawValue: Int32(kind)) {
    case H5L_TYPE_HARD: return .hard
    case H5L_TYPE_SOFT: return .soft
    case H5L_TYPE_EXTERNAL: return .external
    default: return .userDefined
    }
  }

  private func exists(_ site: CallSite) throws(HDF5Error) -> Bool {
    var parent = ""
    for name in Self.components(site.path) {
      let group = try openObject(CallSite(file: path, path: parent.isEmpty ? "/" : parent))
      guard H5Iget_type(group.id) == H5I_GROUP else { return false }
      let found = try site.check("H5Lexists") { H5Lexists(group.id, name, hid_t(H5P_DEFAULT)) }
      if found == 0 { return false }
      parent += "/" + name
    }
    return true
  }

  /// Opens what a path leads to, link by link, so that no link but a hard one is ever followed.
  func openObject(_ site: CallSite) throws(HDF5Error) -> Handle {
    var current = try Handle(site, "H5Oopen", close: H5Oclose) { H5Oopen(id, "/", hid_t(H5P_DEFAULT)) }
    for name in Self.components(site.path) {
      guard H5Iget_type(current.id) == H5I_GROUP else { throw site.error("does not exist") }
      guard try site.check("H5Lexists", { H5Lexists(current.id, name, hid_t(H5P_DEFAULT)) }) > 0 else {
        throw site.error("does not exist")
      }
      switch try Self.linkKind(current.id, name, site) {
      case .hard: break
      case .soft: throw site.error("is a soft link, which is never followed")
      case .external: throw site.error("is an external link, which is never followed")
      case .userDefined: throw site.error("is a user-defined link, which is never followed")
      }
      let parent = current.id
      let next = try Handle(site, "H5Oopen", close: H5Oclose) { H5Oopen(parent, name, hid_t(H5P_DEFAULT)) }
      current = next
    }
    return current
  }

  /// Reads a name from a call that returns its length and copies it into a buffer.
  static func text(
    _ site: CallSite, _ call: String, _ body: (UnsafeMutablePointer<CChar>?, Int) -> Int
  ) throws(HDF5Error) -> String {
    let length = try site.check(call) { body(nil, 0) }
    guard length <= 4096 else { throw site.error("holds a name of \(length) bytes") }
    var bytes = [CChar](repeating: 0, count: length + 1)
    let copied = bytes.withUnsafeMutableBufferPointer { body($0.baseAddress, $0.count) }
    try site.check(call) { copied }
    guard let name = String(validating: bytes.prefix(length).map { UInt8(bitPattern: $0) }, as: UTF8.self) else {
      throw site.error("holds a name that is not UTF-8")
    }
    return name
  }
}
