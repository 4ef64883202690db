import Foundation

/// The page of an experiment.
struct ExperimentPage {
  private let name: String
  private let title: String
  private let result: ExperimentResult
  private let options: Reproduction.Options
  private let diagnostics: String
  private let commands: [String]
  private let caveat: String
  private let basis: String

  init(
    experiment: any Experiment, result: ExperimentResult, options: Reproduction.Options, context: ExperimentContext
  ) throws {
    name = type(of: experiment).name
    title = type(of: experiment).title
    self.result = result
    self.options = options
    let specs = experiment.posteriors
    diagnostics = try context.diagnosticsTable(specs)
    // Where the output is on this machine says nothing to others.
    let folder = URL(fileURLWithPath: options.output).lastPathComponent
    commands = try specs.compactMap {
      try context.command(of: $0)?.replacing(" \(options.output)/", with: " \(folder)/")
    }
    let open = try context.unconverged(specs)
    let chains = try context.markovChainCount(specs)
    basis = open == 0 ? "" : " " + result.verdictBasis
    let subject = chains == 1 ? "The HMC posterior here" : "\(open) of the \(chains) HMC posteriors here"
    caveat =
      open == 0
      ? ""
      : " \(subject) \(open == 1 ? "has" : "have") not converged by \(open == 1 ? "its" : "their") own diagnostics (below): what is said of \(open == 1 ? "it is about its" : "them is about these") draws, not about the exact posterior."
  }

  func text(pictureNote: String?) -> String {
    let picture =
      pictureNote.map { "*No picture: \($0).*" } ?? "![\(title)](\(name).svg)"
    return """
      # \(title)

      **\(result.judgement)**\(caveat)

      Claim: *\(result.claim)* Verdict: **\(result.verdict.rawValue)**.\(basis)

      \(picture)

      ## What was run

      Scale `\(options.scale.rawValue)`, seed \(options.seed). \(result.ran)

      ## What the paper reports

      \(result.paper)

      ## What came out

      \(result.outcome)

      ## The posteriors

      \(diagnostics)
      Accuracy is that of the posterior predictive on the test examples in the file; R-hat and ESS are of the log-probability of the true class at a hundred of them. *Does not apply* means that the draws are no Markov chain. What these columns mean: `Docs/diagnostics.md`.

      ## To repeat it

      ```sh
      reproduce \(name) --scale \(options.scale.rawValue) --seed \(options.seed) --output \(URL(fileURLWithPath: options.output).lastPathComponent)
      ```

      The posteriors alone, each by one command:

      ```sh
      \(commands.prefix(24).joined(separator: "\n"))\(commands.count > 24 ? "\n# … and \(commands.count - 24) more" : "")
      ```

      ## Columns of [`\(name).csv`](\(name).csv)

      \(result.table.legend)
      [Script of the figure](\(name).gp) · [PNG](\(name).png)

      """
  }
}
