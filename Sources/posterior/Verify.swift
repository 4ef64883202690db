import ArgumentParser
import NeuralNetworks
import PosteriorFiles
import Shell

/// `posterior verify FILE…`
struct Verify: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Check posterior files completely and list every problem.",
    discussion: """
      Exit code 0: every file is acceptable, and its network answers as its author's program did, where the file says \
      what that is. Exit code 65: at least one is not, or does not. Warnings change no exit code.
      """)

  @Argument(help: "The posterior files.", completion: .file(extensions: ["h5"]))
  var files: [String]

  func run() throws {
    var isAcceptable = true
    for file in files {
      do {
        let posterior = try PosteriorFile.open(file, probe: .currentProgram)
        let answers = try Answers(of: posterior)
        for warning in posterior.warnings { ProgramEnd.say("warning: \(file): \(warning)") }
        if let warning = answers.warning { ProgramEnd.say("warning: \(file): \(warning)") }
        if let error = answers.error {
          ProgramEnd.say("error: \(file): \(error)")
          isAcceptable = false
        } else {
          let count = posterior.warnings.count + (answers.warning == nil ? 0 : 1)
          try StandardOutput.print("\(file): valid" + Self.count(count) + answers.agreement)
        }
      } catch let first as PosteriorFileError {
        // The first problem is known; what else there is takes another look.
        let problems = PosteriorFile.verify(file, probe: .currentProgram)
        for problem in problems.isEmpty ? [first] : problems { ProgramEnd.say("error: \(problem)") }
        isAcceptable = false
      }
    }
    if !isAcceptable { throw ExitCode(65) }
  }

  private static func count(_ warnings: Int) -> String {
    warnings == 0 ? "" : ", with \(warnings) warning\(warnings == 1 ? "" : "s")"
  }
}

/// What the comparison with the author's program comes to, in words.
private struct Answers {
  var warning: String?
  var error: String?
  /// Follows "valid".
  var agreement = ""

  init(of posterior: PosteriorFile) throws {
    guard let findings = try posterior.referenceFindings() else { return }
    let sentence = "/reference: \(findings.sentence(author: posterior.referenceAuthor)). \(findings.whatToDo)"
    switch findings.outcome {
    case .agrees: agreement = "; answers as \(posterior.referenceAuthor) did"
    case .agreesBut: warning = sentence
    case .differs: error = sentence
    }
  }
}
