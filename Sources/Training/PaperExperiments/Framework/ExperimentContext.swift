import ComputeKernels
import Datasets
import Diagnostics
import Foundation
import NeuralNetworks
import PosteriorFiles
import PosteriorReports
import RobustnessCore
import Shell
import Synchronization
import TrainingHarness

/// A posterior with everything that an experiment asks of it.
struct OpenPosterior: Sendable {
  let spec: PosteriorSpec
  let file: PosteriorFile
  let data: LoadedData
  let threads: Int

  /// Number of chains whose draws are correlated; 1 for draws that are independent.
  var chainCount: Int { file.kind == .mcmc ? file.chainCount : 1 }
  /// Whether every draw is independent of all others.
  var hasIndependentDraws: Bool { file.kind != .mcmc }

  /// The draws behind an arithmetic.
  func ensemble(_ arithmetic: Arithmetic = .logDomain) throws -> NetworkEnsemble {
    try NetworkEnsemble(
      file, configuration: .init(arithmetic: arithmetic, threads: threads, inputBounds: file.inputBounds))
  }

  /// So many test examples, evenly spaced; or drawn at random with a seed.
  func testExamples(_ count: Int, seed: UInt64? = nil) -> Examples {
    let part = data.dataset.test ?? data.dataset.train
    return part.examples(testIndices(count, seed: seed))
  }

  /// The positions of these examples.
  func testIndices(_ count: Int, seed: UInt64? = nil) -> [Int] {
    let total = (data.dataset.test ?? data.dataset.train).count
    guard let seed else { return evenlySpaced(min(count, total), of: total) }
    var stream = RandomStreams(seed: seed, purpose: "paper/test-examples").stream(example: 0)
    let keys = stream.uniforms(total)
    return (0..<total).sorted { keys[$0] < keys[$1] }.prefix(count).sorted()
  }

  /// So many draws: evenly spaced within every chain, as many of each.
  func draws(_ count: Int) -> [Int] {
    let chains = file.chainCount
    let each = max(1, min(file.drawsPerChain, count / chains))
    guard count >= chains else { return evenlySpaced(count, of: file.drawCount) }
    let within = evenlySpaced(each, of: file.drawsPerChain)
    return (0..<chains).flatMap { chain in within.map { chain * file.drawsPerChain + $0 } }
  }
}

/// What experiments are given.
final class ExperimentContext: Sendable {
  let scale: Scale
  let seed: UInt64
  let threads: Int
  /// What the portfolio `standard` is composed of.
  let companions: Companions
  private let cache: PosteriorCache
  private let catalog: DataCatalog
  private let progress: JobProgress
  private let reports = Mutex<[String: PosteriorReport]>([:])

  init(
    scale: Scale, seed: UInt64, threads: Int, cache: PosteriorCache, catalog: DataCatalog, companions: Companions,
    progress: JobProgress
  ) {
    self.scale = scale
    self.seed = seed
    self.threads = threads
    self.cache = cache
    self.catalog = catalog
    self.companions = companions
    self.progress = progress
  }

  /// A posterior that has been made.
  func open(_ spec: PosteriorSpec) throws -> OpenPosterior {
    try cache.make(spec)
    return OpenPosterior(spec: spec, file: try cache.open(spec), data: try catalog.load(spec.data), threads: threads)
  }

  /// The diagnosis of a posterior on the examples in its file; made once.
  func report(_ posterior: OpenPosterior) throws -> PosteriorReport {
    if let report = reports.withLock({ $0[posterior.file.path] }) { return report }
    let report = try PosteriorReport(of: posterior.file, threads: threads)
    reports.withLock { $0[posterior.file.path] = report }
    return report
  }

  /// The command that makes a posterior.
  func command(of spec: PosteriorSpec) throws -> String? { try cache.command(of: spec) }

  /// Tells how far the experiment is, and ends it where the user asked for that.
  ///
  /// - Throws: What leads to exit code 75.
  func show(_ part: String) throws {
    try checkForInterruption(at: part)
    progress.show(part)
  }

  /// Ends the experiment where the user asked for that.
  ///
  /// - Throws: What leads to exit code 75.
  func checkForInterruption(at part: String) throws {
    try Interruption.check(
      "Stopped at \(part). Posteriors and finished experiments are kept: the same command goes on.")
  }

