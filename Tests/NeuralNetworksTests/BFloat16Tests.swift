import ComputeKernels
import NeuralNetworks
import PosteriorFiles
import RobustnessCore
import TestSupport
import Testing

@Suite(
  "Gradients in bfloat16", .inTurn, .enabled(if: KernelLibrary.preferred == .oneDNN && KernelLibrary.hasNativeBFloat16))
struct BFloat16Tests {
  @Test(
    "point where those in float32 do, for every objective and example",
    arguments: ["mnist-fc2-relu", "mnist-conv-leaky", "moons-fc2-leaky"], Objective.allCases)
  func directions(name: String, objective: Objective) throws {
    let answer = try KnownAnswer(name)
    guard objective.minimumClasses <= answer.posterior.architecture.classCount else { return }
    let stored = try #require(try answer.posterior.evaluationData())
    let examples = Examples(inputs: Tensor(shape: stored.shape, elements: stored.values), labels: stored.labels)
      .subset(Array(0..<64))
    let exact = try answer.ensemble().lossAndGradient(examples, objective: objective, draws: .all).gradient
    let rounded = try answer.ensemble(.init(precision: .bfloat16))
      .lossAndGradient(examples, objective: objective, draws: .all).gradient
    let cosines = (0..<examples.count).map { cosine(exact.values[row: $0], rounded.values[row: $0]) }.sorted()
    // A max-pool or a ReLU near its kink may switch; most examples are close to exact, none is lost.
    #expect(cosines[6] >= 0.98)
    #expect(cosines[0] >= 0.5)
  }

  @Test("decisions are those of float32", arguments: ["mnist-fc2-relu", "mnist-fc1-tanh-sharp"])
  func decisions(name: String) throws {
    let answer = try KnownAnswer(name)
    let inputs = try answer.examples().inputs
    let exact = try answer.ensemble().predict(inputs, draws: .all)
    #expect(try answer.ensemble(.init(precision: .bfloat16)).predict(inputs, draws: .all) == exact)
  }
}
