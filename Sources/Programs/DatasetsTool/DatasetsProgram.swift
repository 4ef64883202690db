import ArgumentParser
import Datasets
import Foundation
import Shell

/// Lists data sets, says what is in them, fetches them.
struct DatasetsProgram: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "datasets",
    abstract: "List data sets, say what is in them, fetch them.",
    version: ProgramVersion.current,
    subcommands: [List.self, Info.self, Fetch.self])

  /// Runs the program. Exit codes: 0 done, 64 usage, 65 data that are missing or bad, 70 an output that cannot be
  /// written or anything else.
  static func runAndExit() async -> Never {
    StandardDescriptors.open()
    Interruption.reportFileSizeLimit()
    do {
      var command = try parseAsRoot(CommandWords.ofThisProgram(for: Self.self))
      if var asynchronous = command as? any AsyncParsableCommand {
        try await asynchronous.run()
      } else {
        try command.run()
      }
      Foundation.exit(0)
    } catch {
      ProgramEnd(of: error, in: Self.self).perform()
    }
  }
}

/// Options of every command that looks for files.
struct FolderOptions: ParsableArguments {
  @Option(
    name: .long,
    help: "The folder of the files, or that of folders named after data sets. Otherwise $BAYES_DATA, otherwise ./data.",
    completion: .directory)
  var dataFolder: String?

  var folders: DataFolders { DataFolders(given: dataFolder) }
}
