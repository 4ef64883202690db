import Foundation
import Shell

/// Why a file could not be fetched.
public struct FetchError: Error, Sendable, Hashable, CustomStringConvertible {
  /// What went wrong.
  public enum Kind: Sendable, Hashable {
    /// No server answered: no network, no such host, no answer in time.
    case unreachable
    /// A server answered with another status than success.
    case refused(status: Int)
    /// The transfer ended before the file did. What arrived is kept.
    case interrupted
    /// What arrived, or what lies where the file should go, is another file.
    case wrongContent
    /// The folder cannot be written to, or there is no room.
    case cannotWrite
    /// Another process is fetching the same file.
    case busy
    /// The task was cancelled. What arrived is kept.
    case cancelled
  }

  /// What went wrong; for several mirrors, at the last of them.
  public var kind: Kind
  /// The file, by its name or path.
  public var file: String
  /// A clause that continues "`file`: …", without a full stop.
  public var reason: String
  /// What the reader of the message can do, a sentence without a full stop.
  public var advice: String?

  /// Makes an error.
  public init(kind: Kind, file: String, reason: String, advice: String? = nil) {
    self.kind = kind
    self.file = file
    self.reason = reason
    self.advice = advice
  }

  /// One clear sentence, followed by the advice.
  public var description: String {
    let text = "\(file): \(reason)." + (advice.map { " \($0)." } ?? "")
    // Servers have a say in the text: it must not steer a terminal.
    return PrintedText.line(text)
  }
}

extension FetchError: ProgramError {
  /// An output that cannot be written, or data that are not there.
  package var exitCode: Int32 { kind == .cannotWrite ? 70 : 65 }
}
