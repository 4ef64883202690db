internal import COneDNN

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#elseif canImport(Darwin)
internal import Darwin
#endif

/// Which file oneDNN is opened from: what `ROBUSTNESS_ONEDNN` names, or else the newest version that the loader finds.
///
/// The order is fixed because two versions give other last bits, and every result says which one it was. What was named
/// is used or refused, never replaced: who measures one library must not read the numbers of another.
struct OneDNNLibrary {
  static let variable = "ROBUSTNESS_ONEDNN"

  /// The value of the variable; set to nothing is as good as not set.
  static let named: String? = getenv(variable).map { String(cString: $0) }.flatMap { $0.isEmpty ? nil : $0 }

  /// Why this process has no oneDNN, in a sentence that says what to do; nil when it has. The first question opens it.
  static let fault: String? = {
    do throws(Fault) {
      try OneDNNLibrary(named: named).open()
      return nil
    } catch {
      return error.sentence
    }
  }()

  struct Fault: Error { let sentence: String }

  /// What the loader is asked for, in this order.
  let candidates: [String]
  private let name: String?

  /// - Parameter name: A library, or a folder that holds one; nil: what the loader finds.
  init(named name: String?) throws(Fault) {
    self.name = name
    guard let name else {
      candidates = Self.installed
      return
    }
    guard let path = Self.resolved(name) else {
      throw Fault(sentence: "\(Self.variable)=\(name): there is no such file or folder; \(Self.advice)")
    }
    guard Self.isFolder(path) else {
      candidates = [path]
      return
    }
    candidates = Self.fileNames.lazy.map { "\(path)/\($0)" }.first { Self.resolved($0) != nil }.map { [$0] } ?? []
    if candidates.isEmpty {
      throw Fault(
        sentence: "\(Self.variable)=\(name): the folder holds no \(Self.fileNames.joined(separator: " or ")); "
          + Self.advice)
    }
  }

  /// Opens the first candidate that can be used; with `keeps` false it is closed again.
  func open(keeps: Bool = true) throws(Fault) {
    var faults: [String] = []
    for candidate in candidates {
      guard let fault = Self.reason(against: candidate, keeps: keeps) else { return }
      // Whatever the loader does not find is not there; a library that it lacks for another one it calls by its name.
      if name != nil || !fault.contains("\(candidate): ") || !fault.hasPrefix("cannot be opened") {
        faults.append("\(candidate) \(fault)")
      }
    }
    if let name {
      throw Fault(sentence: "\(Self.variable)=\(name): \(faults.joined(separator: "; ")); \(Self.advice)")
    }
    let seen = faults.isEmpty ? "no oneDNN was found" : faults.joined(separator: "; ")
    throw Fault(
      sentence: "\(seen): install libdnnl-dev (apt) or onednn (brew), or give the path of one in \(Self.variable)")
  }

  /// Why it cannot be used, as the end of a sentence that begins with its name; nil when it can.
  private static func reason(against library: String, keeps: Bool) -> String? {
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: 1024) { reason in
      guard let base = reason.baseAddress else { return nil }
      base[0] = 0
      let works = keeps ? cdnn_open(library, base, reason.count) : cdnn_probe(library, base, reason.count)
      return works ? nil : String(cString: base)
    }
  }

  private static let advice =
    "give the path of \(fileNames[0]), or of its folder, built for OpenMP, or unset the variable"

  #if canImport(Darwin)
  private static let fileNames = ["libdnnl.3.dylib", "libdnnl.2.dylib"]
  private static let installed = fileNames.flatMap { [$0, "/opt/homebrew/lib/\($0)", "/usr/local/lib/\($0)"] }
  #else
  private static let fileNames = ["libdnnl.so.3", "libdnnl.so.2"]
  #if COMPUTE_KERNELS_HIDE_ONEDNN
  // As on a machine without oneDNN, so that this case can be tested anywhere.
  private static let installed: [String] = []
  #else
  private static let installed = fileNames
  #endif
  #endif

  /// The absolute path, which the loader does not look for anywhere else; nil when nothing is there.
  private static func resolved(_ path: String) -> String? {
    guard let found = realpath(path, nil) else { return nil }
    defer { free(found) }
    return String(cString: found)
  }

  private static func isFolder(_ path: String) -> Bool {
    var status = stat()
    return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
  }
}
