import ArgumentParser
import Diagnostics
import PosteriorFiles
import PosteriorReports
import Shell

/// `posterior verify FILE…`
struct Verify: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Check posterior files completely and list every problem.",
    discussion: """
      Exit code 0: every file is acceptable. Exit code 65: at least one is not. Warnings are about acceptable files, and \
      change no exit code. Of convergence, what the file records is judged; `posterior diagnose` runs the network too.
      """)

  @Argument(help: "The posterior files.", completion: .file(extensions: ["h5"]))
  var files: [String]

  func run() throws {
    var isAcceptable = true
    for file in files {
      let (problems, posterior) = PosteriorFile.examine(file, probe: .currentProgram)
      for problem in problems { ProgramEnd.say("error: \(problem)") }
      guard let posterior else {
        isAcceptable = false
        continue
      }
      let isChains = posterior.kind == .mcmc || posterior.kind == nil
      let checks = try posterior.recordedChecks()
      let warnings =
        posterior.warnings.map { "\($0)" }
        + checks.filter { $0.status == .failed || $0.status == .warning }.map { $0.sentence(isChains: isChains) }
      for warning in warnings { ProgramEnd.say("warning: \(file): \(warning)") }
      try StandardOutput.print("\(file): valid" + Self.count(warnings))
      if posterior.kind == .mcmc { try StandardOutput.print("  " + Self.scope(checks)) }
    }
    if !isAcceptable { throw ExitCode(65) }
  }

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
