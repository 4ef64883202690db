import NeuralNetworks
import PosteriorFiles
import RobustnessCore
import Synchronization

extension CheckName {
  /// The network answers as its author's program did.
  public static let referenceAnswers = "reference-answers"
}

extension VerdictCheck {
  /// Whether the network of the file answers as its author's own program did. Only of files: an ensemble that comes
  /// from none has no author elsewhere.
  static let referenceAnswers = VerdictCheck(
    CheckName.referenceAnswers,
    .ensemble { evidence in try evidence.subject.reference.map { answer(try $0()) } })

  /// - Parameter comparison: What was found, and who answered; nil where the file holds no answers.
  private static func answer(_ comparison: (findings: ReferenceFindings, author: String)?) -> Check {
    guard let (findings, author) = comparison else {
      return Check(
        CheckName.referenceAnswers, .notRun,
        finding: "the file does not say what its author's program answers",
        advice: "Its author can add it with h5py: \(ReferenceAnswers.recipe)")
    }
    let status: Check.Status =
      switch findings.outcome {
      case .agrees: findings.caution == nil ? .passed : .warning
      case .agreesBut: .warning
      case .differs: .failed
      }
    return Check(
      CheckName.referenceAnswers, status, value: findings.largest, finding: findings.sentence(author: author),
      advice: findings.whatToDo)
  }
}

/// The comparison of one file, made when it is first asked for: a benchmark evaluates a file many times.
final class ReferenceResult: Sendable {
  private let file: PosteriorFile
  private let threads: Int?
  private let known = Mutex<(findings: ReferenceFindings, author: String)??>(nil)

  init(_ file: PosteriorFile, threads: Int?) {
    self.file = file
    self.threads = threads
  }

  /// What was found, and who answered; nil where the file holds no answers.
  func comparison() throws -> (findings: ReferenceFindings, author: String)? {
    try known.withLock { known in
      if let known { return known }
      let made = try file.referenceFindings(threads: threads).map { ($0, file.referenceAuthor) }
      known = .some(made)
      return made
    }
  }
}
