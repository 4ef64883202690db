import Foundation

/// The checking process that ``ProbeCommand`` starts.
public enum Probe {
  /// Checks a file and exits, if the arguments ask for it; returns at once otherwise. Programs call this first.
  ///
  /// The process limits its own time and memory, checks the whole file, prints what it found as JSON and exits with 0
  /// when the file is acceptable (but for its digests, which the caller judges), with 65 when it is not.
  ///
  /// - Parameter arguments: The command line, with the program's own name first.
  public static func runIfRequested(arguments: [String] = CommandLine.arguments) {
    guard arguments.count >= 3 else { return }
    let path = arguments[2]
    switch (arguments[1], arguments.count) {
    case (ProbeCommand.flag, 3):
      limitResources(path)
      finish(posterior(path))
    case (ProbeCommand.arraysFlag, 4):
      limitResources(path)
      finish(ExampleArrays.check(path, run: Int(arguments[3])))
    case (ProbeCommand.trainingFlag, 3):
      limitResources(path)
      finish(TrainingArrays.check(path))
    default: return
    }
  }

  private static func posterior(_ path: String) -> ProbeAnswer {
    var answer = ProbeAnswer(problems: [], changeProblems: [], content: nil)
    do throws(PosteriorFileError) {
      let inspection = try Inspection(path: path)
      answer.content = inspection.readContents()
      answer.problems = inspection.problems
      answer.changeProblems = inspection.changeProblems(answer.content)
    } catch {
      answer.problems = [error]
    }
    return answer
  }

  private static func finish(_ answer: some ProbeReply) -> Never {
    FileHandle.standardOutput.write((try? JSONEncoder().encode(answer)) ?? Data())
    // Without the library's own clean-up, which a damaged file could bring down after the answer is known.
    _exit(answer.problems.isEmpty ? 0 : 65)
  }

  private static func limitResources(_ path: String) {
    let size = (try? FileManager.default.attributesOfItem(atPath: path)[.size] as? UInt64) ?? 0
    let seconds = UInt64(ProbeCommand.timeLimit(byteCount: size).rounded(.up)) + 1
    setLimit(processorTime, seconds)
    setLimit(coreSize, 0)
    // A parent that dies cannot kill this process: it also ends by itself.
    _ = alarm(UInt32(clamping: seconds))
    #if os(Linux)
    // What the process has now, and room for some chunks and the library's structures.
    let used =
      (try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8))?
      .split(separator: " ").first.flatMap { UInt64($0) } ?? 0
    setLimit(addressSpace, used * UInt64(sysconf(Int32(_SC_PAGESIZE))) + (1 << 30) + 2 * min(size, 1 << 30))
    #endif
  }

  #if os(Linux)
  // The C library declares the constants as an enumeration and the functions with its raw type.
  private static let processorTime = Int32(RLIMIT_CPU.rawValue)
  private static let coreSize = Int32(RLIMIT_CORE.rawValue)
  private static let addressSpace = Int32(RLIMIT_AS.rawValue)
  #else
  private static let processorTime = RLIMIT_CPU
  private static let coreSize = RLIMIT_CORE
  #endif

  private static func setLimit(_ resource: Int32, _ value: UInt64) {
    var limit = rlimit()
    guard getrlimit(resource, &limit) == 0 else { return }
    limit.rlim_cur = min(rlim_t(value), limit.rlim_max)
    limit.rlim_max = limit.rlim_cur
    _ = setrlimit(resource, &limit)
  }
}
