import Foundation
import Shell

/// Why data cannot be used: the file, the reason, and what to do.
public struct DatasetError: Error, Sendable, Hashable, CustomStringConvertible {
  /// The path of the file, or the name of the data set.
  public var file: String
  /// A clause that continues "`file`: …", without a full stop: `is truncated: it holds 8 of 16 bytes`.
  public var reason: String
  /// What the reader of the message can do, a sentence without a full stop.
  public var advice: String?

  /// Makes an error.
  public init(file: String, reason: String, advice: String? = nil) {
    self.file = file
    self.reason = reason
    self.advice = advice
  }

  /// One clear sentence, followed by the advice.
  public var description: String {
    let text = "\(file): \(reason)." + (advice.map { " \($0)." } ?? "")
    // Names come from outside: they must not steer a terminal.
    return PrintedText.line(text)
  }
}

extension DatasetError: ProgramError {
  /// Bad data.
  package var exitCode: Int32 { 65 }
}
