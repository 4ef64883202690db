import Foundation

/// What the name of an output leads to, and so how it is written: an output never takes the place of what is no file.
///
/// The one place that decides it. A regular file, or nothing, is replaced in one piece; a symbolic link is followed,
/// and the file behind it is what is replaced; a terminal, a pipe or a device such as `/dev/null` is written into; what
/// stands for an open descriptor (`/dev/stdout`, `/dev/fd/3`, the shell's `>(…)`) is written to that descriptor.
package enum OutputPlace: Hashable, Sendable {
  /// A regular file, or nothing yet, at this path behind all links.
  case file(String)
  /// A device or a pipe, which is opened at this path and written into.
  case stream(String, Stream)
  /// A descriptor that this process holds open.
  case descriptor(Int32)
  /// A folder.
  case folder
  /// Something that cannot be written into, or must not be, in words: `a socket`.
  case unsuitable(String)

  /// What is written into.
  package enum Stream: String, Hashable, Sendable {
    /// A named pipe.
    case pipe = "a pipe"
    /// A terminal, or a device such as `/dev/null`.
    case device = "a device"
  }

  /// Looks at what is there now.
  ///
  /// - Throws: ``SystemError`` for links that go round in circles.
  package init(_ path: String) throws(SystemError) {
    var path = path
    for _ in 0..<40 {
      if let descriptor = Self.descriptor(path) {
        self = .descriptor(descriptor)
        return
      }
      var status = stat()
      guard lstat(path, &status) == 0 else {
        self = .file(path)
        return
      }
      guard status.st_mode & S_IFMT == S_IFLNK else {
        self = Self.place(path, status.st_mode & S_IFMT)
        return
      }
      guard let target = Self.target(ofLink: path) else { throw SystemError() }
      path = target.hasPrefix("/") ? target : Self.folder(of: path) + "/" + target
    }
    throw SystemError(code: ELOOP)
  }

  private static func place(_ path: String, _ kind: mode_t) -> OutputPlace {
    switch kind {
    case S_IFREG: .file(path)
    case S_IFDIR: .folder
    case S_IFIFO: .stream(path, .pipe)
    case S_IFCHR: .stream(path, .device)
    // Text at the beginning of a disk would destroy what is on it.
    case S_IFBLK: .unsuitable("a block device")
    case S_IFSOCK: .unsuitable("a socket")
    default: .unsuitable("not a regular file")
    }
  }

  /// The descriptor that a path in `/dev/fd` or `/proc/self/fd` stands for: a link there leads to the open file itself,
  /// whatever its text says.
  private static func descriptor(_ path: String) -> Int32? {
    #if canImport(Darwin)
    if let standard = ["/dev/stdin": 0, "/dev/stdout": 1, "/dev/stderr": 2][path] { return Int32(standard) }
    #endif
    guard let name = path.split(separator: "/").last, let number = Int32(name), number >= 0 else { return nil }
    guard let resolved = realpath(folder(of: path), nil) else { return nil }
    defer { free(resolved) }
    return ["/dev/fd", "/proc/\(getpid())/fd"].contains(String(cString: resolved)) ? number : nil
  }

  private static func target(ofLink path: String) -> String? {
    var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
    let count = readlink(path, &buffer, buffer.count)
    let bytes = buffer.prefix(max(0, count)).map { UInt8(bitPattern: $0) }
    return count > 0 ? String(decoding: bytes, as: UTF8.self) : nil
  }

  /// The folder that a path lies in, without a slash at its end but for the root's.
  package static func folder(of path: String) -> String {
    guard let slash = path.lastIndex(of: "/") else { return "." }
    return slash == path.startIndex ? "/" : String(path[..<slash])
  }

  /// What stands there in words, where it is no file: `a pipe`; nil for a file.
  package var whatElse: String? {
    switch self {
    case .file: nil
    case .stream(_, let stream): stream.rawValue
    case .descriptor(let number): number == 1 ? "standard output" : "an open descriptor"
    case .folder: "a folder"
    case .unsuitable(let words): words
    }
  }
}

