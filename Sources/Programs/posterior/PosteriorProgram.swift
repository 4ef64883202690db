import ArgumentParser
import Foundation
import Shell

/// Looks at posterior files, diagnoses them, checks them, rewrites them.
struct PosteriorProgram: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "posterior",
    abstract: "Look at posterior files, diagnose them, check them, rewrite them.",
    version: ProgramVersion.current,
    subcommands: [
      Inspect.self, Diagnose.self, Verify.self, Copy.self, Import.self, Publish.self, ExportPythonExample.self,
    ])

  /// Runs the program. Exit codes: 0 done, 64 usage, 65 bad data, 70 an output that cannot be written or anything else.
  static func runAndExit() -> Never {
    StandardDescriptors.open()
    Interruption.reportFileSizeLimit()
    do {
      var command = try parseAsRoot(CommandWords.ofThisProgram(for: Self.self))
      try command.run()
      Foundation.exit(0)
    } catch {
      ProgramEnd(of: error, in: Self.self).perform()
    }
  }
}
