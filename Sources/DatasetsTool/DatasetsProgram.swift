import ArgumentParser
import Datasets
import Foundation
import PosteriorFiles

/// Lists data sets, says what is in them, fetches them.
struct DatasetsProgram: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "datasets",
    abstract: "List data sets, say what is in them, fetch them.",
    subcommands: [List.self, Info.self, Fetch.self])

  /// Runs the program. Exit codes: 0 done, 64 usage, 65 data that are missing or bad, 70 an output that cannot be written or anything else.
  static func runAndExit() async -> Never {
    // A limit on the size of files is an error to report, not a reason to die.
    signal(SIGXFSZ, SIG_IGN)
    do {
      var command = try parseAsRoot()
      if var asynchronous = command as? any AsyncParsableCommand {
        try await asynchronous.run()
      } else {
        try command.run()
      }
      // `print` does not say when the disk is full.
      guard fflush(nil) == 0 else {
        fail("standard output cannot be written: \(String(cString: strerror(errno)))", 70)
      }
      Foundation.exit(0)
    } catch let error as FetchError {
      fail("\(error)", error.kind == .cannotWrite ? 70 : 65)
    } catch let error as DatasetError {
      fail("\(error)", 65)
    } catch let error as PosteriorFileError {
      fail("\(error)", 65)
    } catch {
      // Help, wrong usage and everything else that the parser knows how to print.
      let code = exitCode(for: error)
      if code == .success || error is ExitCode { exit(withError: error) }
      if code == .validationFailure {
        // The parser begins with a capital letter; every error of this program begins alike.
        let message = fullMessage(for: error)
        fail(message.hasPrefix("Error: ") ? String(message.dropFirst(7)) : message, code.rawValue)
      }
      fail("\(error)", 70)
    }
  }

  private static func fail(_ message: String, _ code: Int32) -> Never {
    FileHandle.standardError.write(Data("error: \(message)\n".utf8))
    Foundation.exit(code)
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