  // MARK: - Diagnostics on the pages

  /// A table of all posteriors of a page.
  func diagnosticsTable(_ specs: [PosteriorSpec]) throws -> String {
    let rows = try specs.map { spec -> [String] in
      let posterior = try open(spec)
      let report = try report(posterior)
      let function = report.functionSpace
      let quality = report.quality
      let examples = spec.options.trainingExamples ?? posterior.data.dataset.train.count
      return [
        spec.name, spec.method, spec.data.name, spec.making == .prior ? "0" : "\(examples)",
        posterior.file.architecture.summary,
        [spec.options.prior?.rawValue, spec.options.priorScale].compactMap(\.self).joined(separator: " "),
        Self.draws(posterior.file),
        Markdown.percent(quality?.predictive.accuracy ?? .nan),
        Markdown.fixed(quality?.spread { $0.accuracy }.mean ?? .nan, 3),
        report.origin == .mcmc ? Markdown.fixed(function?.ninthDecileRHat ?? .nan, 3) : "–",
        report.origin == .mcmc ? Markdown.number(function?.medianBulkESS ?? .nan) : "–",
        Markdown.fixed(report.allChains.meanAcceptanceRate), report.outcome.rawValue,
      ]
    }
    return Markdown.table(
      [
        "posterior", "method", "data", "training examples", "network", "prior", "draws", "accuracy",
        "mean accuracy of one draw",
        "R-hat (function space, ninth decile)", "median bulk ESS", "acceptance", "diagnosis",
      ], rows)
  }

  /// Number of posteriors that are Markov chains.
  func markovChainCount(_ specs: [PosteriorSpec]) throws -> Int {
    try specs.count { try report(try open($0)).origin == .mcmc }
  }

  /// Number of these that have not converged.
  func unconverged(_ specs: [PosteriorSpec]) throws -> Int { try specs.count { try !carriesVerdict($0) } }

  /// Whether a verdict may rest on a posterior: its draws are no Markov chain, or one that has converged by its own
  /// diagnostics. Other chains say something of their draws, and nothing of the posterior that a claim is about.
  func carriesVerdict(_ spec: PosteriorSpec) throws -> Bool {
    let report = try report(try open(spec))
    return report.origin != .mcmc || report.outcome == .converged || report.outcome == .convergedWithReservations
  }

  private static func draws(_ file: PosteriorFile) -> String {
    let distinct = file.distinctDrawCount < file.drawCount ? ", \(file.distinctDrawCount) distinct" : ""
    return (file.chainCount > 1 ? "\(file.chainCount) × \(file.drawsPerChain)" : "\(file.drawCount)") + distinct
  }

  /// The numbers of a posterior that a smoke run is compared by: what a chain without its accept step changes first.
  func quantities(_ spec: PosteriorSpec, _ experiment: String) throws -> [Quantity] {
    let posterior = try open(spec)
    let report = try report(posterior)
    var result: [Quantity] = []
    if posterior.file.kind == .mcmc,
      let values = try posterior.file.sampleStatistics().first(where: { $0.name == "lp" })?.values
    {
      let length = posterior.file.drawsPerChain
      let chains = (0..<posterior.file.chainCount).map { Array(values[$0 * length..<($0 + 1) * length]) }
      let means = chains.map { $0.reduce(0, +) / Double(length) }
      let mean = means.reduce(0, +) / Double(means.count)
      let spread = means.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(max(1, means.count - 1))
      // The larger of what one chain says about itself and what chains say about each other.
      let inner = MonteCarloError.mean(chains)
      let error = max(inner.isFinite ? inner : 0, (spread / Double(means.count)).squareRoot())
      result.append(Quantity("\(experiment)/\(spec.name)/mean log-posterior", mean, error: error))
    }
    if let quality = report.quality {
      let p = quality.predictive.accuracy
      let error = (p * (1 - p) / Double(quality.exampleCount)).squareRoot()
      result.append(Quantity("\(experiment)/\(spec.name)/accuracy", p, error: max(error, 0.005)))
    }
    return result
  }
}
