import ComputeKernels
import Datasets
import Foundation
import NeuralNetworks
import PosteriorFiles
import RobustnessCore
import Shell

/// How a run comes into being: from a request, or from the journal of one that stopped.
enum RunBeginning {
  /// A position, a momentum and a gradient in `Double` are the least that a sampler holds at once.
  private static func checkMemory(_ architecture: Architecture) throws {
    let needed = 24 * Double(architecture.parameterCount)
    let available = Double(ProcessInfo.processInfo.physicalMemory)
    guard needed <= available else {
      throw UsageError(
        String(
          format: "--architecture: a network of %d weights needs %.1f GB of memory at least; this machine has %.1f GB",
          architecture.parameterCount, needed / 1e9, available / 1e9))
    }
  }

  /// Checks everything that can be known, and makes the journal.
  ///
  /// - Parameter commandLine: What the file says that the run was asked with.
  static func begin(
    _ options: RunOptions, _ request: SamplerRequest, commandLine: String, _ environment: TrainingEnvironment
  ) throws -> (TrainingRun, JournalLock) {
    let shape = try shape(options, request)
    try OutputCheck.check(options.output, overwrite: options.overwrite)
    if let fault = KernelLibrary.namedLibraryFault { throw UsageError(fault) }
    if options.precision == .bfloat16, !KernelLibrary.hasNativeBFloat16 {
      throw UsageError("--precision bfloat16 needs oneDNN and a processor that multiplies bfloat16; use float32")
    }
    // As it was typed, so that errors name it so; the journal keeps where that is.
    let data = try TrainingData(options, path: nil, probe: environment.probe)
    let architecture = try ArchitectureSpecification.resolve(
      options.architecture, inputShape: data.train.inputShape, classCount: data.classCount)
    try checkMemory(architecture)
    let prior = try options.prior(of: architecture)
    try checkTarget(request, architecture, prior, data, options)
    try OutputCheck.checkSpace(
      options.output, bytes: 8 * Double(shape.chains) * Double(shape.draws) * Double(architecture.parameterCount))
    let (starts, startName, startSHA256) = try starts(options, request, shape, architecture, environment)

    var recorded: [String: String] = [:]
    for (name, value) in try options.described() { recorded[name] = value }
    recorded["start"] = startName
    recorded["data-folder"] = options.dataFolder.map { URL(fileURLWithPath: $0).path }
    // The architecture stands in the file as it is; its own file may be gone when the run is resumed.
    if FileManager.default.fileExists(atPath: options.architecture) { recorded["architecture"] = architecture.json }
    switch shape.posteriorKind {
    case .mcmc:
      recorded["chains"] = "\(shape.chains)"
      recorded["draws"] = "\(shape.draws)"
    case .variational, .independent: recorded["draws"] = "\(shape.draws)"
    default: if recorded["members"] != nil || shape.chains > 1 { recorded["members"] = "\(shape.chains)" }
    }
    let description = RunDescription(
      sampler: request.sampler.name, options: recorded, samplerOptions: request.values, shape: shape,
      architecture: architecture.json, inputLow: data.train.inputBounds.lowerBound,
      inputHigh: data.train.inputBounds.upperBound, dataName: data.name, dataPath: TrainingData.path(options),
      trainSHA256: data.train.sha256, trainCount: data.train.count, indicesSHA256: data.train.selection?.sha256,
      sourceSHA256: data.train.selection?.sourceSHA256, evaluationOrigin: data.evaluationOrigin, start: startName,
      startSHA256: startSHA256, commandLine: commandLine)
    let (files, lock) = try makeJournal(description, options.output, data, starts, architecture)
    let run = TrainingRun(
      description: description, files: files, architecture: architecture, request: request, options: options,
      data: data, starts: starts, output: options.output, environment: environment)
    return (run, lock)
  }

  /// Goes on with a run.
  ///
  /// - Parameter renewed: Options that change nothing of the result.
  static func resume(
    _ output: String, _ renewed: TrainingRequest.Options, _ samplers: [any PosteriorSampler.Type],
    _ environment: TrainingEnvironment
  ) throws -> (TrainingRun, JournalLock) {
    let folder = JournalFiles.folder(of: output)
    let lock = try JournalLock(folder)
    let (description, files, architecture) = try RunDescription.read(folder)
    let sampler = try SamplerRequest.find(description.sampler, among: samplers)
    var values = description.options.merging(renewed.texts) { $1 }
    values["output"] = output
    let restored = try SamplerRequest.naming(sampler) { try TrainingRequest.Options(assignments: values) }
    let (options, request) = try SamplerRequest.resolve(sampler, description.samplerOptions, restored)
    let data = try TrainingData(options, path: description.dataPath, probe: environment.probe)
    guard data.train.sha256 == description.trainSHA256 else {
      throw BadDataError(
        "\(description.dataName) is not what the run began with: its training examples have the SHA-256 "
          + "\(data.train.sha256.prefix(12))…, not \(description.trainSHA256.prefix(12))…. Bring the data back, or begin anew"
      )
    }
    let starts: ChainStarts
    switch description.start {
    case SamplerStart.prior.rawValue: starts = .prior
    case SamplerStart.own.rawValue: starts = .own
    case SamplerStart.map.rawValue:
      starts = .map(MaximumPosterior(iterations: options.mapIterations, learningRate: options.mapLearningRate))
    default:
      guard let draws = try files.read([[Float]].self, from: files.starts), !draws.isEmpty else {
        throw BadDataError("\(files.starts) is missing: the run began at the draws in it")
      }
      starts = .draws(draws)
    }
    if description.kernels != KernelLibrary.preferredDescription, !options.quiet {
      try? FileHandle.standardError.write(
        contentsOf: Data(
          "note: the run was begun with \(description.kernels); with \(KernelLibrary.preferredDescription) the last bits of what follows differ\n"
            .utf8))
    }
    let run = TrainingRun(
      description: description, files: files, architecture: architecture, request: request, options: options,
      data: data, starts: starts, output: output, environment: environment)
    return (run, lock)
  }

