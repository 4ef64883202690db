import ComputeKernels
import Foundation
import NeuralNetworks
import PosteriorFiles
import RobustnessCore
import Shell

/// The programs and hooks around a run; tests replace them.
struct TrainingEnvironment: Sendable {
  /// What opens files of unknown origin first.
  var probe: ProbeCommand? = .currentProgram
  var isInterrupted: @Sendable () -> Bool = { Interruption.isRequested }
  /// Whether progress is shown.
  var isTerminal = isatty(2) == 1
  /// Called after a step is complete; what it throws ends the run as a kill would.
  var afterStep: (@Sendable (_ chain: Int, _ step: Int) throws -> Void)?
  /// What is printed at the end.
  var print: @Sendable (String) throws -> Void = { try StandardOutput.write($0) }
}

/// A run with its journal: the chains, and the file at the end.
struct TrainingRun {
  let description: RunDescription
  let files: JournalFiles
  let architecture: Architecture
  let request: SamplerRequest
  let options: RunOptions
  let data: TrainingData
  let starts: ChainStarts
  let output: String
  let environment: TrainingEnvironment

  private var threads: Int { options.threads ?? ProcessorAllowance.current.threads }

  /// Runs every chain to its last draw.
  ///
  /// - Throws: `Interrupted` when the user stopped it, `RunError` and others when it cannot go on; the journal is then
  ///   what it is resumed from.
  func runChains() throws {
    if !options.quiet, let note = ProcessorAllowance.current.note(asked: options.threads) {
      ProgramEnd.say("note: \(note)")
    }
    let chains = description.shape.chains
    let atOnce = max(1, min(threads, chains))
    let progress = TrainingProgress(draws: description.shape.draws, isActive: environment.isTerminal && !options.quiet)
    let scheduler = ChainScheduler()
    let isInterrupted = environment.isInterrupted
    let surroundings = ChainSurroundings(
      files: files, draws: description.shape.draws, seed: options.seed, starts: starts, progress: progress,
      checkForStop: { if isInterrupted() || scheduler.hasFailed { throw StopRequest() } },
      afterStep: environment.afterStep)
    let examples = data.examples
    let prior = try options.prior(of: architecture)
    let configuration = BayesianNetwork.Configuration(
      precision: options.precision == .bfloat16 ? .bfloat16 : .float32, threads: max(1, threads / atOnce),
      temperature: options.temperature)
    func open<S: PosteriorSampler>(_ type: S.Type) throws {
      let sampler = try S(S.Options(assignments: request.values))
      let architecture = architecture
      try scheduler.run(chains, atOnce: atOnce) { chain in
        let network = try BayesianNetwork(
          architecture: architecture, prior: prior, examples: examples, configuration: configuration)
        try ChainRun(sampler: sampler, chain: chain, surroundings: surroundings, network: network).run()
      }
    }
    defer { progress.clear() }
    do {
      try open(request.sampler)
    } catch is StopRequest {
      throw Interrupted(try interruption())
    } catch let error as RunError {
      throw RunError("\(error). Nothing is lost: `train --resume \(output)` continues once that is put right")
    }
  }

  private func interruption() throws -> String {
    var parts: [String] = []
    for chain in 0..<description.shape.chains {
      let records = try ChainRecords(files.records(chain), files.identity(chain), synchronized: 0)
      if records.drawCount > 0 {
        parts.append("draw \(records.drawCount) of chain \(chain + 1)")
      } else if FileManager.default.fileExists(atPath: files.state(chain)) {
        parts.append("the warm-up so far of chain \(chain + 1)")
      }
    }
    let place = parts.isEmpty ? "before the first draw" : "after " + parts.joined(separator: ", ")
    return "Stopped \(place). Nothing is lost: `train --resume \(output)` continues, bit for bit."
  }

  // MARK: - The file

  /// Writes the file, and removes the journal once the file is there and verified.
  ///
  /// - Returns: The file.
  func publish() throws -> PosteriorFile {
    removeUnfinishedFiles()
    let publication = try Publication(files.folder)
    guard publication.isComplete else {
      throw RunError("\(files.folder): a chain has lost draws; resume the run again")
    }
    let (contents, verdict) = try publication.contents(isCompressed: options.compress, threads: threads)
    let isThere = FileManager.default.fileExists(atPath: output) && !options.overwrite
    let file = try isThere ? acceptOwnOutput(contents) : write(contents, to: output)
    // As everybody will read it, while the journal is still there.
    try OwnAnswers.check(file, as: output)
    if !options.quiet { try environment.print(summary(of: file, publication, verdict)) }
    Self.removeJournal(files.folder)
    return file
  }

  /// Removes what a process that was killed while it wrote this run's file has left: the lock says that nobody is
  /// writing it now.
  private func removeUnfinishedFiles() {
    let url = URL(fileURLWithPath: output).resolvingSymlinksInPath()
    let folder = url.deletingLastPathComponent().path
    let (head, tail) = (".\(url.lastPathComponent).", ".partial")
    for name in (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    where name.hasPrefix(head) && name.hasSuffix(tail) && UInt32(name.dropFirst(head.count).dropLast(tail.count)) != nil
    {
      unlink(folder + "/" + name)
    }
  }

  private func write(_ contents: PosteriorContents, to path: String) throws -> PosteriorFile {
    do {
      return try PosteriorWriter.write(contents, to: path)
    } catch {
      throw RunError(
        "\(error) Every draw is in \(files.folder): `train --resume \(output)` writes the file once that is put right")
    }
  }

  /// A file that came to be since the run began is this run's own when the program was killed just before it removed
  /// the journal. Anything else is left alone.
  private func acceptOwnOutput(_ contents: PosteriorContents) throws -> PosteriorFile {
    let existing = try? PosteriorFile.open(output, probe: environment.probe)
    let second = files.folder + "/output.h5"
    let written = try write(contents, to: second).contentSHA256
    unlink(second)
    guard let existing, existing.contentSHA256 == written else {
      throw RunError(
        "\(output) has come to be since the run began. Give it another name, then `train --resume \(output)`; "
          + "or add --overwrite to replace it")
    }
    return existing
  }

  /// The description goes first: a folder without it is nothing that could be resumed.
  static func removeJournal(_ folder: String) {
    unlink(JournalFiles.description(folder))
    try? FileManager.default.removeItem(atPath: folder)
  }

  private func summary(of file: PosteriorFile, _ publication: Publication, _ verdict: String) -> String {
    func count(_ n: Int, _ noun: String) -> String { "\(n) \(noun)\(n == 1 ? "" : "s")" }
    let choice = data.statement.map { PrintedText.line(" (\($0))") } ?? ""
    var parts = [output, "\(description.sampler) on \(description.dataName)\(choice)", architecture.summary]
    parts.append(
      description.shape.draws == 1
        ? count(description.shape.chains, "network")
        : "\(count(description.shape.chains, "chain")) × \(count(description.shape.draws, "draw"))")
    if let acceptance = publication.mean("acceptance_rate") {
      parts.append(String(format: "acceptance %.2f", acceptance))
    }
    if file.distinctDrawCount < file.drawCount { parts.append("\(file.distinctDrawCount) distinct") }
    parts.append("content \(file.contentSHA256.prefix(6))…")
    return parts.joined(separator: " · ") + "\nDiagnostics: \(verdict)\nNow: evaluate --model \(output)\n"
  }
}
