import Shell

/// Why a posterior file is refused, or could not be written: the file, the place inside it, the reason, and what to do.
public struct PosteriorFileError: Error, Sendable, Hashable, Codable, CustomStringConvertible {
  /// The path of the file as it was given.
  public var file: String
  /// The path inside the file, with `@name` for an attribute; `/` for the file as a whole.
  public var path: String
  /// A clause that continues "`path` …", without a full stop: `has shape (3); the architecture needs (4)`.
  public var reason: String
  /// What the reader of the message can do, a sentence without a full stop.
  public var advice: String?
  /// The program that wrote the file, with its version, if the file says so.
  public var writtenBy: String?

  /// Makes an error.
  public init(file: String, path: String, reason: String, advice: String? = nil, writtenBy: String? = nil) {
    self.file = file
    self.path = path
    self.reason = reason
    self.advice = advice
    self.writtenBy = writtenBy
  }

  /// The last component of the file's path.
  public var fileName: String { file.split(separator: "/").last.map(String.init) ?? file }

  /// One clear sentence, followed by the advice and by who wrote the file where they are known.
  public var description: String {
    // A reason that names a part of the place is a clause of its own.
    let joint = reason.hasPrefix("axis ") ? ": " : " "
    var text = path == "/" ? "\(file): \(reason)." : "\(file): \(path)\(joint)\(reason)."
    if let advice { text += " \(advice)." }
    if let writtenBy { text += " The file was written by \(writtenBy.prefix(200))." }
    // Names and texts come from the file: they must not steer a terminal.
    return PrintedText.line(text)
  }
}

extension PosteriorFileError: ProgramError {
  /// Bad data.
  package var exitCode: Int32 { 65 }
}
