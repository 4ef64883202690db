public import Foundation
import Synchronization

/// The program that opens a file of unknown origin first, so that a file that brings down the HDF5 library brings down
/// only that.
///
/// By default this is the running program itself, started again with a hidden first argument;
/// its first statement must be ``Probe/runIfRequested(arguments:)``.
public struct ProbeCommand: Sendable, Hashable {
  /// The hidden first argument.
  public static let flag = "--probe-posterior-file"
  /// The hidden first argument for a file with examples alone; the number of a run, or nothing, comes last.
  static let arraysFlag = "--probe-example-arrays"
  /// The hidden first argument for a file with arrays to train on.
  static let trainingFlag = "--probe-training-arrays"
  /// The hidden first argument for a folder of images.
  static let imagesFlag = "--probe-images"
  /// The hidden first argument for an InferenceData.
  static let inferenceDataFlag = "--probe-inference-data"

  /// The program.
  public var executable: URL
  /// Arguments before the path of the file.
  public var arguments: [String]
  /// Seconds of the clock after which the program is ended; nil for as many as the file's size says.
  var patience: Double?

  /// What starts the program and waits for its end: another process by default. A fuzzer forks instead, which costs a
  /// tenth of the time.
  static let start = Mutex<@Sendable (String, [String], Double) -> ChildProcess.Outcome> {
    ChildProcess.run(executable: $0, arguments: $1, timeLimit: $2)
  }

  /// Names a program and its leading arguments.
  public init(executable: URL, arguments: [String] = [ProbeCommand.flag]) {
    self.executable = executable
    self.arguments = arguments
  }

  /// The running program itself.
  public static var currentProgram: ProbeCommand {
    let path = Bundle.main.executableURL ?? URL(fileURLWithPath: CommandLine.arguments.first ?? "")
    return ProbeCommand(executable: path)
  }

  /// Runs the program on a posterior file.
  ///
  /// - Throws: *damaged file* when the program dies or answers nonsense; *stopped* when it takes too long.
  func run(_ path: String) throws(PosteriorFileError) -> ProbeAnswer {
    try answer(ProbeAnswer.self, arguments + [path], about: path)
  }

  /// Runs the program on a file with examples alone.
  ///
  /// - Throws: *damaged file* when the program dies or answers nonsense; *stopped* when it takes too long.
  func runOnArrays(_ path: String, run number: Int?) throws(PosteriorFileError) -> ArraysAnswer {
    let flags = arguments.map { $0 == Self.flag ? Self.arraysFlag : $0 }
    return try answer(ArraysAnswer.self, flags + [path, number.map(String.init) ?? ""], about: path)
  }

  /// Runs the program on a file with arrays to train on.
  ///
  /// - Throws: *damaged file* when the program dies or answers nonsense; *stopped* when it takes too long.
  func runOnTrainingArrays(_ path: String) throws(PosteriorFileError) -> ArraysAnswer {
    let flags = arguments.map { $0 == Self.flag ? Self.trainingFlag : $0 }
    return try answer(ArraysAnswer.self, flags + [path], about: path)
  }

  /// Runs the program on a folder of images.
  ///
  /// - Throws: *damaged* when the program dies or answers nonsense; *stopped* when it takes too long.
  func runOnImages(_ path: String) throws(PosteriorFileError) -> ArraysAnswer {
    let flags = arguments.map { $0 == Self.flag ? Self.imagesFlag : $0 }
    return try answer(ArraysAnswer.self, flags + [path], about: path, library: "libpng")
  }

  /// Runs the program on an InferenceData.
  ///
  /// - Throws: *damaged file* when the program dies or answers nonsense; *stopped* when it takes too long.
  func runOnInferenceData(_ path: String) throws(PosteriorFileError) -> InferenceDataAnswer {
    let flags = arguments.map { $0 == Self.flag ? Self.inferenceDataFlag : $0 }
    return try answer(InferenceDataAnswer.self, flags + [path], about: path)
  }

  private func answer<Answer: ProbeReply>(
    _ type: Answer.Type, _ arguments: [String], about path: String, library: String = "the HDF5 library"
  ) throws(PosteriorFileError) -> Answer {
    let size = ProbeLimits.byteCount(of: path)
    let start = Self.start.withLock { $0 }
    let outcome = start(executable.path, arguments, patience ?? ProbeLimits.clock(byteCount: size))
    let damaged = { (reason: String) in
      PosteriorFileError(
        file: path, path: "/", reason: "is damaged: \(reason)",
        advice: "Copy the file again, or write it again; if it opens elsewhere, write it again from there")
    }
    // Nothing is known about a file that was not read to its end.
    let stopped = { (seconds: String) in
      PosteriorFileError(
        file: path, path: "/", reason: "could not be checked: checking it was stopped after \(seconds)",
        advice: "If it opens elsewhere, write it again from there, in fewer and larger chunks")
    }
    switch outcome {
    case .failedToStart(let reason):
      throw PosteriorFileError(
        file: path, path: "/", reason: "could not be checked: \(executable.path) did not start (\(reason))")
    case .late(let seconds):
      throw stopped("\(String(format: "%.0f", seconds)) s of waiting, although it had computed for less than that")
    case .signal(SIGXCPU, let seconds): throw stopped("\(String(format: "%.0f", seconds)) s of processor time")
    case .signal(SIGALRM, _): throw stopped("waiting for too long")
    case .signal: throw damaged("\(library) failed while reading it")
    case .exit(let code, let output):
      guard code == 0 || code == 65 || code == nil,
        let answer = try? JSONDecoder().decode(Answer.self, from: output)
      else {
        throw damaged("checking it ended without an answer")
      }
      // The answer is complete when it can be decoded, so it stands also where the exit code was lost.
      let isAccepted = answer.problems.isEmpty
      guard code == nil || (code == 0) == isAccepted, isAccepted == answer.isComplete else {
        throw damaged("checking it ended with a contradiction")
      }
      return answer
    }
  }
}

/// What the checking process prints.
protocol ProbeReply: Codable, Sendable {
  var problems: [PosteriorFileError] { get }
  /// Whether everything was read that an accepted file has.
  var isComplete: Bool { get }
}

/// What the checking process says about a posterior file.
struct ProbeAnswer: ProbeReply {
  var problems: [PosteriorFileError]
  var changeProblems: [PosteriorFileError]
  var content: ContentReport?

  var isComplete: Bool { content != nil }
}

/// What the checking process says about a file with examples alone.
struct ArraysAnswer: ProbeReply {
  var problems: [PosteriorFileError]
  var content: ArraysContent?

  var isComplete: Bool { content != nil }
}
