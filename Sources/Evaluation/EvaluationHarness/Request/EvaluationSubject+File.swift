import ComputeKernels
import Foundation
import NeuralNetworks
import PosteriorFiles
import RobustnessCore
import Shell

extension EvaluationRequest {
  /// The posterior in the file that the request names, with the examples and the configuration that it asks for, and
  /// the box that the inputs live in; the subject has those of its features, where channels have their own.
  package func subjectFromFile() throws -> (subject: EvaluationSubject, box: ClosedRange<Double>) {
    try check()
    guard case .file(let path) = source else { throw UsageError("which posterior file? Give --model FILE") }
    let file = try PosteriorFile.open(path, acceptChanged: acceptChanged, probe: .currentProgram)
    let source = try weights(of: file)
    let (examples, dataSHA256, arrays) = try examples(for: file)
    // An attack, the oracle and the results keep about a dozen arrays of the size of the inputs.
    let working = 12 * MemoryLayout<Double>.stride * examples.inputs.elements.count
    let (ensemble, precision) = try ensemble(
      source, file, examples, memoryLimit: memoryLimit.map { $0 - working })
    var subject = EvaluationSubject(name: PrintedText.line(file.fileName), ensemble: ensemble, examples: examples)
    subject.boxPerFeature = file.boxPerFeature
    subject.summary = summary(file, source.drawCount)
    subject.origin = file.kind.flatMap { DrawOrigin(rawValue: $0.rawValue) }
    subject.chains = resample == nil ? file.chainCount : 1
    subject.distinctDraws = resample == nil ? file.distinctDrawCount : nil
    if resample == nil {
      subject.statistics = Dictionary(try file.sampleStatistics().map { ($0.name, $0.values) }) { first, _ in first }
    }
    subject.signature =
      switch file.integrity {
      case .verified: .verified
      case .unsigned: .unsigned
      case .changed: .changed
      }
    subject.fileWarnings = warnings(file, examples)
    if data == nil { subject.trainingDataStatement = Self.trainingDataStatement(file.provenance) }
    let reference = ReferenceResult(file, threads: threads)
    subject.reference = { try reference.comparison() }
    subject.posteriorSHA256 = file.posteriorSHA256
    subject.dataSHA256 = dataSHA256
    subject.arithmetic = arithmetic
    subject.hasApproximateGradients = precision == .bfloat16
    subject.precision = precision.rawValue
    subject.processor = Processor.name
    subject.threads = threads ?? ProcessorAllowance.current.threads
    subject.products = ensemble.kernelUses
    subject.kernels = precision == .float64 ? "portable kernels" : KernelLibrary.preferredDescription
    if let data {
      subject.summary += PrintedText.line(" · examples of \(data)" + (arrays.map { " (\($0))" } ?? ""))
    }
    let draws = self.draws.map { DrawSelection.some(evenlySpaced($0, of: source.drawCount)) } ?? .all
    subject.prepare = { try ensemble.prepare(draws: draws) }
    return (subject, file.inputBounds)
  }

  func ensemble(
    _ source: any WeightSource, _ file: PosteriorFile, _ examples: Examples, memoryLimit: Int?
  ) throws -> (NetworkEnsemble, ComputeKernels.Precision) {
    func make(_ precision: ComputeKernels.Precision) throws -> NetworkEnsemble {
      do {
        return try NetworkEnsemble(
          source,
          configuration: .init(
            precision: precision, arithmetic: arithmetic, threads: threads, memoryLimit: memoryLimit,
            inputBounds: file.inputBounds))
      } catch {
        throw BadDataError("\(file.path): \(error)")
      }
    }
    guard let precision = precision.ofKernels else {
      let plain = try make(.float32)
      guard arithmetic == .logDomain else { return (plain, .float32) }
      return try plain.needsFloat64(examples.inputs) ? (try make(.float64), .float64) : (plain, .float32)
    }
    return (try make(precision), precision)
  }

  private func weights(of file: PosteriorFile) throws -> any WeightSource {
    guard let count = resample else { return file }
    guard let parameters = try file.variationalParameters() else {
      throw BadDataError("\(file.path): /variational is missing, so --resample has nothing to draw from")
    }
    return ResampledWeights(
      architecture: file.architecture, mean: parameters.mean, scale: parameters.scale, drawCount: count,
      seed: seed)
  }

