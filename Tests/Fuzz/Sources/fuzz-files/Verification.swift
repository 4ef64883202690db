import Diagnostics
import Foundation

@testable import NeuralNetworks
@testable import PosteriorFiles
@testable import PosteriorReports
@testable import Shell

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
  /// Seconds of processor time of the program and of its checking process.
  var seconds = 0.0

  /// Does everything that `posterior verify` does with one file, in its order.
  ///
  /// - Parameters:
  ///   - path: The file.
  ///   - inThisProcess: Without a checking process: for a file that is known to be valid.
  init(of path: String, inThisProcess: Bool = false) {
    let start = Self.processorSeconds()
    defer { seconds = Self.processorSeconds() - start }
    let (problems, posterior) = PosteriorFile.examine(path, probe: inThisProcess ? nil : .currentProgram)
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
      (errors, warnings) = (errors.map(PrintedText.line), warnings.map { PrintedText.line("\(path): \($0)") })
      isValid = errors.isEmpty
    } catch {
      errors.append("\(error)")
    }
  }

  private static func processorSeconds() -> Double {
    [RUSAGE_SELF.rawValue, RUSAGE_CHILDREN.rawValue].reduce(0) { sum, who in
      var usage = rusage()
      getrusage(who, &usage)
      return [usage.ru_utime, usage.ru_stime].reduce(sum) { $0 + Double($1.tv_sec) + Double($1.tv_usec) / 1e6 }
    }
  }
}
