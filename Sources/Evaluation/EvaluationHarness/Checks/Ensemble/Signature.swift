import PosteriorFiles
import RobustnessCore

extension CheckName {
  /// The content is what its author signed.
  public static let signature = "signature"
  /// The file's statements go together, and its numbers are taken as they stand.
  public static let fileStatements = "file-statements"
}

extension VerdictCheck {
  /// Whether the bytes are those that their author signed.
  static let signature = VerdictCheck(
    CheckName.signature,
    .ensemble { evidence in
      switch evidence.subject.signature {
      case .verified, .none:
        return Check(
          CheckName.signature, .passed,
          finding: evidence.subject.signature == .none
            ? "the ensemble comes from no file" : "the content is what its digest says")
      case .unsigned:
        return Check(
          CheckName.signature, .warning,
          finding: "the file is unsigned: nothing says that it is what its author published",
          advice: "Ask its author for a file with content_sha256.")
      case .changed:
        return Check(
          CheckName.signature, .warning, finding: "the content differs from its digest, and was accepted all the same",
          advice: "The numbers speak of these bytes only.")
      }
    })

  /// Only where there is something to say: most ensembles come from a file that contradicts nothing.
  static let fileStatements = VerdictCheck(
    CheckName.fileStatements,
    .ensemble { evidence in
      let warnings = evidence.subject.fileWarnings
      guard let first = warnings.first else { return nil }
      let more = warnings.count == 1 ? "" : " (and \(warnings.count - 1) more: posterior verify lists them)"
      return Check(
        CheckName.fileStatements, .warning, value: Double(warnings.count),
        finding: "\(first.place) \(first.sentence)\(more)", advice: first.advice.isEmpty ? "" : first.advice + ".")
    })
}
