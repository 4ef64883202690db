import ArgumentParser
import Diagnostics
import NeuralNetworks
import PosteriorFiles
import PosteriorReports
import Shell

/// `posterior verify FILE…`
struct Verify: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Check posterior files completely and list every problem.",
    discussion: """
      Exit code 0: every file is acceptable, and its network answers as its author's program did, where the file says \
      what that is. Exit code 65: at least one is not, or does not. Warnings change no exit code. Of convergence, what \
      the file records is judged; `posterior diagnose` runs the network too.
      """)

  @Argument(help: "The posterior files.", completion: .file(extensions: ["h5"]))
  var files: [String]

  func run() throws {
    var isAcceptable = true
    for file in files {
      let (problems, posterior) = PosteriorFile.examine(file, probe: .currentProgram)
      for problem in problems { Self.say("error: \(problem)") }
      guard let posterior else {
        isAcceptable = false
        continue
      }
      let answers = try Answers(of: posterior)
      let isChains = posterior.kind == .mcmc || posterior.kind == nil
      let checks = try posterior.recordedChecks()
      let warnings =
        posterior.warnings.map { "\($0)" }
        + checks.filter { $0.status == .failed || $0.status == .warning }.map { $0.sentence(isChains: isChains) }
        + [answers.warning].compactMap(\.self)
      for warning in warnings { Self.say("warning: \(file): \(warning)") }
      if let error = answers.error {
        Self.say("error: \(file): \(error)")
        isAcceptable = false
        continue
      }
      let signature = posterior.integrity == .unsigned ? ", unsigned" : ""
      let sentence = "\(file): valid\(signature)" + Self.count(warnings) + answers.agreement
      try StandardOutput.print(PrintedText.line(sentence))
      if posterior.kind == .mcmc { try StandardOutput.print("  " + Self.scope(checks)) }
    }
    if !isAcceptable { throw ExitCode(65) }
  }

  /// Names and texts come from the file: each sentence stays one line.
  private static func say(_ sentence: String) { ProgramEnd.say(PrintedText.line(sentence)) }

  private static func count(_ warnings: [String]) -> String {
    warnings.isEmpty ? "" : ", with \(warnings.count) warning\(warnings.count == 1 ? "" : "s")"
  }

  /// What was judged of the convergence of chains, and what was not run.
  private static func scope(_ checks: [DiagnosticCheck]) -> String {
    let passed = checks.filter { $0.status == .passed && $0.name != "identical-draws" }.map(\.finding)
    let isRecorded = checks.contains { ["divergences", "log-density", "energy-fraction"].contains($0.name) }
    let judged =
      !isRecorded
      ? "nothing was recorded that convergence could be judged by"
      : passed.isEmpty ? "convergence was judged by what was recorded" : passed.joined(separator: ", ")
    return judged + "; not run: R-hat in function space, which needs the network (posterior diagnose)"
  }
}

/// What the comparison with the author's program comes to, in words.
private struct Answers {
  var warning: String?
  var error: String?
  /// Follows "valid".
  var agreement = ""

  init(of posterior: PosteriorFile) throws {
    guard let findings = try posterior.referenceFindings() else { return }
    let sentence = "/reference: \(findings.sentence(author: posterior.referenceAuthor)). \(findings.whatToDo)"
    switch findings.outcome {
    case .agrees:
      agreement = "; answers as \(posterior.referenceAuthor) did"
      if findings.caution != nil { warning = sentence }
    case .agreesBut: warning = sentence
    case .differs: error = sentence
    }
  }
}
