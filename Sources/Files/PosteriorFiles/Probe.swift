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
      ProbeLimits.begin(path)
      finish(posterior(path))
    case (ProbeCommand.arraysFlag, 4):
      ProbeLimits.begin(path)
      finish(ExampleArrays.check(path, run: Int(arguments[3])))
    case (ProbeCommand.trainingFlag, 3):
      ProbeLimits.begin(path)
      finish(TrainingArrays.check(path))
    case (ProbeCommand.imagesFlag, 3):
      ProbeLimits.begin(path)
      finish(ForeignExamples.checkImages(path))
    case (ProbeCommand.inferenceDataFlag, 3):
      ProbeLimits.begin(path)
      finish(InferenceDataFile.check(path))
    default: return
    }
  }

  private static func posterior(_ path: String) -> ProbeAnswer {
    var answer = ProbeAnswer(problems: [], changeProblems: [], content: nil)
    do throws(PosteriorFileError) {
      let inspection = try Inspection(path: path)
      ProbeLimits.allow(inspection.structure.datasets.values)
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
}
