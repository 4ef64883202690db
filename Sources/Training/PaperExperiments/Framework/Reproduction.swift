import ComputeKernels
import Crypto
import Datasets
import Foundation
import NeuralNetworks
import PosteriorFiles
public import RobustnessCore
import Shell

/// A whole job: the posteriors, the experiments, their files.
public struct Reproduction: Sendable {
  /// What a job is told.
  public struct Options: Sendable {
    /// Names of experiments, in the order of ``Reproduction/names``.
    public var experiments: [String]
    /// How large.
    public var scale: Scale
    /// Where everything goes.
    public var output: String
    /// Where images are looked for; nil for the standard places.
    public var dataFolder: String?
    /// Names all random streams; at most `Int.max`.
    public var seed: UInt64
    /// Worker threads; results do not depend on it.
    public var threads: Int
    /// No progress and no estimate.
    public var isQuiet: Bool

    /// Options of a job.
    public init(
      experiments: [String] = Reproduction.names, scale: Scale, output: String, dataFolder: String? = nil,
      seed: UInt64 = 0, threads: Int? = nil, isQuiet: Bool = false
    ) {
      self.experiments = experiments
      self.scale = scale
      self.output = output
      self.dataFolder = dataFolder
      self.seed = seed
      self.threads = threads ?? ProcessorAllowance.current.threads
      self.isQuiet = isQuiet
    }
  }

  /// The experiments there are.
  public static var names: [String] { Experiments.all.map { $0.name } }

  let options: Options
  let provider: any PosteriorProvider
  let companions: Companions
  let catalog: DataCatalog
  let cache: PosteriorCache
  let experiments: [any Experiment]

  /// A job; nothing is read or written yet.
  ///
  /// - Parameters:
  ///   - provider: What trains; `HarnessProvider(samplers: .builtIn)` does it inside this process.
  ///   - companions: What the portfolio `standard` is composed of: `.builtIn`.
  public init(_ options: Options, provider: any PosteriorProvider, companions: Companions) {
    self.options = options
    self.provider = provider
    self.companions = companions
    catalog = DataCatalog(folder: options.output + "/data", dataFolder: options.dataFolder)
    cache = PosteriorCache(
      folder: options.output + "/posteriors", catalog: catalog, provider: provider, dataFolder: options.dataFolder,
      threads: options.threads)
    experiments = Experiments.all.filter { options.experiments.contains($0.name) }.map {
      $0.init(scale: options.scale, seed: options.seed)
    }
  }

  /// One part of the job, with what is expected of it.
  public struct Part: Sendable {
    /// What it is.
    public let label: String
    /// Expected seconds on two cores; 0 for what is there already.
    public let expectedSeconds: Double
    /// Number of posteriors that it still has to train.
    public let posteriors: Int
  }

  /// What is still to be done, an experiment a part; a posterior counts where it is used first.
  public func plan() throws -> [Part] {
    var counted: Set<String> = []
    return try experiments.map { experiment in
      guard try !isFinished(experiment) else {
        return Part(label: type(of: experiment).name, expectedSeconds: 0, posteriors: 0)
      }
      var seconds = experiment.expectedSeconds
      var missing = 0
      for spec in experiment.posteriors {
        guard try !cache.has(spec), counted.insert(try cache.path(of: spec)).inserted else { continue }
        seconds += try expectedSeconds(spec)
        missing += 1
      }
      return Part(label: type(of: experiment).name, expectedSeconds: seconds, posteriors: missing)
    }
  }

  private func expectedSeconds(_ spec: PosteriorSpec) throws -> Double {
    let data = try catalog.load(spec.data).dataset
    return try spec.expectedSeconds(
      inputShape: data.inputShape, classCount: data.classCount, trainingExamples: data.train.count)
  }

