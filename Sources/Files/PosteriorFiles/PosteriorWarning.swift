import Shell

/// Something in a posterior file that can be read, and that its reader must know of: what is suspicious, and what was
/// not taken as it stands.
public struct PosteriorWarning: Sendable, Hashable, Codable {
  /// The path inside the file, with `@name` for an attribute.
  public var place: String
  /// A clause that continues "`place` …", without a full stop.
  public var sentence: String
  /// What the reader of the message can do, a sentence without a full stop; empty when there is nothing to do.
  public var advice: String

  /// Makes a warning.
  public init(place: String, sentence: String, advice: String = "") {
    self.place = place
    self.sentence = sentence
    self.advice = advice
  }
}

extension PosteriorWarning: CustomStringConvertible {
  /// Place and sentence, then the advice.
  public var description: String {
    let end = sentence.hasSuffix("?") ? "" : "."
    let text = "\(place) \(sentence)\(end)" + (advice.isEmpty ? "" : " \(advice).")
    // Names come from the file: they must not steer a terminal.
    return PrintedText.line(text)
  }
}
