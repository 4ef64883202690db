import ComputeKernels
import Datasets
import Foundation
import NeuralNetworks
public import PosteriorFiles
public import RobustnessCore
import Shell
import Synchronization
public import TrainingHarness

/// What makes the posterior files that experiments use.
public protocol PosteriorProvider: Sendable {
  /// Trains what is asked for; a run that was stopped goes on from its journal.
  ///
  /// - Returns: The file, checked.
  func train(_ request: TrainingRequest) throws -> PosteriorFile
}

/// Trains inside this process, as the program `train` does: with a journal, so that nothing is lost when it is stopped.
public struct HarnessProvider: PosteriorProvider {
  private let samplers: [any PosteriorSampler.Type]

  /// - Parameter samplers: Those among which a request's sampler is found by its name.
  public init(samplers: [any PosteriorSampler.Type]) { self.samplers = samplers }

  /// A journal beside the output means a run that was stopped.
  public func train(_ request: TrainingRequest) throws -> PosteriorFile {
    guard let output = request.options.output, Train.canResume(output) else {
      return try Train.train(request, samplers: samplers)
    }
    return try Train.train(TrainingRequest(resuming: output, options: request.options.renewable), samplers: samplers)
  }
}

/// The posteriors of a reproduction: each is made once and kept under its hash, and checked once.
final class PosteriorCache: Sendable {
  let folder: String
  private let catalog: DataCatalog
  private let provider: any PosteriorProvider
  private let dataFolder: String?
  private let threads: Int
  /// What was verified when it was written, or opened since, by path. Draws are read when they are needed.
  private let verified = Mutex<[String: PosteriorFile]>([:])

  init(
    folder: String, catalog: DataCatalog, provider: any PosteriorProvider, dataFolder: String?, threads: Int
  ) {
    self.folder = folder
    self.catalog = catalog
    self.provider = provider
    self.dataFolder = dataFolder
    self.threads = threads
  }

  /// Where the file of a posterior is, or will be.
  func path(of spec: PosteriorSpec) throws -> String {
    "\(folder)/\(spec.name)-\(spec.hash(dataDigest: try catalog.load(spec.data).digest)).h5"
  }

  /// Whether the file is there.
  func has(_ spec: PosteriorSpec) throws -> Bool { FileManager.default.fileExists(atPath: try path(of: spec)) }

  /// The `train` command that makes the same file, for people.
  func command(of spec: PosteriorSpec) throws -> String? {
    guard var request = spec.request(data: try catalog.load(spec.data).argument) else { return nil }
    request.options.threads = threads
    request.options.output = try path(of: spec)
    // Files of the job by their place in its folder: a page is read on other machines.
    let job = URL(fileURLWithPath: folder).deletingLastPathComponent().path
    return request.command { value in
      [folder, job].first { value.hasPrefix($0 + "/") }.map { String(value.dropFirst($0.count + 1)) } ?? value
    }
  }

  /// Makes the file unless it is there.
  func make(_ spec: PosteriorSpec) throws {
    let path = try path(of: spec)
    guard !FileManager.default.fileExists(atPath: path) else { return }
    try OutputFolder.make(folder)
    let data = try catalog.load(spec.data)
    let file: PosteriorFile
    switch spec.making {
    case .trained:
      guard var request = spec.request(data: data.argument) else { return }
      request.options.dataFolder = dataFolder
      request.options.threads = threads
      request.options.output = path
      request.options.quiet = true
      file = try provider.train(request)
    case .prior: file = try drawPrior(spec, data, path)
    case .resampled(let base, let count):
      try make(base)
      file = try resample(try open(base), count: count, spec, path)
    }
    verified.withLock { $0[path] = file }
  }

  /// The file, checked once.
  func open(_ spec: PosteriorSpec) throws -> PosteriorFile {
    let path = try path(of: spec)
    if let file = verified.withLock({ $0[path] }) { return file }
    let file = try PosteriorFile.open(path, probe: nil)
    verified.withLock { $0[path] = file }
    return file
  }

  // MARK: - Posteriors that no sampler makes

  private func drawPrior(_ spec: PosteriorSpec, _ data: LoadedData, _ path: String) throws -> PosteriorFile {
    let seed = spec.options.seed ?? 0
    let draws = spec.options.draws ?? 100
    let scale = spec.options.priorScale.flatMap(Double.init) ?? 1
    let architecture = try spec.network(inputShape: data.dataset.inputShape, classCount: data.dataset.classCount)
    let prior = try GaussianPrior(
      spec.options.prior == .fanIn ? .fanIn(scale) : .global(scale), architecture: architecture)
    let streams = RandomStreams(seed: UInt64(seed), purpose: "paper/prior-draws")
    let weights = (0..<draws).map { draw -> [Float] in
      var stream = streams.stream(example: draw)
      return prior.draw(&stream)
    }
    let source = InMemoryWeights(architecture: architecture, draws: weights)
    let test = data.dataset.test ?? data.dataset.train
    let count = min(500, test.count)
    let contents = PosteriorContents(
      weights: source, chainCount: 1, inputBounds: data.dataset.inputBounds, kind: .variational,
      title: "draws from the prior, \(architecture.summary)", createdAt: nil,
      evaluationData: test.subset((0..<count).map { $0 * test.count / count }).data,
      provenance: ["method": .text("prior draws"), "seed": .integer(seed)])
    return try PosteriorWriter.write(contents, to: path)
  }

  private func resample(
    _ base: PosteriorFile, count: Int, _ spec: PosteriorSpec, _ path: String
  ) throws -> PosteriorFile {
    let streams = RandomStreams(seed: UInt64(spec.options.seed ?? 0), purpose: "paper/resampled")
    var stream = streams.stream(example: 0)
    let indices = stream.uniforms(count).map { min(base.drawCount - 1, Int($0 * Double(base.drawCount))) }
    let contents = PosteriorContents(
      weights: RepeatedWeights(base: base, indices: indices), chainCount: 1, inputBounds: base.inputBounds,
      kind: .mcmc, title: "\(base.title ?? "draws"), drawn with replacement",
      evaluationData: try base.evaluationData(),
      provenance: [
        "method": .text("draws of another posterior, with replacement"), "base": .text(base.posteriorSHA256),
      ])
    return try PosteriorWriter.write(contents, to: path)
  }
}

/// Draws of another source, some of them more than once.
struct RepeatedWeights: WeightSource {
  let base: any WeightSource
  let indices: [Int]

  var architecture: Architecture { base.architecture }
  var drawCount: Int { indices.count }
  func read(draw: Int, into buffer: UnsafeMutableBufferPointer<Float>) throws {
    try base.read(draw: indices[draw], into: buffer)
  }
}
