import Diagnostics
import Foundation

@testable import NeuralNetworks
@testable import PosteriorFiles
@testable import PosteriorReports

/// What `posterior verify` says about a file, and the digests that it computed.
struct Verification: Codable {
  /// What follows `error: ` and `warning: `.
  var errors: [String] = []
  var warnings: [String] = []
  var isValid = false
  /// Digests in hexadecimal; nil where the file is refused.
  var contentSHA256: String?
  var posteriorSHA256: String?
  var dataSHA256: String?
  /// Whether the file holds a digest of its content.
  var isSigned: Bool?

  /// Does everything that `posterior verify` does with one file, in its order.
  init(of path: String) {
    let (problems, posterior) = PosteriorFile.examine(path, probe: .currentProgram)
    errors = problems.map { "\($0)" }
    guard let posterior else { return }
    contentSHA256 = posterior.contentSHA256
    posteriorSHA256 = posterior.posteriorSHA256
    dataSHA256 = posterior.dataSHA256
    isSigned = posterior.integrity != .unsigned
    do {
      let findings = try posterior.referenceFindings(threads: 1)
      let isChains = posterior.kind == .mcmc || posterior.kind == nil
      let checks = try posterior.recordedChecks()
      warnings =
        posterior.warnings.map { "\($0)" }
        + checks.filter { $0.status == .failed || $0.status == .warning }.map { $0.sentence(isChains: isChains) }
      if let findings {
        let sentence =
          "/reference: \(findings.sentence(author: posterior.referenceAuthor)). \(findings.whatToDo)"
        switch findings.outcome {
        case .agrees: break
        case .agreesBut: warnings.append(sentence)
        case .differs: errors.append("\(path): \(sentence)")
        }
      }
      warnings = warnings.map { "\(path): \($0)" }
      isValid = errors.isEmpty
    } catch {
      errors.append("\(error)")
    }
  }
}