  /// Does what is not done yet. A job that was stopped goes on where it was.
  ///
  /// - Returns: Sentences that the user should read, for instance that gnuplot is missing.
  public func run() throws -> [String] {
    if let fault = KernelLibrary.namedLibraryFault { throw UsageError(fault) }
    let plan = try plan()
    try OutputFolder.make(options.output)
    let progress = JobProgress(isQuiet: options.isQuiet)
    progress.begin(total: plan.reduce(0) { $0 + $1.expectedSeconds })
    defer { progress.end() }
    let context = ExperimentContext(
      scale: options.scale, seed: options.seed, threads: options.threads, cache: cache, catalog: catalog,
      companions: companions, progress: progress)
    var notes: [String] = []
    for experiment in experiments where try !isFinished(experiment) {
      let name = type(of: experiment).name
      for spec in experiment.posteriors where try !cache.has(spec) {
        try progress.part("\(name): training \(spec.name)", expected: try expectedSeconds(spec)) {
          try cache.make(spec)
        }
      }
      let result = try progress.part("\(name): measuring", expected: experiment.expectedSeconds) {
        try experiment.run(context)
      }
      notes += try write(result, of: experiment, context)
    }
    try ResultIndex(folder: options.output, scale: options.scale).write()
    try writeQuantities()
    return notes
  }

  // MARK: - Finished parts

  /// What a finished experiment leaves beside its files.
  struct Manifest: Codable, Sendable {
    var experiment: String
    var scale: String
    var title: String
    var claim: String
    var verdict: ExperimentResult.Verdict
    var judgement: String
    /// Names settings and posteriors.
    var fingerprint: String
    var quantities: [Saved]

    /// A quantity as it is kept.
    struct Saved: Codable, Sendable {
      var name: String
      var value: Double
      var error: Double
    }
  }

  private func folder(_ experiment: any Experiment) -> String { "\(options.output)/\(type(of: experiment).name)" }

  func fingerprint(_ experiment: any Experiment) throws -> String {
    var text = "format 3\n\(experiment.settings)\nseed \(options.seed)\n"
    for spec in experiment.posteriors {
      text += spec.canonicalText(dataDigest: try catalog.load(spec.data).digest)
    }
    return SHA256.hash(data: Data(text.utf8)).prefix(8).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
  }

  func isFinished(_ experiment: any Experiment) throws -> Bool {
    let path = folder(experiment) + "/manifest.json"
    guard let data = FileManager.default.contents(atPath: path),
      let manifest = try? JSONDecoder().decode(Manifest.self, from: data)
    else { return false }
    return manifest.fingerprint == (try fingerprint(experiment))
  }

  private func write(
    _ result: ExperimentResult, of experiment: any Experiment, _ context: ExperimentContext
  ) throws -> [String] {
    let name = type(of: experiment).name
    let folder = folder(experiment)
    try OutputFolder.make(folder)
    try ResultFile.write(result.table.csv, to: "\(folder)/\(name).csv")
    let note = try result.figure.write(to: folder)
    let page = try ExperimentPage(experiment: experiment, result: result, options: options, context: context)
    let text = page.text(pictureNote: note)
    try ResultFile.write(text, to: "\(folder)/\(name).md")
    let manifest = Manifest(
      experiment: name, scale: options.scale.rawValue, title: type(of: experiment).title, claim: result.claim,
      verdict: result.verdict, judgement: result.judgement, fingerprint: try fingerprint(experiment),
      quantities: result.quantities.map { .init(name: $0.name, value: $0.value, error: $0.error) })
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
    // Last: a folder with a manifest is complete.
    let encoded = String(decoding: try encoder.encode(manifest), as: UTF8.self)
    try ResultFile.write(encoded, to: "\(folder)/manifest.json")
    return note.map { [$0] } ?? []
  }

  // MARK: - Quantities

  /// The quantities of all finished experiments of this job.
  public func quantities() throws -> [Quantity] {
    try experiments.flatMap { experiment -> [Quantity] in
      let path = folder(experiment) + "/manifest.json"
      guard let data = FileManager.default.contents(atPath: path) else { return [] }
      return try JSONDecoder().decode(Manifest.self, from: data).quantities.map {
        Quantity($0.name, $0.value, error: $0.error)
      }
    }
  }

  private func writeQuantities() throws {
    try ResultFile.write(QuantityBands.csv(try quantities()), to: options.output + "/quantities.csv")
  }
}
