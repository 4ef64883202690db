import ArgumentParser
import Foundation
import PosteriorFiles

/// Looks at posterior files, diagnoses them, checks them, rewrites them.
struct PosteriorProgram: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "posterior",
    abstract: "Look at posterior files, diagnose them, check them, rewrite them.",
    subcommands: [Inspect.self, Diagnose.self, Verify.self, Copy.self, Publish.self, ExportPythonExample.self])

  /// Runs the program. Exit codes: 0 done, 64 usage, 65 bad data, 70 an output that cannot be written or anything else.
  static func runAndExit() -> Never {
    do {
      var command = try parseAsRoot()
      try command.run()
      // `print` does not say when the disk is full.
      guard fflush(nil) == 0 else {
        throw CommandFailure(
          message: "standard output cannot be written: \(String(cString: strerror(errno)))", exitCode: 70)
      }
      Foundation.exit(0)
    } catch let failure as CommandFailure {
      printError(failure.message)
      Foundation.exit(failure.exitCode)
    } catch let error as PosteriorFileError {
      printError("\(error)")
      Foundation.exit(65)
    } catch {
      // Help, wrong usage and everything else that the parser knows how to print.
      let code = exitCode(for: error)
      if code == .success || code == .validationFailure || error is ExitCode { exit(withError: error) }
      printError("\(error)")
      Foundation.exit(70)
    }
  }

  static func printError(_ message: String) {
    FileHandle.standardError.write(Data("error: \(message)\n".utf8))
  }
}

/// An error whose exit code does not follow from its type.
struct CommandFailure: Error {
  let message: String
  let exitCode: Int32
}