// MARK: - Before the work

extension OutputPlace {
  /// What cannot be written is said before the work, not after it.
  ///
  /// - Parameters:
  ///   - path: An output of which text is written.
  ///   - needsFile: Whether it is no text, but a file that is written here and there, such as HDF5.
  /// - Throws: ``OutputError``, which names the path as it was given.
  package static func check(_ path: String, needsFile: Bool = false) throws(OutputError) {
    if needsFile { try requireFile(path) }
    switch try place(path) {
    case .file(let place):
      // In full, as a path given here may mean nothing elsewhere.
      let folder = URL(fileURLWithPath: place).deletingLastPathComponent().path
      var isFolder: ObjCBool = false
      guard FileManager.default.fileExists(atPath: folder, isDirectory: &isFolder), isFolder.boolValue else {
        throw OutputError("\(path) cannot be written: the folder \(folder) does not exist")
      }
      guard access(folder, W_OK) == 0 else { throw OutputError("\(path) cannot be written: the folder is read-only") }
    case .stream(let place, let stream):
      guard access(place, W_OK) == 0 else {
        throw OutputError("\(path) cannot be written: it is \(stream.rawValue) (\(SystemError()))")
      }
    case .descriptor(let number):
      let flags = fcntl(number, F_GETFL)
      guard flags >= 0, flags & O_ACCMODE != O_RDONLY else {
        throw OutputError("\(path) cannot be written: it is not open for writing")
      }
    case .folder: throw OutputError("\(path) cannot be written: it is a folder")
    case .unsuitable(let words): throw OutputError("\(path) cannot be written: it is \(words)")
    }
  }

  /// Refuses, for a file that is written here and there, such as HDF5, everything that is there and no regular file.
  package static func requireFile(_ path: String) throws(OutputError) {
    let place = try place(path)
    guard let words = place.whatElse, place != .folder else { return }
    throw OutputError("\(path) cannot be written: it is \(words), and HDF5 needs a regular file")
  }

  private static func place(_ path: String) throws(OutputError) -> OutputPlace {
    guard !path.isEmpty else { throw OutputError("an output has an empty name: give the name of a file") }
    do {
      return try OutputPlace(path)
    } catch {
      throw OutputError("\(path) cannot be written: \(error)")
    }
  }
}

// MARK: - Writing

extension OutputPlace {
  /// The file to replace.
  ///
  /// - Throws: ``SystemError``, in whose words what stands there is no file.
  package static func replaceable(_ path: String) throws(SystemError) -> String {
    switch try OutputPlace(path) {
    case .file(let path): return path
    case .folder: throw SystemError(code: EISDIR)
    case .stream, .descriptor, .unsuitable: throw SystemError(code: ESPIPE)
    }
  }

  /// Writes into what is no file; false for a file, of which nothing is touched.
  ///
  /// - Throws: ``SystemError``.
  package func write(_ bytes: some Sequence<UInt8>) throws(SystemError) -> Bool {
    switch self {
    case .file: return false
    case .folder: throw SystemError(code: EISDIR)
    case .unsuitable: throw SystemError(code: ENXIO)
    case .descriptor(let descriptor):
      try Self.writeAll(bytes, to: descriptor)
    case .stream(let path, _):
      // Without O_CREAT and O_TRUNC: what is there is written into, and nothing is made in its place.
      let descriptor = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY)
      guard descriptor >= 0 else { throw SystemError() }
      defer { close(descriptor) }
      try Self.writeAll(bytes, to: descriptor)
    }
    return true
  }

  private static func writeAll(_ bytes: some Sequence<UInt8>, to descriptor: Int32) throws(SystemError) {
    let result = Array(bytes).withUnsafeBytes { bytes in
      Result { () throws(SystemError) in try SystemError.writeAll(bytes, to: descriptor) }
    }
    try result.get()
  }
}
