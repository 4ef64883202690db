import NeuralNetworks
import PosteriorFiles
import Synchronization

/// Whether the network of the file answers as its author's own program did.
struct ReferenceCheck {
  /// What was found, and who answered; nil where the file holds no answers.
  let comparison: (findings: ReferenceFindings, author: String)?

  func check() -> Check {
    guard let (findings, author) = comparison else {
      return Check(
        CheckName.referenceAnswers, .notRun,
        finding: "the file does not say what its author's program answers",
        advice: "Its author can add it with h5py: \(ReferenceAnswers.recipe)")
    }
    let status: Check.Status =
      switch findings.outcome {
      case .agrees: .passed
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
