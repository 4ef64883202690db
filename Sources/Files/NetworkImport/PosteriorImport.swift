import Foundation
package import NeuralNetworks
package import PosteriorFiles
import RobustnessCore
import Shell

/// A posterior as files of other programs hold it, ready to be written.
package struct PosteriorImport {
  /// The draws.
  package let draws: DrawSource
  /// What goes into the file.
  package private(set) var contents: PosteriorContents
  /// What was left out, or is to be known, a sentence each without a full stop.
  package let notes: [String]
  /// What the comparison with the author's answers found; nil where none were given.
  package let findings: ReferenceFindings?
  /// Who answered, in words.
  package let author: String

  /// Reads and checks everything.
  ///
  /// - Throws: ``ImportError`` or another error with a sentence: a file that is damaged or not understood, draws of
  ///   different networks, inputs outside the bounds. Answers that differ are no error here: see ``findings``.
  package init(_ request: ImportRequest) throws {
    var request = request
    let file = try request.posterior.map { try InferenceDataFile($0, probe: request.probe) }
    if let file { try Self.adopt(file, into: &request) }
    let draws = try Self.source(request, file)
    let chains = try Self.chains(request, draws: draws.drawCount)
    if request.kind == .mcmc { try Self.checkOrder(request.graphs + request.draws) }
    guard request.bounds.isEmpty || request.bounds == [0, 1] || !draws.notes.contains(GraphReader.takesBytes) else {
      throw UsageError(
        "the graph takes bytes, which mean their value divided by 255: leave --bounds out, and give the data as bytes or as numbers from 0 to 1"
      )
    }
    let pairs = try Self.bounds(request.bounds, draws.architecture)
    let examples = ExampleArchives(architecture: draws.architecture, ending: draws.ending, bounds: pairs)
    let data = try request.data.map { try examples.data($0) }
    let answers = try request.reference.map {
      try examples.answers($0, draws: draws.drawCount, data: data)
    }
    var contents = PosteriorContents(
      weights: draws, chainCount: chains, inputBounds: pairs[0], kind: request.kind,
      creationLibraryVersion: ProgramVersion.current, evaluationData: data, referenceAnswers: answers)
    if pairs.count > 1 { contents.boundsPerChannel = pairs }
    var notes = draws.notes + (try file.map { try Self.add($0, to: &contents) } ?? [])
    self.draws = draws
    self.contents = contents
    author = "\(PrintedText.line(answers?.software ?? "the author's program")) (\(answers?.precision.rawValue ?? ""))"
    findings = try answers.map { try Self.compare(draws, chains, $0) }
    if findings?.saysLogProbabilities == true { self.contents.referenceAnswers?.areLogProbabilities = true }
    if let doubt = draws.doubt {
      guard let findings, findings.outcome != .differs, findings.caution == nil else { throw doubt.error }
      notes += doubt.settled
    }
    self.notes = notes
  }

  private static func source(_ request: ImportRequest, _ file: InferenceDataFile?) throws -> DrawSource {
    guard let network = request.network else { return try DrawSource(graphs: request.graphs) }
    let settles = request.reference != nil
    guard let file else {
      return try DrawSource(network: network, draws: request.draws, map: request.map, settlesDoubts: settles)
    }
    return try DrawSource(network: network, posterior: file, map: request.map, settlesDoubts: settles)
  }

  /// A shell's `draw*.onnx` has 10 before 2: chains would be mixed.
  private static func checkOrder(_ paths: [String]) throws {
    let byNumber = paths.sorted { $0.compare($1, options: .numeric) == .orderedAscending }
    guard paths == paths.sorted(), paths != byNumber,
      let index = paths.indices.first(where: { paths[$0] != byNumber[$0] })
    else { return }
    throw UsageError(
      "the files are in the order of letters, in which \(paths[index]) comes before \(byNumber[index]): the draws of a chain would be mixed. Give them in their order, or name them with as many digits each"
    )
  }

  /// Takes from the file what nobody said.
  private static func adopt(_ file: InferenceDataFile, into request: inout ImportRequest) throws {
    if request.kind == nil, file.drawCount > 1 { request.kind = .mcmc }
    guard request.kind == .mcmc else { return }
    guard request.chains ?? file.chainCount == file.chainCount else {
      throw UsageError(
        "--chains \(request.chains ?? 0) contradicts \(file.path), which has \(file.chainCount) chains of \(file.drawsPerChain) draws"
      )
    }
    request.chains = file.chainCount
  }

  /// What the file says beside the draws; returns what could not be taken over.
  private static func add(_ file: InferenceDataFile, to contents: inout PosteriorContents) throws -> [String] {
    if let library = file.inferenceLibrary {
      contents.inferenceLibrary = library.name
      if let version = library.version { contents.provenance["inference_library_version"] = .text(version) }
    }
    let statistics = try file.statistics()
    guard contents.kind == .mcmc else { return [] }
    contents.sampleStatistics = statistics.recorded
    guard !statistics.leftOut.isEmpty else { return [] }
    return [
      "\(statistics.leftOut.joined(separator: ", ")) of sample_stats \(statistics.leftOut.count == 1 ? "is" : "are") no number for each draw, and left out"
    ]
  }

  /// How many chains the draws are.
  private static func chains(_ request: ImportRequest, draws: Int) throws -> Int {
    let given = request.chains
    func fits(_ chains: Int) throws -> Int {
      guard given ?? chains == chains else {
        throw UsageError(
          chains == 1
            ? "--chains \(given ?? 0) is for --kind mcmc: draws of kind \(request.kind?.rawValue ?? "") have no chains; leave it out"
            : "--chains \(given ?? 0) is for --kind mcmc: of kind \(request.kind?.rawValue ?? "") each draw is a chain of its own; leave it out"
        )
      }
      return chains
    }
    switch request.kind {
    case .ensemble?, .bootstrap?: return try fits(draws)
    case .variational?, .independent?: return try fits(1)
    case .single?:
      guard draws == 1 else {
        throw UsageError("--kind single is one network, and \(draws) draws are given: --kind ensemble, perhaps?")
      }
      return try fits(1)
    case .mcmc?:
      let chains = given ?? 1
      guard chains >= 1, draws % chains == 0 else {
        throw UsageError(
          "\(draws) draws cannot be shared among \(chains) chains: the files are in the order of the chains, as many for each"
        )
      }
      return chains
    case nil:
      guard draws == 1, given == nil else {
        throw UsageError(
          "--kind is needed for \(draws) draws: " + PosteriorKind.allCases.map(\.rawValue).joined(separator: ", "))
      }
      return 1
    }
  }

  /// One interval, or one for each channel.
  private static func bounds(_ numbers: [Double], _ architecture: Architecture) throws -> [ClosedRange<Double>] {
    if numbers.isEmpty { return [0...1] }
    let channels = architecture.inputShape[0]
    guard numbers.count == 2 || numbers.count == 2 * channels else {
      throw UsageError("--bounds takes two numbers, or two for each of \(channels) channels, not \(numbers.count)")
    }
    return try stride(from: 0, to: numbers.count, by: 2).map { index in
      let (low, high) = (numbers[index], numbers[index + 1])
      guard low.isFinite, high.isFinite, low < high else {
        throw UsageError("--bounds takes the lower number first, both finite, not \(low) \(high)")
      }
      return low...high
    }
  }

  private static func compare(
    _ draws: DrawSource, _ chains: Int, _ answers: ReferenceAnswers
  ) throws -> ReferenceFindings {
    let values = answers.inputs.values
    var isSingle = false
    for case .floats? in [answers.logits, answers.logPredictive] { isSingle = true }
    let question = ReferenceQuestion(
      inputs: values, count: values.count / draws.architecture.inputShape.reduce(1, *), logits: answers.logits?.values,
      logPredictive: answers.logPredictive?.values, precision: answers.precision,
      storedError: isSingle ? 0x1p-24 : 0, areLogProbabilities: draws.ending != .logits)
    return try ReferenceComparison(draws, chainCount: chains, question: question).findings()
  }
}
