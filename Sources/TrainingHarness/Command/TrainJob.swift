import Foundation
import PosteriorFiles
import RobustnessCore

/// One call of `train`: from the words of the command line to the file.
struct TrainJob {
  let words: [String]
  let samplers: [any PosteriorSampler.Type]
  var environment = TrainingEnvironment()

  func run() throws {
    var words = try TrainWords(self.words) { name, option in
      let sampler = name.flatMap { name in samplers.first { $0.name == name.lowercased() } }
      // Before the sampler's name, a flag of any sampler is taken for one.
      let candidates = sampler.map { [$0] } ?? samplers
      return RunOptions.flags.contains(option) || candidates.contains { SamplerRequest.isFlag(option, of: $0) }
    }
    if words.listsSamplers { return try environment.print(TrainHelp.list(samplers)) }
    if words.wantsVersion { return try environment.print(RunDescription.programVersion + "\n") }
    if words.wantsHelp {
      guard let name = words.sampler else { return try environment.print(TrainHelp.general(samplers)) }
      return try environment.print(try TrainHelp.options(of: try SamplerRequest.find(name, among: samplers)))
    }
    if let path = words.resume { return try resume(path, words) }
    let inFile = try readConfiguration(&words)
    guard let name = words.sampler else {
      throw UsageError(
        "which sampler? train \(samplers.map { $0.name }.joined(separator: "|")) …; train --help explains")
    }
    let sampler = try SamplerRequest.find(name, among: samplers)
    let (options, request) = try SamplerRequest.resolve(words.values, sampler) { option in
      inFile.contains(option) ? "\(words.config ?? ""): " : ""
    }
    let (run, lock) = try RunBeginning.begin(words, options, request, environment)
    try finish(run, lock)
  }

  /// Adds what a file says to what the command line says, which wins. Returns the options that came from the file.
  private func readConfiguration(_ words: inout TrainWords) throws -> Set<String> {
    guard let path = words.config else { return [] }
    let (sampler, values) = try ConfigurationFile.read(path)
    if words.sampler == nil { words.sampler = sampler }
    if let sampler, sampler != words.sampler {
      throw UsageError("\(path) is for the sampler '\(sampler)', and the command line says '\(words.sampler ?? "")'")
    }
    var inFile: Set<String> = []
    for (name, value) in values where words.values[name] == nil {
      words.values[name] = value
      inFile.insert(name)
    }
    return inFile
  }

  private func resume(_ path: String, _ words: TrainWords) throws {
    if let sampler = words.sampler {
      throw UsageError("--resume goes without a sampler: every option is in the journal. Leave out '\(sampler)'")
    }
    guard words.config == nil else {
      throw UsageError("--resume goes without --config: every option is in the journal")
    }
    if let name = words.values.keys.sorted().first(where: { !RunOptions.renewable.contains($0) }) {
      throw UsageError(
        "--resume goes without --\(name): every option is in the journal. Only \(RunOptions.renewable.sorted().map { "--\($0)" }.joined(separator: ", ")) may be given again"
      )
    }
    let suffix = ".journal"
    let trimmed = path.hasSuffix("/") ? String(path.dropLast()) : path
    let output = trimmed.hasSuffix(suffix) ? String(trimmed.dropLast(suffix.count)) : trimmed
    let folder = JournalFiles.folder(of: output)
    guard FileManager.default.fileExists(atPath: JournalFiles.description(folder)) else {
      if FileManager.default.fileExists(atPath: output) {
        // Killed after the file was written: what is left of the journal goes.
        if FileManager.default.fileExists(atPath: folder) { TrainingRun.removeJournal(folder) }
        if words.values["quiet"] != "true" { try environment.print("\(output) is complete\n") }
        return
      }
      throw BadDataError("there is no run to resume: \(folder) holds no run.json")
    }
    let (run, lock) = try RunBeginning.resume(output, words, samplers, environment)
    try finish(run, lock)
  }

  private func finish(_ run: TrainingRun, _ lock: JournalLock) throws {
    try withExtendedLifetime(lock) {
      try run.runChains()
      try run.publish()
    }
  }
}
