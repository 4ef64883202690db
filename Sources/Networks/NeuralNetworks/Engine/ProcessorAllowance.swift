import Foundation

/// How many processors this process may use, and what limits them: what the default number of threads follows from.
///
/// A thread more than that only waits: under a quota the system stops all threads of a process together for the rest of
/// every period, and bound to two processors four threads take turns. `OMP_NUM_THREADS` does not count: it is the limit
/// of another library's threads, left behind by shells and schedulers for programs that use it, and oneDNN runs with one
/// thread inside each of ours.
package struct ProcessorAllowance: Sendable, Hashable {
  /// Processors of the machine that are switched on.
  package var online: Int
  /// Processors that the scheduler may put this process on (`taskset`, a container's `cpuset`).
  package var bound: Int
  /// Processor seconds a second that the control group allows (`docker --cpus`, limits of Kubernetes); nil for no limit.
  package var quota: Double?

  package init(online: Int, bound: Int, quota: Double?) {
    (self.online, self.bound, self.quota) = (online, bound, quota)
  }

  /// The default number of threads. A part of a processor counts as one: 1.5 are used best by two threads.
  package var threads: Int {
    guard let quota, quota < Double(bound) else { return max(1, bound) }
    return max(1, min(bound, Int(quota.rounded(.up))))
  }

  /// What makes them fewer than the machine's processors, for a report; nil where nothing does.
  package var limit: String? {
    guard threads < online else { return nil }
    guard let quota, threads < bound else {
      return "this process is bound to \(bound) of \(online) processors"
    }
    let amount = String(format: "%.3g", quota)
    return "the container's limit is \(amount) of \(online) processor\(online == 1 ? "" : "s")"
  }

  /// `2 threads`, and why not more where something limits them; `asked` is what the user asked for, which nothing limits.
  package func description(asked: Int? = nil) -> String {
    if let asked { return Self.words(asked) }
    return note(asked: nil) ?? Self.words(threads)
  }

  /// The same where something limits the threads and the user has not said how many; nil otherwise.
  package func note(asked: Int?) -> String? {
    guard asked == nil, let limit else { return nil }
    return "\(Self.words(threads)): \(limit); --threads overrules it"
  }

  private static func words(_ count: Int) -> String { "\(count) thread\(count == 1 ? "" : "s")" }

  /// That of this process, when it is first asked for.
  package static let current = ProcessorAllowance(
    reading: { try? String(contentsOfFile: $0, encoding: .utf8) },
    processors: (ProcessInfo.processInfo.processorCount, ProcessInfo.processInfo.activeProcessorCount))

  /// What the system's files say.
  ///
  /// - Parameters:
  ///   - read: The text of a file; nil where it is not there.
  ///   - processors: The processors that are switched on and those for this process, where no file says it.
  init(reading read: @escaping (String) -> String?, processors: (online: Int, bound: Int)) {
    (online, bound) = processors
    if let all = read("/sys/devices/system/cpu/online").flatMap({ Self.numbers($0) }), !all.isEmpty {
      online = all.count
      let field = "Cpus_allowed_list:"
      let line = read("/proc/self/status")?.split(separator: "\n").first { $0.hasPrefix(field) }
      // The list names processors that the machine could have as well.
      if let mine = line.flatMap({ Self.numbers($0.dropFirst(field.count)) })?.intersection(all), !mine.isEmpty {
        bound = mine.count
      }
    }
    quota = ControlGroups(read: read).processorQuota
  }

  /// The numbers of a list `0-3,8,10-11`; nil for a text that is none.
  static func numbers(_ list: some StringProtocol) -> Set<Int>? {
    var numbers: Set<Int> = []
    for part in list.split(whereSeparator: { $0.isWhitespace || $0 == "," }) {
      let ends = part.split(separator: "-", omittingEmptySubsequences: false).map { Int($0) }
      guard ends.count <= 2, let first = ends[0], let last = ends[ends.count - 1], 0 <= first, first <= last,
        last < 1 << 16
      else { return nil }
      numbers.formUnion(first...last)
    }
    return numbers
  }
}
