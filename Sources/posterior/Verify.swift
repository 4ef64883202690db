import ArgumentParser
import PosteriorFiles
import Shell

/// `posterior verify FILE…`
struct Verify: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Check posterior files completely and list every problem.",
    discussion: "Exit code 0: every file is acceptable. Exit code 65: at least one is not.")

  @Argument(help: "The posterior files.", completion: .file(extensions: ["h5"]))
  var files: [String]

  func run() throws {
    var isAcceptable = true
    for file in files {
      let problems = PosteriorFile.verify(file, probe: .currentProgram)
      for problem in problems { ProgramEnd.say("error: \(problem)") }
      if problems.isEmpty {
        try StandardOutput.print("\(file): valid")
      } else {
        isAcceptable = false
      }
    }
    if !isAcceptable { throw ExitCode(65) }
  }
}
