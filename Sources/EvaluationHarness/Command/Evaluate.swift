import ArgumentParser
public import BuiltInPlugins
import Foundation
import PosteriorFiles
public import RobustnessCore

/// The program `evaluate`, for this package's own executable and for a laboratory's:
///
/// ```swift
/// try await Evaluate.run(attacks: .builtIn + [Mine.self])
/// ```
public enum Evaluate {
  /// Parses the command line, evaluates, prints, and ends the process.
  ///
  /// Exit codes: 0 done, whatever the verdict; 64 usage; 65 bad data; 70 an attack that did not finish, an output that cannot be written, or an internal error; 75 interrupted.
  ///
  /// - Parameters:
  ///   - attacks: what `--attack` finds.
  ///   - metrics: what `--metric` finds.
  public static func run(
    attacks: [any Attack.Type] = .builtIn, metrics: [any RobustnessMetric.Type] = .builtIn
  ) async throws -> Never {
    // Before anything else: the program starts itself to look at files of unknown origin.
    Probe.runIfRequested()
    finish(attacks, metrics) { arguments in
      try EvaluateJob(arguments: arguments, attacks: attacks, metrics: metrics) { job in try job.subjectFromFile() }
        .run()
    }
  }

  /// The same for an ensemble that comes from no file; `--model` is then not needed.
  ///
  /// - Parameters:
  ///   - attacks: what `--attack` finds.
  ///   - metrics: what `--metric` finds.
  ///   - ensemble: what is evaluated.
  ///   - data: inputs and labels.
  ///   - name: what the report calls it.
  ///   - box: the box that inputs live in.
  public static func run(
    attacks: [any Attack.Type] = .builtIn, metrics: [any RobustnessMetric.Type] = .builtIn,
    ensemble: any PosteriorEnsemble, data: Examples, name: String = "ensemble", box: ClosedRange<Double> = 0...1
  ) async throws -> Never {
    Probe.runIfRequested()
    finish(attacks, metrics, needsModel: false) { arguments in
      try EvaluateJob(arguments: arguments, attacks: attacks, metrics: metrics) { job in
        (try job.subject(EvaluationSubject(name: name, ensemble: ensemble, examples: data)), box)
      }.run()
    }
  }

  /// What `--model` is where none is needed.
  static let noModel = "-"

  private static func finish(
    _ attacks: [any Attack.Type], _ metrics: [any RobustnessMetric.Type], needsModel: Bool = true,
    _ body: (EvaluateArguments) throws -> Void
  ) -> Never {
    var words = Array(CommandLine.arguments.dropFirst())
    let asksForCompletion = words.first?.hasPrefix("---") == true
    if !needsModel, !asksForCompletion, !words.contains(where: { $0 == "--model" || $0.hasPrefix("--model=") }) {
      words += ["--model", noModel]
    }
    do {
      try PluginNames.offer(attacks, metrics)
      let command = try EvaluateCommand.parse(words)
      try body(command.arguments)
      exit(0)
    } catch {
      ProgramEnd.exit(with: error, of: EvaluateCommand.self)
    }
  }
}

/// The parser's view of the program.
struct EvaluateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    // A laboratory's own program has its own name.
    commandName: URL(fileURLWithPath: CommandLine.arguments.first ?? "evaluate").lastPathComponent,
    abstract: "How robust is this Bayesian neural network, and can the number be believed?",
    discussion: """
      Evaluates attacks on the draws in a posterior file and judges the result: evaluate --attack pgd --model posterior.h5

      The environment variable ROBUSTNESS_KERNELS=portable (or onednn) chooses the kernels.

      Exit codes: 0 done, whatever the verdict; 64 usage; 65 bad data; 70 a failed attack, an output \
      that cannot be written, or an internal error; 75 interrupted.
      """)

  @OptionGroup var arguments: EvaluateArguments
}