  private func examples(for file: PosteriorFile) throws -> (Examples, sha256: String?, arrays: String?) {
    let shape = file.architecture.inputShape
    let data: LabelledData
    let values: [Double]
    var digest = file.dataSHA256
    var arrays: String?
    if let path = self.data {
      let read = try ExamplesFile.read(path, for: file.expectedInputs, acceptChanged: acceptChanged)
      data = read.data
      // What lies outside the network's bounds by no more than its rounding to single precision is moved onto them.
      values = data.values.map { min(max($0, file.inputBounds.lowerBound), file.inputBounds.upperBound) }
      digest = read.sha256
      arrays = read.names
    } else {
      guard let own = try file.evaluationData() else {
        throw BadDataError("\(file.path): /evaluation_data is missing; give the inputs and labels with --data FILE")
      }
      data = own
      values = own.values
    }
    var inputs = Tensor(shape: [data.count] + shape, elements: values)
    if let boxes = file.boxPerFeature {
      try ThreatModel(epsilon: 0, box: file.inputBounds, boxPerFeature: boxes).clipToBox(&inputs)
    }
    let examples = Examples(inputs: inputs, labels: data.labels)
    return (self.examples.map { examples.first($0) } ?? examples, digest, arrays)
  }

  /// What the file says about itself, and what the examples say where they are of another file.
  private func warnings(_ file: PosteriorFile, _ examples: Examples) -> [PosteriorWarning] {
    guard let data else { return file.warnings }
    let review = ExampleReview(
      labels: examples.labels, classCount: file.architecture.classCount,
      isZero: (0..<examples.count).map { row in examples.inputs[row: row].allSatisfy { $0 == 0 } },
      range: examples.inputs.elements.min().flatMap { low in examples.inputs.elements.max().map { low...$0 } },
      bounds: file.inputBounds)
    let name = data.split(separator: "/").last.map(String.init) ?? data
    return file.warnings.filter { !$0.place.hasPrefix("/evaluation_data/") }
      + review.warnings(labels: "\(name): the labels", inputs: "\(name)")
  }

  private func summary(_ file: PosteriorFile, _ draws: Int) -> String {
    var parts = [file.fileName]
    let method = file.provenance["method"].flatMap(Self.short) ?? file.kind?.rawValue
    parts += [method, file.provenance["dataset"].map { "trained on \($0)" }].compactMap(\.self)
    parts.append(file.architecture.summary)
    if resample != nil {
      parts.append("\(draws) fresh draws")
    } else if file.drawsPerChain == 1, file.kind != .mcmc {
      parts.append(file.drawCount == 1 ? "1 network" : "\(file.drawCount) networks")
    } else {
      func count(_ n: Int, _ noun: String) -> String { "\(n) \(noun)\(n == 1 ? "" : "s")" }
      parts.append("\(count(file.chainCount, "chain")) × \(count(file.drawsPerChain, "draw"))")
    }
    let digest = file.contentSHA256.prefix(6)
    switch file.integrity {
    case .verified: parts.append("content \(digest)… verified")
    case .unsigned: parts.append("unsigned, content \(digest)…")
    case .changed: parts.append("CHANGED since it was signed, content \(digest)…")
    }
    return PrintedText.line(parts.joined(separator: " · "))
  }

  /// What says that the examples in the file are those that it was trained on: `train` as the split that was evaluated.
  private static func trainingDataStatement(_ provenance: [String: String]) -> String? {
    provenance.sorted { $0.key < $1.key }.first { name, value in
      let name = name.lowercased()
      let isOfExamples = name.contains("eval") || name == "split" || name.contains("test_data") || name == "data_test"
      let value = value.lowercased()
      return isOfExamples && (value == "train" || value.hasPrefix("training") || value.hasPrefix("train "))
    }.map { PrintedText.line("\($0.key) = \($0.value)") }
  }

  /// A method's name when it is one, not a page of settings.
  private static func short(_ method: String) -> String? {
    method.count <= 60 && !method.hasPrefix("{") ? method : nil
  }
}

extension PosteriorFile {
  /// The bounds of each number of an input, where channels have bounds of their own.
  package var boxPerFeature: [ClosedRange<Double>]? {
    let size = architecture.inputShape.dropFirst().reduce(1, *)
    return boundsPerChannel?.flatMap { Array(repeating: $0, count: size) }
  }
}

extension Examples {
  /// The first `count` examples.
  func first(_ count: Int) -> Examples { subset(Array(0..<Swift.min(count, self.count))) }
}

extension EvaluationSubject {
  /// An effort for the comparison with finite differences that takes about the same time for every network.
  package var finiteDifferenceEffort: FiniteDifferenceEffort {
    guard let ensemble = ensemble as? NetworkEnsemble else { return FiniteDifferenceEffort() }
    return FiniteDifferenceEffort(operationsPerExample: ensemble.operationsPerExample)
  }
}
