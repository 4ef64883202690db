import ArgumentParser
public import BuiltInPlugins
import EvaluationHarness
import Foundation
import PosteriorFiles
public import RobustnessCore
import Synchronization

/// The program `benchmark`, for this package's own executable and for a laboratory's:
///
/// ```swift
/// try await Benchmark.run(attacks: .builtIn + [Mine.self])
/// ```
public enum Benchmark {
  /// The parser creates its commands itself, so that these cannot be handed over.
  static let attacks = Mutex<[any Attack.Type]>([])

  /// Parses the command line, runs or merges, prints, and ends the process.
  ///
  /// Exit codes: 0 done; 64 usage; 65 bad data; 70 an output that cannot be written, or an internal error; 75 interrupted, and the same command goes on.
  ///
  /// - Parameter attacks: where the suite's attacks and those of `--attack` are found.
  public static func run(attacks: [any Attack.Type] = .builtIn) async throws -> Never {
    // Before anything else: the program starts itself to look at files of unknown origin.
    Probe.runIfRequested()
    do {
      try PluginNames.offer(attacks, [])
      Self.attacks.withLock { $0 = attacks }
      var command = try BenchmarkCommand.parseAsRoot(Array(CommandLine.arguments.dropFirst()))
      try command.run()
      exit(0)
    } catch {
      ProgramEnd.exit(with: error, of: BenchmarkCommand.self)
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

      Exit codes: 0 done; 64 usage; 65 bad data; 70 output that cannot be written or internal error; 75 interrupted: \
      the same command goes on.
      """,
    subcommands: [RunCommand.self, TableCommand.self])
}
