import Foundation
import HDF5
import NeuralNetworks
import PosteriorFiles
import Reporting
import RobustnessCore
import Shell

/// The posterior file that a journal makes.
struct Publication {
  let description: RunDescription
  let files: JournalFiles
  let architecture: Architecture
  /// The chains that have draws.
  let chains: [ChainRecords]
  /// The draws of each that go into the file: as many as the chain with the fewest has.
  let draws: Int
  let gaussian: GaussianApproximation?
  let evaluation: LabelledData?

  /// The examples as the journal keeps them.
  struct Evaluation: Codable {
    var bytes: [UInt8]?
    var floats: [Float]?
    var doubles: [Double]?
    var labels: [Int]

    init(_ data: LabelledData) {
      switch data.inputs {
      case .bytes(let values): bytes = values
      case .floats(let values): floats = values
      case .doubles(let values): doubles = values
      }
      labels = data.labels
    }

    /// The examples of a run; nil where there are none, or they are those of another network.
    func data(inputShape: [Int], inputBounds: ClosedRange<Double>) -> LabelledData? {
      let inputs = bytes.map { StoredNumbers.bytes($0) } ?? floats.map { .floats($0) } ?? doubles.map { .doubles($0) }
      guard let inputs, inputs.count == labels.count * inputShape.reduce(1, *) else { return nil }
      return LabelledData(inputs: inputs, inputShape: inputShape, labels: labels, inputBounds: inputBounds)
    }
  }

  /// Reads what there is, also while the run goes on.
  ///
  /// - Throws: `BadDataError` for damage, and when no chain has a draw yet.
  init(_ folder: String) throws {
    (description, files, architecture) = try RunDescription.read(folder)
    var chains: [ChainRecords] = []
    for chain in 0..<description.shape.chains {
      let records = try ChainRecords(
        files.records(chain), files.identity(chain), synchronized: SynchronizedBytes.of(files, chain: chain))
      if records.drawCount > 0 { chains.append(records) }
    }
    guard let draws = chains.map(\.drawCount).min() else {
      throw BadDataError("\(folder): no chain has a draw yet")
    }
    self.chains = chains
    self.draws = min(draws, description.shape.draws)
    gaussian = try files.read(GaussianApproximation.self, from: files.gaussian(0))
    evaluation = try files.read(Evaluation.self, from: files.evaluation)?.data(
      inputShape: architecture.inputShape, inputBounds: description.inputLow...description.inputHigh)
  }

  var isComplete: Bool { chains.count == description.shape.chains && draws == description.shape.draws }

  /// How much of the run this is, in words; nil for all of it.
  var incompleteness: String? {
    isComplete
      ? nil
      : "\(draws) of \(description.shape.draws) draws of \(chains.count) of \(description.shape.chains) chains: the run was still going on"
  }

  /// Everything that goes into the file, and what the diagnostics say about it.
  func contents(isCompressed: Bool, threads: Int) throws -> (contents: PosteriorContents, verdict: String) {
    var contents = PosteriorContents(
      weights: try JournalWeights(architecture: architecture, chains: chains, drawsPerChain: draws),
      chainCount: chains.count, inputBounds: description.inputLow...description.inputHigh,
      kind: description.shape.posteriorKind,
      title: "\(description.sampler) on \(description.dataName), \(architecture.summary)",
      creationLibraryVersion: RunDescription.programVersion,
      inferenceLibrary: "bayesian-robustness", sampleStatistics: try statistics(),
      variational: gaussian.map { VariationalParameters(mean: $0.mean, scale: $0.scale) },
      evaluationData: evaluation, provenance: provenance, isCompressed: isCompressed)
    contents.exactness = description.shape.exactness.flatMap { Exactness(rawValue: $0) }
    contents.referenceAnswers = try OwnAnswers.make(contents, programVersion: description.programVersion)
    let diagnosis = try TrainingDiagnosis(contents, threads: threads)
    contents.provenance.merge(diagnosis.entries) { $1 }
    return (contents, diagnosis.verdict)
  }

  /// The mean of a statistic over the draws of the file.
  func mean(_ name: String) -> Double? {
    guard let values = try? statistics().first(where: { $0.name == name })?.values, !values.isEmpty else { return nil }
    return values.reduce(0, +) / Double(values.count)
  }

  private func statistics() throws -> [SampleStatistic] {
    let names = chains[0].names ?? []
    guard chains.allSatisfy({ $0.names == names }) else {
      throw RunError("the chains record different statistics")
    }
    return names.enumerated().map { column, name in
      let values = chains.flatMap { $0.statistics.prefix(draws).map { $0[column] } }
      let isCount = name == "n_steps" && values.allSatisfy { Int64(exactly: $0) != nil }
      return SampleStatistic(name: name, element: isCount ? .int64 : .float64, values: values)
    }
  }

  private var provenance: [String: ProvenanceValue] {
    var entries: [String: ProvenanceValue] = [
      "method": .text(description.sampler),
      "settings": .text(settings.compact),
      "seed": .integer(Int(description.options["seed"] ?? "") ?? 0),
      "generator": .text("Philox 4x32-10"),
      "dataset": .text(description.dataName),
      "data_train_sha256": .text(description.trainSHA256),
      "data_train_count": .integer(description.trainCount),
      "data_evaluation": .text(description.evaluationOrigin),
      "software": .text("bayesian-robustness \(description.programVersion); \(description.kernels)"),
      "command_line": .text(description.commandLine),
    ]
    if let digest = description.indicesSHA256 { entries["data_train_indices_sha256"] = .text(digest) }
    if let digest = description.sourceSHA256 { entries["data_source_sha256"] = .text(digest) }
    if let digest = description.startSHA256 { entries["start_sha256"] = .text(digest) }
    if let incompleteness { entries["incomplete"] = .text(incompleteness) }
    return entries
  }

  /// Every option with its value. Its keys are those of `--config`.
  private var settings: JSONText {
    func value(_ text: String) -> JSONText {
      if text == "true" || text == "false" { return .bool(text == "true") }
      if let integer = Int(text) { return .integer(integer) }
      if let number = Double(text), number.isFinite { return .number(number) }
      return .text(text)
    }
    var members: [(String, JSONText)] = [("sampler", .text(description.sampler))]
    let common = description.options.filter { !RunOptions.unrecorded.contains($0.key) }
    for (name, text) in common.merging(description.samplerOptions, uniquingKeysWith: { $1 }).sorted(by: {
      $0.key < $1.key
    }) {
      members.append((name, value(TrainingRequest.withoutFolders(name, text))))
    }
    return .object(members)
  }
}
