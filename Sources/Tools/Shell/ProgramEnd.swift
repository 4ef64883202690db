package import ArgumentParser
import Foundation

/// How every program ends: a sentence on standard error and an exit code that says whose turn it is.
///
/// A value, so that it can be looked at before it happens:
///
/// ```swift
/// catch { ProgramEnd(of: error, in: EvaluateCommand.self).perform() }
/// ```
package struct ProgramEnd {
  /// The code the process ends with.
  package let exitCode: Int32
  /// What is said on standard error, without the line's end; nil where the parser speaks.
  package let message: String?
  private let parserSpeaks: () -> Void

  /// Where programs differ in how they say it.
  package struct Manner: OptionSet, Sendable {
    package let rawValue: Int
    package init(rawValue: Int) { self.rawValue = rawValue }

    /// An interruption is said without `error:` before it: nothing is wrong.
    package static let interruptionIsNoError = Manner(rawValue: 1)
  }

  /// The end that an error calls for.
  ///
  /// - Parameters:
  ///   - error: What was thrown. A ``ProgramError`` brings its code; help, completions and wrong usage are the
  ///     parser's; anything else ends with 70.
  ///   - command: Who knows the usage; nil for a program without a parser.
  ///   - manner: Where the program says it in its own way.
  package init(
    of error: any Error, in command: (any ParsableCommand.Type)? = nil, manner: Manner = []
  ) {
    func say(_ message: String, _ code: Int32) -> (String?, Int32, () -> Void) {
      ("error: \(PrintedText.lines(message))", code, {})
    }
    let end: (String?, Int32, () -> Void)
    if let error = error as? any ProgramError {
      let isQuiet = error is Interrupted && manner.contains(.interruptionIsNoError)
      end = isQuiet ? (error.description, error.exitCode, {}) : say(error.description, error.exitCode)
    } else if let command {
      let code = command.exitCode(for: error)
      let isUsage = code == .validationFailure
      if code == .success || error is ExitCode {
        end = (nil, code.rawValue, { command.exit(withError: error) })
      } else if isUsage {
        // The parser's sentence and its usage line, in the form of all other errors.
        let text = command.fullMessage(for: error)
        end = say(text.hasPrefix("Error: ") ? String(text.dropFirst(7)) : text, 64)
      } else {
        end = say("\(error)", 70)
      }
    } else {
      end = say("\(error)", 70)
    }
    (message, exitCode, parserSpeaks) = end
  }

  /// Says what is to be said, and ends the process.
  package func perform() -> Never {
    if let message { Self.say(message) }
    parserSpeaks()
    exit(exitCode)
  }

  /// The code that goes with an error: its own if it has one, else 70.
  package static func exitCode(of error: any Error) -> Int32 { (error as? any ProgramError)?.exitCode ?? 70 }

  /// A line on standard error; where that cannot be written, nothing can be said.
  package static func say(_ line: String) {
    try? FileHandle.standardError.write(contentsOf: Data("\(line)\n".utf8))
  }
}
