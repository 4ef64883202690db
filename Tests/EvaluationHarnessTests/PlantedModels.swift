import Foundation
import RobustnessCore
import TestSupport

/// A model with a fault in its logits or in its pullback.
struct FaultyModel<Base: Model>: Model {
  var base: Base
  var logits: @Sendable (Tensor) -> Tensor = { $0 }
  /// Changes the gradient at some inputs.
  var gradient: @Sendable (ScaledGradient, Tensor) -> ScaledGradient = { gradient, _ in gradient }

  var inputShape: [Int] { base.inputShape }
  var classCount: Int { base.classCount }
  func logits(_ inputs: Tensor) throws -> Tensor { logits(try base.logits(inputs)) }
  func inputGradient(_ inputs: Tensor, logitGradient: Tensor) throws -> ScaledGradient {
    gradient(try base.inputGradient(inputs, logitGradient: logitGradient), inputs)
  }
}

/// A model that ends with a softmax, its pullback included: the fault is that its outputs are called logits.
struct ProbabilityModel<Base: Model>: Model {
  var base: Base

  var inputShape: [Int] { base.inputShape }
  var classCount: Int { base.classCount }

  func logits(_ inputs: Tensor) throws -> Tensor {
    var z = try base.logits(inputs)
    for row in 0..<z.rowCount {
      let total = logSumExp(z[row: row])
      z[row: row] = z[row: row].map { exp($0 - total) }[...]
    }
    return z
  }

  func inputGradient(_ inputs: Tensor, logitGradient: Tensor) throws -> ScaledGradient {
    let p = try logits(inputs)
    var pulled = logitGradient
    for row in 0..<p.rowCount {
      let mean = zip(p[row: row], logitGradient[row: row]).reduce(0) { $0 + $1.0 * $1.1 }
      pulled[row: row] = zip(p[row: row], logitGradient[row: row]).map { $0 * ($1 - mean) }[...]
    }
    return try base.inputGradient(inputs, logitGradient: pulled)
  }
}

/// An ensemble whose members are sound, and whose own answers are not.
struct FaultyEnsemble<Base: PosteriorEnsemble>: PosteriorEnsemble {
  var base: Base
  /// Changes the gradient of a batch; is told its examples.
  var gradient: @Sendable (ScaledGradient, Examples) -> ScaledGradient = { gradient, _ in gradient }
  /// Changes the log-probabilities of the draws.
  var members: @Sendable (Tensor) -> Tensor = { $0 }

  var inputShape: [Int] { base.inputShape }
  var classCount: Int { base.classCount }
  var drawCount: Int { base.drawCount }
  func member(_ draw: Int) throws -> Base.Member { try base.member(draw) }
  func memberLogProbabilities(_ inputs: Tensor, draws: DrawSelection) throws -> Tensor {
    members(try base.memberLogProbabilities(inputs, draws: draws))
  }
  func predict(_ inputs: Tensor, draws: DrawSelection) throws -> Prediction { try base.predict(inputs, draws: draws) }
  func loss(_ examples: Examples, objective: Objective, draws: DrawSelection) throws -> Loss {
    try base.loss(examples, objective: objective, draws: draws)
  }
  func lossAndGradient(_ examples: Examples, objective: Objective, draws: DrawSelection) throws -> LossAndGradient {
    var answer = try base.lossAndGradient(examples, objective: objective, draws: draws)
    answer.gradient = gradient(answer.gradient, examples)
    return answer
  }
}

/// The network of the attack fixtures with another phase for each draw, and a fault in every draw.
func faulty(_ fault: (inout FaultyModel<ClosedFormNetwork>) -> Void) -> ListedEnsemble<FaultyModel<ClosedFormNetwork>> {
  ListedEnsemble(
    ClosedForm.phases.map { phase in
      var model = FaultyModel(base: ClosedFormNetwork(phase: phase))
      fault(&model)
      return model
    })
}

extension ScaledGradient {
  /// Each row changed as plain numbers.
  func mapRows(_ change: (inout [Double], Int) -> Void) -> ScaledGradient {
    var result = self
    for row in 0..<values.rowCount {
      var numbers = Array(values[row: row])
      change(&numbers, row)
      result.values[row: row] = numbers[...]
    }
    return result
  }
}
