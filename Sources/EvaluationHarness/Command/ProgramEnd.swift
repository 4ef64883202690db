package import ArgumentParser
import Foundation
import PosteriorFiles

/// How every program ends: a sentence on standard error and an exit code that says whose turn it is.
package enum ProgramEnd {
  /// 64 usage; 65 bad data; 70 an output that cannot be written, or an internal error; 75 interrupted. Help and completions end with 0.
  package static func exit(with error: any Error, of command: any ParsableCommand.Type) -> Never {
    switch error {
    case is UsageError: fail("\(error)", 64)
    case is PosteriorFileError, is BadDataError: fail("\(error)", 65)
    case is OutputError: fail("\(error)", 70)
    case is Interrupted: fail("\(error)", 75)
    default:
      // Help, completions and wrong usage, which the parser prints in its own way.
      let code = command.exitCode(for: error)
      if code == .validationFailure {
        // The parser's sentence and its usage line, in the form of all other errors.
        let text = command.fullMessage(for: error)
        fail(text.hasPrefix("Error: ") ? String(text.dropFirst(7)) : text, 64)
      }
      if code == .success || error is ExitCode { command.exit(withError: error) }
      fail("\(error)", 70)
    }
  }

  /// Says what is wrong and ends the process.
  package static func fail(_ message: String, _ code: Int32) -> Never {
    FileHandle.standardError.write(Data("error: \(message)\n".utf8))
    Foundation.exit(code)
  }
}

/// A command line that makes no sense; exit code 64.
package struct UsageError: Error, CustomStringConvertible {
  package let description: String
  package init(_ description: String) { self.description = description }
}

/// Data that cannot be evaluated; exit code 65.
package struct BadDataError: Error, CustomStringConvertible {
  package let description: String
  package init(_ description: String) { self.description = description }
}

/// An output that cannot be written; exit code 70.
package struct OutputError: Error, CustomStringConvertible {
  package let description: String
  package init(_ description: String) { self.description = description }
}
