import ArgumentParser
import PosteriorFiles
import Shell

/// `posterior verify FILE…`
struct Verify: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Check posterior files completely and list every problem.",
    discussion: """
      Exit code 0: every file is acceptable. Exit code 65: at least one is not. Warnings are about acceptable files, and \
      change no exit code.
      """)

  @Argument(help: "The posterior files.", completion: .file(extensions: ["h5"]))
  var files: [String]

  func run() throws {
    var isAcceptable = true
    for file in files {
      let (problems, warnings) = PosteriorFile.verification(file, probe: .currentProgram)
      for problem in problems { ProgramEnd.say("error: \(problem)") }
      if problems.isEmpty {
        for warning in warnings { ProgramEnd.say("warning: \(file): \(warning)") }
        try StandardOutput.print("\(file): valid" + Self.count(warnings))
      } else {
        isAcceptable = false
      }
    }
    if !isAcceptable { throw ExitCode(65) }
  }

  private static func count(_ warnings: [PosteriorWarning]) -> String {
    warnings.isEmpty ? "" : ", with \(warnings.count) warning\(warnings.count == 1 ? "" : "s")"
  }
}
