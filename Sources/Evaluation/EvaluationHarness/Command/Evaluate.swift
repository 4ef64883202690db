import ArgumentParser
import Foundation
import PosteriorFiles
public import RobustnessCore
import Shell

/// The program `evaluate`, for this package's own executable and for a laboratory's:
///
/// ```swift
/// try await Evaluate.run(attacks: .builtIn + [Mine.self], metrics: .builtIn, companions: .builtIn)
/// ```
///
/// `.builtIn` comes from the module `BuiltInPlugins`.
public enum Evaluate {
  /// Parses the command line, evaluates, prints, and ends the process.
  ///
  /// Exit codes: 0 done, whatever the verdict; 64 usage; 65 bad data; 70 an attack that did not finish, an output that
  /// cannot be written, or an internal error; 75 interrupted.
  ///
  /// - Parameters:
  ///   - attacks: what `--attack` finds.
  ///   - metrics: what `--metric` finds.
  ///   - certificates: what `--certify` finds.
  ///   - companions: what the harness runs beside the attacks.
  public static func run(
    attacks: [any Attack.Type], metrics: [any RobustnessMetric.Type],
    certificates: [any RobustnessCertificate.Type] = [], companions: Companions
  ) async throws -> Never {
    // Before anything else: the program starts itself to look at files of unknown origin.
    Probe.runIfRequested()
    finish(EvaluateCommand<PosteriorFromFile>.self, attacks, metrics, certificates, companions, given: nil)
  }

  /// The same for an ensemble that comes from no file; `--model` is then not needed.
  ///
  /// - Parameters:
  ///   - attacks: what `--attack` finds.
  ///   - metrics: what `--metric` finds.
  ///   - certificates: what `--certify` finds.
  ///   - companions: what the harness runs beside the attacks.
  ///   - ensemble: what is evaluated.
  ///   - data: inputs and labels.
  ///   - name: what the report calls it.
  ///   - box: the box that inputs live in.
  public static func run(
    attacks: [any Attack.Type], metrics: [any RobustnessMetric.Type],
    certificates: [any RobustnessCertificate.Type] = [], companions: Companions,
    ensemble: any PosteriorEnsemble, data: Examples, name: String = "ensemble", box: ClosedRange<Double> = 0...1
  ) async throws -> Never {
    Probe.runIfRequested()
    let subject = EvaluationSubject(name: name, ensemble: ensemble, examples: data)
    finish(EvaluateCommand<PosteriorAtHand>.self, attacks, metrics, certificates, companions, given: (subject, box))
  }

  private static func finish<Origin>(
    _ command: EvaluateCommand<Origin>.Type, _ attacks: [any Attack.Type], _ metrics: [any RobustnessMetric.Type],
    _ certificates: [any RobustnessCertificate.Type], _ companions: Companions,
    given: (EvaluationSubject, ClosedRange<Double>)?
  ) -> Never {
    StandardDescriptors.open()
    Interruption.reportFileSizeLimit()
    do {
      let ours = attacks + companions.portfolios
      try PluginNames.offer(ours, metrics, certificates)
      let model = "--model"
      let certify = "--certify"
      let words = try CommandWords.ofThisProgram(
        for: command, single: [model], optional: certificates.meantAlone.map { [certify: $0] } ?? [:])
      let arguments = try command.parse(words).arguments
      let attacks = try ours.adding(libraries: arguments.plugins)
      if arguments.listAttacks {
        try StandardOutput.write(try attacks.attackList())
      } else if arguments.listMetrics {
        try StandardOutput.write(metrics.metricList)
      } else if arguments.listCertificates {
        try StandardOutput.write(try certificates.certificateList())
      } else {
        // Everything that can be wrong with the command line is said before any file is read.
        let request = try arguments.request(among: attacks, metrics, certificates)
        Interruption.watch()
        try EvaluationJob(
          request, among: attacks, metrics, certificates, companions: companions, given: given,
          progress: TerminalProgress()
        ).run()
      }
      exit(0)
    } catch {
      ProgramEnd(of: error, in: command).perform()
    }
  }
}

/// The parser's view of the program.
struct EvaluateCommand<Origin: PosteriorOrigin>: ParsableCommand {
  static var configuration: CommandConfiguration {
    CommandConfiguration(
      // A laboratory's own program has its own name.
      commandName: URL(fileURLWithPath: CommandLine.arguments.first ?? "evaluate").lastPathComponent,
      abstract: "How robust is this Bayesian neural network, and can the number be believed?",
      discussion: """
        Evaluates attacks on the draws in a posterior file and judges the result: evaluate --attack pgd --model posterior.h5

        The environment variable ROBUSTNESS_KERNELS=portable (or onednn) chooses the kernels;
        ROBUSTNESS_ONEDNN=PATH names the library of oneDNN, or its folder.

        Exit codes: 0 done, whatever the verdict; 64 usage; 65 bad data; 70 a failed attack, a contradiction \
        between attack and certificate, an output that cannot be written, or an internal error; 75 interrupted.
        """,
      version: ProgramVersion.current)
  }

  @OptionGroup var arguments: EvaluateArguments<Origin>
}
