import ArgumentParser
import EvaluationHarness
import Foundation
import PosteriorFiles
public import RobustnessCore
import Shell

/// The program `benchmark`, for this package's own executable and for a laboratory's:
///
/// ```swift
/// try await Benchmark.run(attacks: .builtIn + [Mine.self], companions: .builtIn)
/// ```
///
/// `.builtIn` comes from the module `BuiltInPlugins`.
public enum Benchmark {
  /// Parses the command line, runs or merges, prints, and ends the process.
  ///
  /// Exit codes: 0 done; 64 usage; 65 bad data; 70 a contradiction between attack and certificate, an output that cannot
  /// be written, or an internal error; 75 interrupted, and the same command goes on.
  ///
  /// - Parameters:
  ///   - attacks: where the suite's attacks and those of `--attack` are found.
  ///   - certificates: where the suite's certificates and those of `--certificate` are found.
  ///   - companions: what the harness runs beside the attacks; those of this package are a part of the protocol,
  ///     whatever else the program offers.
  public static func run(
    attacks: [any Attack.Type], certificates: [any RobustnessCertificate.Type] = [], companions: Companions
  ) async throws -> Never {
    // Before anything else: the program starts itself to look at files of unknown origin.
    Probe.runIfRequested()
    StandardDescriptors.open()
    Interruption.reportFileSizeLimit()
    do {
      try PluginNames.offer(attacks, [], certificates)
      let suite = "--suite"
      switch try BenchmarkCommand.parseAsRoot(
        CommandWords.ofThisProgram(for: BenchmarkCommand.self, single: [suite]))
      {
      case let command as RunCommand:
        Interruption.watch()
        try command.request.run(attacks: attacks, certificates: certificates, companions: companions) {
          ProgramEnd.say("note: \($0)")
        }
      case let command as TableCommand: try command.request.run { ProgramEnd.say("note: \($0)") }
      case let command as VerifyCommand:
        Interruption.watch()
        try command.perform(attacks: attacks, certificates: certificates, companions: companions)
      case var command: try command.run()
      }
      exit(0)
    } catch {
      ProgramEnd(of: error, in: BenchmarkCommand.self).perform()
    }
  }
}

struct BenchmarkCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: URL(fileURLWithPath: CommandLine.arguments.first ?? "benchmark").lastPathComponent,
    abstract: "Attacks and posteriors of several laboratories, measured alike.",
    discussion: """
      benchmark run --suite Fixtures/suites/standard.json --models a.h5 b.h5
      benchmark table results-here results-from-there --html leaderboard.html
      benchmark verify results-from-there --models a.h5 b.h5

      Exit codes: 0 done; 64 usage; 65 bad data; 70 a contradiction between attack and certificate, output that cannot \
      be written, or internal error; 75 interrupted: the same command goes on.
      """,
    version: ProgramVersion.current,
    subcommands: [RunCommand.self, TableCommand.self, VerifyCommand.self])
}
