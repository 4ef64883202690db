import ArgumentParser
import ComputeKernels
import Diagnostics
import NeuralNetworks
import PosteriorFiles
import PosteriorReports
import Reporting
import RobustnessCore
import Shell

/// `posterior diagnose FILE`
struct Diagnose: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Say whether the draws have converged, and how good their predictions are.",
    discussion: """
      R-hat, effective sample sizes and Monte Carlo errors in function space and in weight space, what the sampler \
      recorded, and the quality of the predictions on the file's evaluation data. Docs/diagnostics.md explains every \
      number. The exit code is 0 whatever the verdict.
      """)

  @Argument(help: "The posterior file.", completion: .file(extensions: ["h5"]))
  var file: String

  @Flag(help: "Print JSON, with every draw's quality and every chain.")
  var json = false

  @Option(help: "Look at the first N examples of the evaluation data only.")
  var examples: Int?

  @Flag(help: "Read a file whose content is not that of its digests all the same.")
  var acceptChanged = false

  func validate() throws {
    if let examples, examples < 1 { throw ValidationError("--examples takes a number of at least 1, not \(examples)") }
  }

  func run() throws {
    if let fault = KernelLibrary.namedLibraryFault { throw UsageError(fault) }
    let posterior = try PosteriorFile.open(file, acceptChanged: acceptChanged, probe: .currentProgram)
    let report: PosteriorReport
    do {
      report = try PosteriorReport(of: posterior, examples: examples)
    } catch let error as CoreError {
      throw BadDataError("\(file): \(error)")
    }
    if json {
      guard case .object(let members) = report.json else { return }
      let names: [(String, JSONText)] = [
        ("model", .text(posterior.fileName)), ("architecture", .text(posterior.architecture.summary)),
        ("posteriorSHA256", .text(posterior.posteriorSHA256)),
        ("dataSHA256", .optional(posterior.dataSHA256) { .text($0) }),
      ]
      let warnings: [(String, JSONText)] =
        posterior.warnings.isEmpty ? [] : [("warnings", .array(posterior.warnings.map { .text("\($0)") }))]
      try StandardOutput.print(JSONText.object(names + warnings + members).pretty)
    } else {
      let kind =
        switch posterior.kind {
        case nil: " · kind not stated"
        case .mcmc: " · mcmc"
        // The description says it.
        default: ""
        }
      let warnings = posterior.warnings.map { "  ! \($0)\n" }.joined()
      try StandardOutput.write(
        "\(posterior.fileName) · \(posterior.architecture.summary) · \(report.drawDescription)\(kind)\n\(warnings)\n"
          + report.table)
    }
  }
}
