import Shell

/// Why an array of another program is refused: the file, the place inside it, the reason, and what to do.
public struct ArrayFileError: Error, Sendable, Hashable, CustomStringConvertible {
  /// The path of the file as it was given.
  public var file: String
  /// The array or the part of the file; empty for the file as a whole.
  public var place: String
  /// A clause that continues "`file`: `place` …", without a full stop: `has 12 bytes; its shape (2, 2) needs 16`.
  public var reason: String
  /// What the reader of the message can do, a sentence without a full stop.
  public var advice: String?

  /// Makes an error.
  public init(file: String, place: String = "", reason: String, advice: String? = nil) {
    self.file = file
    self.place = place
    self.reason = reason
    self.advice = advice
  }

  /// One clear sentence, followed by the advice.
  public var description: String {
    let text = "\(file): \(place)\(place.isEmpty ? "" : " ")\(reason)." + (advice.map { " \($0)." } ?? "")
    // Names come from outside: they must not steer a terminal.
    return PrintedText.line(text)
  }
}

extension ArrayFileError: ProgramError {
  /// Bad data.
  package var exitCode: Int32 { 65 }
}

/// A shape as numpy writes it: `(3)`, `(2, 4)`.
func words(of shape: [Int]) -> String { "(" + shape.map(String.init).joined(separator: ", ") + ")" }
