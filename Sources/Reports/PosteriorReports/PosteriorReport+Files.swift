import ComputeKernels
public import Diagnostics
import NeuralNetworks
public import PosteriorFiles
public import RobustnessCore

extension PosteriorReport {
  /// Diagnoses the posterior in a file, with the evaluation data that it carries as held-out data.
  ///
  /// - Parameters:
  ///   - file: An open file; draws are read as they are needed.
  ///   - examples: Only the first examples; nil for all.
  ///   - threads: Worker threads of the networks, nil for all cores. The report does not depend on them.
  /// - Throws: `PosteriorFileError` when the file can no longer be read, `CoreError` and `KernelError` when the network
  ///   cannot run here.
  public init(of file: PosteriorFile, examples: Int? = nil, threads: Int? = nil) throws {
    try self.init(
      weights: file, chainCount: file.chainCount, inputBounds: file.inputBounds, kind: file.kind,
      statistics: try file.sampleStatistics(), heldOut: try file.evaluationData(), examples: examples, threads: threads)
  }

  /// Diagnoses a posterior that is about to be written.
  ///
  /// - Parameters:
  ///   - contents: What the file will hold.
  ///   - heldOut: Inputs and labels that the training has not seen; nil for the contents' own evaluation data.
  ///   - examples: Only the first examples; nil for all.
  ///   - threads: Worker threads of the networks, nil for all cores. The report does not depend on them.
  /// - Throws: `CoreError` when parts of the contents do not fit each other, and what reading the weights throws.
  public init(
    of contents: PosteriorContents, heldOut: LabelledData? = nil, examples: Int? = nil, threads: Int? = nil
  ) throws {
    let data = heldOut ?? contents.evaluationData?.within(contents.inputBounds)
    guard contents.chainCount > 0, contents.weights.drawCount % contents.chainCount == 0 else {
      throw CoreError("\(contents.weights.drawCount) draws are not \(contents.chainCount) chains of the same length")
    }
    try self.init(
      weights: contents.weights, chainCount: contents.chainCount, inputBounds: contents.inputBounds,
      kind: contents.kind, statistics: contents.sampleStatistics, heldOut: data, examples: examples, threads: threads)
  }

  private init(
    weights: any WeightSource, chainCount: Int, inputBounds: ClosedRange<Double>, kind: PosteriorKind?,
    statistics: [SampleStatistic], heldOut: LabelledData?, examples: Int?, threads: Int?
  ) throws {
    let architecture = weights.architecture
    var posterior = DiagnosedPosterior(
      origin: kind.flatMap { DrawOrigin(rawValue: $0.rawValue) }, chainCount: chainCount,
      drawsPerChain: weights.drawCount / chainCount)
    posterior.statistics = Dictionary(statistics.map { ($0.name, $0.values) }) { first, _ in first }
    let drawn = DrawnParameters(of: weights)
    posterior.parameterCount = drawn.count
    posterior.readParameters = { try drawn.read(draw: $0, into: $1) }
    guard examples ?? 1 > 0 else { throw CoreError("a diagnosis takes at least one example, not \(examples ?? 0)") }
    if let heldOut, heldOut.count > 0 {
      let size = architecture.inputShape.reduce(1, *)
      guard heldOut.inputs.count == heldOut.count * size else {
        throw CoreError(
          "held-out inputs have \(heldOut.inputs.count) numbers; \(heldOut.count) inputs of the network have "
            + "\(heldOut.count * size)")
      }
      let inputs = Tensor(shape: [heldOut.count] + architecture.inputShape, elements: heldOut.values)
      let rows = Array(0..<min(examples ?? heldOut.count, heldOut.count))
      posterior.inputs = rows.count < heldOut.count ? inputs.rows(rows) : inputs
      posterior.labels = Array(heldOut.labels.prefix(rows.count))
      posterior.ensemble = try NetworkEnsemble.forValues(
        weights, inputs: posterior.inputs ?? inputs, inputBounds: inputBounds, threads: threads)
    }
    try self.init(of: posterior)
  }
}

extension NetworkEnsemble {
  /// Packed draws may take this much; a larger posterior is read again for every pass.
  private static let packedBytes = 1 << 30

  /// Float32, or float64 where `evaluate --precision auto` would take it too: the accuracy reported is the same.
  fileprivate static func forValues(
    _ weights: any WeightSource, inputs: Tensor, inputBounds: ClosedRange<Double>, threads: Int?
  ) throws -> NetworkEnsemble {
    func make(_ precision: Precision) throws -> NetworkEnsemble {
      var configuration = Configuration(precision: precision, threads: threads, inputBounds: inputBounds)
      // Forward and backward, each with some padding.
      let scalar = precision == .float64 ? 8 : 4
      let bytes = 3 * scalar * weights.architecture.parameterCount * weights.drawCount
      if bytes > packedBytes { configuration.memoryLimit = residentBytes() + packedBytes + (1 << 28) }
      return try NetworkEnsemble(weights, configuration: configuration)
    }
    let plain = try make(.float32)
    return try plain.needsFloat64(inputs) ? make(.float64) : plain
  }
}
