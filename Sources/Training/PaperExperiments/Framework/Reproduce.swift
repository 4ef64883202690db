public import ArgumentParser
import Foundation
import PosteriorFiles
public import RobustnessCore
import Shell
import TrainingHarness

/// The program `reproduce`.
public enum Reproduce {
  /// Parses the command line, runs, and ends the process.
  ///
  /// Exit codes: 0 done; 64 usage; 65 bad data; 70 an output that cannot be written, or numbers outside the bands of
  /// `--check`; 75 stopped, and the same command goes on.
  ///
  /// - Parameters:
  ///   - samplers: What posteriors are drawn with: `.builtIn`.
  ///   - companions: What the portfolio `standard` is composed of: `.builtIn`.
  public static func run(samplers: [any PosteriorSampler.Type], companions: Companions) -> Never {
    Probe.runIfRequested()
    StandardDescriptors.open()
    Interruption.watch()
    do {
      let command = try ReproduceCommand.parse(CommandWords.ofThisProgram(for: ReproduceCommand.self))
      try command.run(HarnessProvider(samplers: samplers), companions)
      exit(0)
    } catch {
      ProgramEnd(of: error, in: ReproduceCommand.self).perform()
    }
  }
}

extension Scale: ExpressibleByArgument {}

/// The parser's view of the program.
struct ReproduceCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "reproduce",
    abstract: "Every experiment of the paper, on real data, with the statistics that say what it shows.",
    discussion: """
      Each experiment leaves a folder with its data (CSV), its figure (SVG, PNG and the gnuplot script) and a page \
      (Markdown); posteriors are kept in OUTPUT/posteriors. Whatever is finished is not done again: a job that was \
      stopped goes on with the same command.

      Exit codes: 0 done; 64 usage; 65 bad data; 70 output that cannot be written, or numbers outside the bands of \
      --check; 75 stopped.
      """,
    version: ProgramVersion.current)

  @Argument(help: "\(Reproduction.names.joined(separator: ", ")), or all; several are allowed.")
  var experiments: [String]

  @Option(help: "smoke: two minutes, from Fixtures/ alone; laptop: 90 min on two cores; paper: the paper's own sizes.")
  var scale: Scale = .laptop

  @Option(name: .shortAndLong, help: "The folder that everything goes into.")
  var output: String

  @Option(help: "Where the files of images are; at scale smoke Fixtures/data, otherwise $BAYES_DATA, else data.")
  var dataFolder: String?

  @Option(help: "Names all random streams.")
  var seed: UInt64 = 0

  @Option(help: "Worker threads; results do not depend on it.")
  var threads: Int?

  @Flag(help: "Begin a job of scale paper after its estimate.")
  var yes = false

  @Flag(help: "Print what would be done and how long it would take, and stop.")
  var dryRun = false

  @Flag(help: "No progress.")
  var quiet = false

  @Option(help: "A quantities.csv of another run: numbers outside its statistical bands end with exit code 70.")
  var check: String?

  /// Does what the command line says.
  func run(_ provider: any PosteriorProvider, _ companions: Companions) throws {
    let names = Reproduction.names
    if let wrong = experiments.first(where: { $0 != "all" && !names.contains($0) }) {
      throw ValidationError("there is no experiment '\(wrong)'; there are \(names.joined(separator: ", ")), and all")
    }
    guard seed <= UInt64(Int.max) else { throw ValidationError("--seed must be at most \(Int.max), not \(seed)") }
    if let threads, threads < 1 { throw ValidationError("--threads must be at least 1, not \(threads)") }
    let options = Reproduction.Options(
      experiments: experiments.contains("all") ? names : experiments, scale: scale, output: output,
      dataFolder: dataFolder ?? (scale == .smoke ? "Fixtures/data" : nil), seed: seed, threads: threads, isQuiet: quiet)
    let reference = try check.map { path -> [Quantity] in
      guard let text = try? String(contentsOfFile: path, encoding: .utf8) else {
        throw ValidationError("--check \(path): there is no such file")
      }
      return QuantityBands.parse(text)
    }
    let job = Reproduction(options, provider: provider, companions: companions)
    let plan = try job.plan()
    let total = plan.reduce(0) { $0 + $1.expectedSeconds }
    if !quiet || dryRun {
      for part in plan {
        let work = part.expectedSeconds == 0 ? "finished" : "about \(duration(part.expectedSeconds))"
        let training = part.posteriors > 0 ? ", \(part.posteriors) posteriors to train" : ""
        try StandardOutput.print("\(part.label): \(work)\(training)")
      }
      try StandardOutput.print("in all: about \(duration(total)) on two cores")
    }
    if dryRun { return }
    guard scale != .paper || yes || total == 0 else {
      throw ValidationError("scale paper takes about \(duration(total)) on two cores; add --yes to begin")
    }
    for note in try job.run() { ProgramEnd.say("note: \(note)") }
    try StandardOutput.print("\(output)/README.md")
    if let reference {
      let departures = QuantityBands.departures(of: try job.quantities(), from: reference)
      for departure in departures { try StandardOutput.print("outside its band: \(departure)") }
      guard departures.isEmpty else { throw OutsideBands(count: departures.count) }
      try StandardOutput.print(
        "all numbers are within \(Int(QuantityBands.width)) standard errors of \(check ?? "")")
    }
  }
}

/// Numbers of a run that are not what they were.
struct OutsideBands: Error, CustomStringConvertible {
  let count: Int
  var description: String { "\(count) number\(count == 1 ? " is" : "s are") outside the statistical bands" }
}
