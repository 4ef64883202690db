package import Shell

/// Why something cannot be imported: which file, what in it, and what to do, in one sentence; exit code 65.
package struct ImportError: ProgramError {
  /// The path as it was given; empty until somebody who knows it adds it.
  package var file: String
  /// What is wrong and what to do, without a full stop.
  package let reason: String

  package init(file: String = "", _ reason: String) {
    self.file = file
    self.reason = reason
  }

  package var description: String { file.isEmpty ? reason : "\(file): \(reason)" }
  package var exitCode: Int32 { 65 }

  /// The same error with the file's name, where it has none yet.
  func of(_ path: String) -> ImportError { ImportError(file: file.isEmpty ? path : file, reason) }
}

extension String {
  /// In quotation marks, short, and without what could steer a terminal: names in files are anybody's.
  var quoted: String {
    let clean = PrintedText.line(self)
    return "\"\(clean.count > 120 ? clean.prefix(120) + "…" : clean)\""
  }
}
