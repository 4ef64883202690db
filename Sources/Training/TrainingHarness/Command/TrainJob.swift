import ArgumentParser
import RobustnessCore
import Shell

/// One call of `train`: from the words of the command line to the request, and to the file.
struct TrainJob {
  let words: [String]
  let samplers: [any PosteriorSampler.Type]
  var environment = TrainingEnvironment()

  func run() throws {
    let line: TrainCommandLine
    do {
      line = try TrainCommandLine(words, samplers)
    } catch let error as UsageError {
      throw error
    } catch {
      // What the parser has something printed by, such as a script of completions, is no error.
      guard TrainArguments.exitCode(for: error) == .success else {
        throw UsageError(TrainArguments.message(for: error))
      }
      return try environment.print(TrainArguments.message(for: error) + "\n")
    }
    if line.arguments.listSamplers { return try environment.print(TrainHelp.list(samplers)) }
    if line.arguments.version { return try environment.print(RunDescription.programVersion + "\n") }
    if line.arguments.help {
      guard let name = line.sampler else { return try environment.print(TrainHelp.general(samplers)) }
      return try environment.print(try TrainHelp.options(of: try SamplerRequest.find(name, among: samplers)))
    }
    let (request, commandLine) = try request(line)
    try request.run(samplers, environment, commandLine: commandLine)
  }

  /// What a command line asks for, and the words that the file records of a new run: in their order, and without the
  /// options that come from a configuration.
  ///
  /// - Throws: `UsageError` for what makes no sense, `BadDataError` for a configuration that cannot be read.
  func request(_ line: TrainCommandLine) throws -> (request: TrainingRequest, commandLine: String?) {
    if let path = line.arguments.resume { return (try resumption(path, line), nil) }
    var line = line
    let inFile = try readConfiguration(&line)
    guard let name = line.sampler else {
      throw UsageError(
        "which sampler? train \(samplers.map { $0.name }.joined(separator: "|")) …; train --help explains")
    }
    let sampler = try SamplerRequest.find(name, among: samplers)
    try SamplerRequest.checkNames(line.values.keys, of: sampler) { option in
      inFile.contains(option) ? "\(line.arguments.config ?? ""): " : ""
    }
    let common = line.values.filter { RunOptions.names.contains($0.key) }
    let options = try SamplerRequest.naming(sampler) { try TrainingRequest.Options(assignments: common) }
    let request = TrainingRequest(
      sampler: sampler.name, samplerOptions: line.values.filter { !RunOptions.names.contains($0.key) },
      options: options)
    return (request, TrainingRequest.recordedCommandLine(sampler: name, line.given))
  }

  /// Adds what a file says to what the command line says, which wins. Returns the options that came from the file.
  private func readConfiguration(_ line: inout TrainCommandLine) throws -> Set<String> {
    guard let path = line.arguments.config else { return [] }
    let (sampler, values) = try ConfigurationFile.read(path)
    if line.sampler == nil { line.sampler = sampler }
    if let sampler, sampler != line.sampler {
      throw UsageError("\(path) is for the sampler '\(sampler)', and the command line says '\(line.sampler ?? "")'")
    }
    var inFile: Set<String> = []
    for (name, value) in values where line.values[name] == nil {
      line.values[name] = value
      inFile.insert(name)
    }
    return inFile
  }

  private func resumption(_ path: String, _ line: TrainCommandLine) throws -> TrainingRequest {
    if let sampler = line.sampler {
      throw UsageError("--resume goes without a sampler: every option is in the journal. Leave out '\(sampler)'")
    }
    guard line.arguments.config == nil else {
      throw UsageError("--resume goes without --config: every option is in the journal")
    }
    try TrainingRequest.checkRenewed(line.values.keys)
    do {
      return TrainingRequest(resuming: path, options: try TrainingRequest.Options(assignments: line.values))
    } catch {
      throw UsageError("\(error)")
    }
  }
}
