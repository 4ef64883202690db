import Foundation
import PosteriorFiles
import RobustnessCore
import Shell

extension TrainingRequest {
  /// Does what is asked for.
  ///
  /// - Parameter commandLine: What the file says that the run was asked with; nil for a command line that says the same
  ///   as the request.
  /// - Returns: The file, checked.
  @discardableResult
  func run(
    _ samplers: [any PosteriorSampler.Type], _ environment: TrainingEnvironment = TrainingEnvironment(),
    commandLine: String? = nil
  ) throws -> PosteriorFile {
    switch beginning {
    case .sampler(let name, let own):
      let sampler = try SamplerRequest.find(name, among: samplers)
      let (options, request) = try SamplerRequest.resolve(sampler, own, options)
      return try finish(
        try RunBeginning.begin(options, request, commandLine: commandLine ?? recordedCommandLine, environment))
    case .journal(let path): return try resume(path, samplers, environment)
    }
  }

  /// Refuses options that a run cannot be given anew.
  static func checkRenewed(_ names: some Sequence<String>) throws {
    let renewable = RunOptions.renewable
    if let name = names.sorted().first(where: { !renewable.contains($0) }) {
      throw UsageError(
        "--resume goes without --\(name): every option is in the journal. "
          + "Only \(renewable.sorted().map { "--\($0)" }.joined(separator: ", ")) may be given again")
    }
  }

  private func resume(
    _ path: String, _ samplers: [any PosteriorSampler.Type], _ environment: TrainingEnvironment
  ) throws -> PosteriorFile {
    try Self.checkRenewed(options.texts.keys)
    let suffix = ".journal"
    let trimmed = path.hasSuffix("/") ? String(path.dropLast()) : path
    let output = trimmed.hasSuffix(suffix) ? String(trimmed.dropLast(suffix.count)) : trimmed
    let folder = JournalFiles.folder(of: output)
    guard FileManager.default.fileExists(atPath: JournalFiles.description(folder)) else {
      if FileManager.default.fileExists(atPath: output) {
        let file = try PosteriorFile.open(output, probe: environment.probe)
        try OwnAnswers.check(file, as: output)
        // Killed after the file was written: what is left of the journal goes.
        if FileManager.default.fileExists(atPath: folder) { TrainingRun.removeJournal(folder) }
        if options.quiet != true { try environment.print("\(output) is complete\n") }
        return file
      }
      throw BadDataError("there is no run to resume: \(folder) holds no run.json")
    }
    return try finish(try RunBeginning.resume(output, options, samplers, environment))
  }

  private func finish(_ begun: (run: TrainingRun, lock: JournalLock)) throws -> PosteriorFile {
    try withExtendedLifetime(begun.lock) {
      try begun.run.runChains()
      return try begun.run.publish()
    }
  }
}
