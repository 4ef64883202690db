#if canImport(Darwin)
import Darwin
#elseif canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// An uncertainty and its gradient at some points.
public struct UncertaintyAndGradient: Sendable, Hashable {
  /// The score of each point, in nat.
  public var values: [Double]
  /// Its gradient with respect to the inputs.
  public var gradient: ScaledGradient

  /// Wraps values and gradient.
  public init(values: [Double], gradient: ScaledGradient) {
    self.values = values
    self.gradient = gradient
  }
}

extension PosteriorEnsemble {
  /// How uncertain the selected draws are at `inputs`, one number for each example, in nat.
  ///
  /// - Parameters:
  ///   - inputs: shape (examples, …inputShape).
  ///   - score: which uncertainty.
  ///   - draws: the draws that are asked.
  public func uncertainties(_ inputs: Tensor, score: UncertaintyScore, draws: DrawSelection) throws -> [Double] {
    var values: [Double] = []
    for rows in uncertaintyBlocks(inputs.rowCount, draws: draws) {
      let block = inputs.rows(rows)
      let prediction = score.needsMembers ? nil : try predict(block, draws: draws)
      let members = score.needsMembers ? try memberLogProbabilities(block, draws: draws) : nil
      values += score.values(prediction, members: members) ?? []
    }
    return values
  }

  /// Rows in blocks whose log-probabilities of every draw take some 32 MB at most.
  public func uncertaintyBlocks(_ count: Int, draws: DrawSelection) -> [Range<Int>] {
    let each = max(1, min(250, (1 << 22) / max(1, draws.indices(of: drawCount).count * classCount)))
    return stride(from: 0, to: count, by: each).map { $0..<min($0 + each, count) }
  }

  /// The uncertainty and its gradient with respect to the inputs, in `Double` over members.
  public func uncertaintyAndGradient(
    _ inputs: Tensor, score: UncertaintyScore, draws: DrawSelection
  ) throws -> UncertaintyAndGradient {
    let indices = draws.indices(of: drawCount)
    let members = try indices.map { ObjectiveReference.logSoftmaxRows(try member($0).logits(inputs)) }
    let predictive = ObjectiveReference.logMeanExp(members)
    var gradient = ScaledGradient(Tensor(zeros: inputs.shape))
    let logDraws = log(Double(indices.count))
    for (position, draw) in indices.enumerated() {
      var values = Tensor(zeros: predictive.shape)
      var logFactors: [Double] = []
      for row in 0..<inputs.rowCount {
        let own = score.logitGradient(
          Array(members[position][row: row]), shared: score.shared(predictive[row: row]))
        values[row: row] = own.values[...]
        logFactors.append(own.logFactor - logDraws)
      }
      gradient.accumulate(try member(draw).inputGradient(inputs, logitGradient: values), logWeights: logFactors)
    }
    return UncertaintyAndGradient(
      values: try uncertainties(inputs, score: score, draws: draws), gradient: gradient)
  }
}
