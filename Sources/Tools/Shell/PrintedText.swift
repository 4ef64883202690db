/// Texts of unknown origin, made fit for a terminal: names in files must not steer it, nor look like lines of a
/// program.
package enum PrintedText {
  /// The text in one line: control characters, line ends and marks that turn the direction of writing become spaces.
  package static func line(_ text: String) -> String {
    String(text.unicodeScalars.map { isHarmless($0) ? Character($0) : " " })
  }

  /// The same, but lines stay lines.
  package static func lines(_ text: String) -> String {
    String(text.unicodeScalars.map { $0 == "\n" || isHarmless($0) ? Character($0) : " " })
  }

  private static func isHarmless(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.properties.generalCategory {
    case .control, .lineSeparator, .paragraphSeparator, .surrogate: false
    // Joiners and soft hyphens are letters' own; embeddings, overrides and isolates reorder what is beside them.
    case .format: !(0x202A...0x202E).contains(scalar.value) && !(0x2066...0x2069).contains(scalar.value)
    default: true
    }
  }
}