  // MARK: - Parts

  static func shape(_ options: RunOptions, _ request: SamplerRequest) throws -> RunShape {
    func open<S: PosteriorSampler>(_ type: S.Type) throws -> RunShape {
      try RunShape(options, S.name, S.yield, S.exactness)
    }
    return try open(request.sampler)
  }

  private static func checkTarget(
    _ request: SamplerRequest, _ architecture: Architecture, _ prior: GaussianPrior, _ data: TrainingData,
    _ options: RunOptions
  ) throws {
    let network: BayesianNetwork
    do {
      network = try BayesianNetwork(
        architecture: architecture, prior: prior, examples: data.examples,
        configuration: .init(
          precision: options.precision == .bfloat16 ? .bfloat16 : .float32, temperature: options.temperature))
    } catch {
      throw UsageError("\(error)")
    }
    func open<S: PosteriorSampler>(_ type: S.Type) throws {
      guard network is S.Target else {
        throw UsageError(
          "\(S.name) draws from \(S.Target.self); train offers a BayesianNetwork, which is an `any LogDensity`")
      }
    }
    try open(request.sampler)
  }

  private static func starts(
    _ options: RunOptions, _ request: SamplerRequest, _ shape: RunShape, _ architecture: Architecture,
    _ environment: TrainingEnvironment
  ) throws -> (starts: ChainStarts, name: String, sha256: String?) {
    func byDefault<S: PosteriorSampler>(_ type: S.Type) -> String { S.defaultStart.rawValue }
    let word = options.start ?? byDefault(request.sampler)
    switch SamplerStart(rawValue: word) {
    case .prior: return (.prior, word, nil)
    case .own:
      func startsItself<S: PosteriorSampler>(_ type: S.Type) -> Bool { S.defaultStart == .own }
      guard startsItself(request.sampler) else {
        throw UsageError(
          "\(request.sampler.name) has no start of its own; --start takes prior, map or the path of a posterior file")
      }
      return (.own, word, nil)
    case .map:
      return (
        .map(MaximumPosterior(iterations: options.mapIterations, learningRate: options.mapLearningRate)), word, nil
      )
    case nil:
      guard FileManager.default.fileExists(atPath: word) else {
        throw UsageError("--start takes prior, map or the path of a posterior file; there is no file '\(word)'")
      }
      let (draws, sha256) = try ChainStarts.draws(
        of: word, chains: shape.chains, architecture: architecture, probe: environment.probe)
      return (.draws(draws), URL(fileURLWithPath: word).lastPathComponent, sha256)
    }
  }

  private static func makeJournal(
    _ description: RunDescription, _ output: String, _ data: TrainingData, _ starts: ChainStarts,
    _ architecture: Architecture
  ) throws -> (JournalFiles, JournalLock) {
    let folder = JournalFiles.folder(of: output)
    if mkdir(folder, 0o755) != 0, errno != EEXIST { throw PlainFile.failure(folder) }
    let lock = try JournalLock(folder)
    guard !FileManager.default.fileExists(atPath: JournalFiles.description(folder)) else {
      throw UsageError("\(folder) holds a run that has just begun: go on with train --resume \(output)")
    }
    // What a program that was killed before its run began, or after it ended, may have left.
    for name in (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? [] where name != "lock" {
      unlink(folder + "/" + name)
    }
    let text = Array(try description.json())
    let files = JournalFiles(folder: folder, run: checksum(text), parameterCount: architecture.parameterCount)
    do {
      if let evaluation = data.evaluation {
        try files.write(Publication.Evaluation(evaluation), to: files.evaluation)
      }
      if case .draws(let draws) = starts { try files.write(draws, to: files.starts) }
      try PlainFile.replace(JournalFiles.description(folder), with: text, isSynchronized: true)
    } catch {
      TrainingRun.removeJournal(folder)
      throw error
    }
    return (files, lock)
  }
}
