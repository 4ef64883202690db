import Foundation
import HDF5
import Synchronization

/// How long the checking process may take.
///
/// A damaged or hostile file can make the HDF5 library loop, which takes processor time: that is what is limited, by
/// the bytes of the file, by its chunks, each of which costs a few microseconds however small it is, and by the bytes
/// that compressed values become. The clock runs on where a machine is busy or a disk is slow, so its limit is for what
/// hangs without computing.
enum ProbeLimits {
  /// Seconds of processor time for a file of this size before its chunks are known: 5, and 1 more for every 100 MB.
  static func processorTime(byteCount: UInt64) -> Double { 5 + Double(byteCount) / 100_000_000 }

  /// Seconds of processor time for so many chunks beside that: more than ten times what a slow processor needs.
  static func processorTime(chunks: Int) -> Double { Double(chunks) * 100e-6 }

  /// Seconds of processor time for compressed values of so many bytes beside that: 3 for every 100 MB, of which a fast
  /// processor needs 0.4 to inflate, check and digest them. A file of pictures is a tenth or less of its values.
  static func processorTime(inflatedByteCount: Double) -> Double { 3 * inflatedByteCount / 100_000_000 }

  /// Seconds of the clock: as for a file all of chunks, on a machine that has a twentieth of its time for this.
  static func clock(byteCount: UInt64) -> Double {
    20 * (processorTime(byteCount: byteCount) + processorTime(chunks: Int(clamping: byteCount / 128)))
  }

  /// Bytes of a file; of all files in a folder, each of which also takes the time of 100,000 bytes, a millisecond.
  static func byteCount(of path: String) -> UInt64 {
    let manager = FileManager.default
    func size(_ path: String) -> UInt64 { (try? manager.attributesOfItem(atPath: path)[.size] as? UInt64) ?? 0 }
    var isFolder: ObjCBool = false
    guard manager.fileExists(atPath: path, isDirectory: &isFolder), isFolder.boolValue,
      let files = manager.enumerator(atPath: path)
    else { return size(path) }
    return files.reduce(0) { sum, file in sum + 100_000 + size("\(path)/\(file)") }
  }

  // MARK: - In the checking process

  /// The limit that holds now, in seconds; 0 in a process that checks nothing.
  private static let seconds = Atomic<UInt64>(0)
  /// Bytes of what is checked.
  private static let checkedByteCount = Atomic<UInt64>(0)

  /// Limits this process before it opens the file.
  static func begin(_ path: String) {
    let size = byteCount(of: path)
    let limit = UInt64(processorTime(byteCount: size).rounded(.up)) + 1
    seconds.store(limit, ordering: .relaxed)
    checkedByteCount.store(size, ordering: .relaxed)
    setLimit(processorTimeLimit, limit, isFinal: false)
    setLimit(coreSize, 0)
    // A parent that dies cannot kill this process: it also ends by itself.
    _ = alarm(UInt32(clamping: Int(clock(byteCount: size)) + 10))
    #if os(Linux)
    // What the process has now, and room for some chunks and the library's structures.
    let used =
      (try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8))?
      .split(separator: " ").first.flatMap { UInt64($0) } ?? 0
    setLimit(addressSpace, used * UInt64(sysconf(Int32(_SC_PAGESIZE))) + (1 << 30) + 2 * min(size, 1 << 30))
    #endif
  }

  /// Gives the process the time that reading these data sets takes, once it is known of how many chunks they are and how
  /// large their values. Does nothing where the checks run inside a program.
  static func allow(_ datasets: some Sequence<HDF5Dataset>) {
    let now = Self.seconds.load(ordering: .relaxed)
    guard now > 0 else { return }
    let chunks = datasets.reduce(0) { $0 + min($1.storedChunkCount ?? 0, 1 << 40) }
    let claimed = datasets.reduce(0.0) { sum, dataset in
      guard dataset.isCompressed, case .number(let element) = dataset.type else { return sum }
      return sum + Double(dataset.elementCount ?? 0) * Double(element.byteCount)
    }
    // Deflate makes no more than 1,032 bytes of one, whatever a file claims.
    let inflated = min(claimed, 1032 * Double(checkedByteCount.load(ordering: .relaxed)))
    let seconds = processorTime(chunks: chunks) + processorTime(inflatedByteCount: inflated)
    let limit = now + UInt64(seconds.rounded(.up))
    Self.seconds.store(limit, ordering: .relaxed)
    setLimit(processorTimeLimit, limit, isFinal: false)
  }

  #if os(Linux)
  // The C library declares the constants as an enumeration and the functions with its raw type.
  private static let processorTimeLimit = Int32(RLIMIT_CPU.rawValue)
  private static let coreSize = Int32(RLIMIT_CORE.rawValue)
  private static let addressSpace = Int32(RLIMIT_AS.rawValue)
  #else
  private static let processorTimeLimit = RLIMIT_CPU
  private static let coreSize = RLIMIT_CORE
  #endif

  private static func setLimit(_ resource: Int32, _ value: UInt64, isFinal: Bool = true) {
    var limit = rlimit()
    guard getrlimit(resource, &limit) == 0 else { return }
    limit.rlim_cur = min(rlim_t(value), limit.rlim_max)
    if isFinal { limit.rlim_max = limit.rlim_cur }
    _ = setrlimit(resource, &limit)
  }
}
