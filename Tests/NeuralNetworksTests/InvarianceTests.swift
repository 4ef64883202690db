import ComputeKernels
import Foundation
import PosteriorFiles
import RobustnessCore
import TestSupport
import Testing

@testable import NeuralNetworks

/// What must not change a single bit: threads, how many examples are asked about at once, and how many draws are in
/// memory.
@Suite("Results are the same, bit for bit", .inTurn)
struct InvarianceTests {
  static let names = ["mnist-fc2-relu", "mnist-conv-leaky", "mnist-fc1-tanh-sharp", "moons-fc2-leaky"]

  private func examples(_ answer: KnownAnswer) throws -> Examples {
    let stored = try answer.posterior.evaluationData()!
    return Examples(inputs: Tensor(shape: stored.shape, elements: stored.values), labels: stored.labels)
      .subset(Array(0..<min(stored.count, answer.name.contains("conv") ? 60 : 300)))
  }

  private func precisions(_ name: String) -> [Precision] {
    KernelLibrary.hasNativeBFloat16 && KernelLibrary.preferred == .oneDNN
      ? [.float32, .bfloat16, .float64] : [.float32, .float64]
  }

  @Test("for one thread and two", arguments: names)
  func threads(name: String) throws {
    let answer = try KnownAnswer(name)
    let examples = try examples(answer)
    for precision in precisions(name) {
      for objective in Objective.defined(forClasses: answer.posterior.architecture.classCount) {
        let one = try answer.ensemble(.init(precision: precision, threads: 1))
          .lossAndGradient(examples, objective: objective, draws: .all)
        let two = try answer.ensemble(.init(precision: precision, threads: 2))
          .lossAndGradient(examples, objective: objective, draws: .all)
        #expect(one == two, "\(precision) \(objective)")
      }
    }
  }

  @Test("for one example, a few, or all of them", arguments: names)
  func numberOfExamples(name: String) throws {
    let answer = try KnownAnswer(name)
    let examples = try examples(answer)
    for precision in precisions(name) where precision != .float64 {
      let ensemble = try answer.ensemble(.init(precision: precision))
      for objective in Objective.defined(forClasses: answer.posterior.architecture.classCount) {
        let whole = try ensemble.lossAndGradient(examples, objective: objective, draws: .all)
        for rows in [[17], Array(3..<10), Array((0..<examples.count).reversed())] {
          let part = try ensemble.lossAndGradient(examples.subset(rows), objective: objective, draws: .all)
          let what = "\(precision), \(objective), \(rows.count) examples"
          #expect(part.logLosses == rows.map { whole.logLosses[$0] }, "\(what)")
          #expect(part.gradient == whole.gradient.rows(rows), "\(what)")
          #expect(part.prediction == whole.prediction.rows(rows), "\(what)")
        }
      }
    }
  }

  @Test("for draws in memory and draws read again for every pass", arguments: ["half of them", "one group"])
  func streamed(window: String) throws {
    // 20 draws: three groups, the last one smaller.
    let answer = try KnownAnswer("mnist-fc2-relu")
    let examples = try examples(answer)
    let draws = try (0..<20).map { draw -> [Float] in
      var parameters = [Float](repeating: 0, count: answer.posterior.architecture.parameterCount)
      try parameters.withUnsafeMutableBufferPointer { try answer.posterior.read(draw: draw % 8, into: $0) }
      return parameters.map { $0 * (1 + Float(draw) / 64) }
    }
    let source = InMemoryWeights(architecture: answer.posterior.architecture, draws: draws)
    let resident = try NetworkEnsemble(source)
    var limited = NetworkEnsemble.Configuration()
    let onePacked = try CompiledNetwork(source.architecture, rows: 16, precision: .float32, library: .preferred)
      .packing(backward: true).bytes
    limited.packedBytes = onePacked * (window == "one group" ? 8 : 16)
    let streamed = try NetworkEnsemble(source, configuration: limited)
    for objective in Objective.defined(forClasses: answer.posterior.architecture.classCount) {
      let a = try resident.lossAndGradient(examples, objective: objective, draws: .all)
      let b = try streamed.lossAndGradient(examples, objective: objective, draws: .all)
      #expect(a == b, "\(objective)")
    }
    let members = try resident.memberLogProbabilities(examples.inputs, draws: .all)
    #expect(try streamed.memberLogProbabilities(examples.inputs, draws: .all) == members)
  }

  @Test("a limit that leaves no room for a group of draws is refused with the sizes")
  func tooTight() throws {
    let answer = try KnownAnswer("mnist-fc2-relu")
    var limited = NetworkEnsemble.Configuration()
    limited.packedBytes = 1000
    let ensemble = try answer.ensemble(limited)
    let inputs = try examples(answer).inputs
    let error = #expect(throws: CoreError.self) { try ensemble.predict(inputs, draws: .all) }
    #expect(error?.description.contains("--memory-limit") == true)
  }
}

@Suite("What an ensemble refuses", .inTurn)
struct EnsembleRefusalTests {
  private let architecture = try! Architecture(
    inputShape: [2], classCount: 2, layers: [.dense(name: "output", units: 2, activation: .identity)])

  private func ensemble(_ parameters: [Float]) throws -> NetworkEnsemble {
    try NetworkEnsemble(InMemoryWeights(architecture: architecture, draws: [parameters]))
  }

  @Test("weights that are not numbers, by draw")
  func notFinite() throws {
    let ensemble = try ensemble([1, .nan, 3, 4, 5, 6])
    let error = #expect(throws: CoreError.self) { try ensemble.predict(Tensor(zeros: [1, 2]), draws: .all) }
    #expect(error?.description.contains("draw 0 has 1 weights that are not finite") == true)
  }

  @Test("weights so large that float32 overflows inside, where a fused ReLU would hide it")
  func overflow() throws {
    let ensemble = try ensemble([1e38, 1e38, 1, 1, 0, 0])
    let error = #expect(throws: CoreError.self) { try ensemble.predict(Tensor(zeros: [1, 2]), draws: .all) }
    #expect(error?.description.contains("beyond float32") == true)
  }

  @Test("inputs of another shape, labels outside the classes, draws that do not exist")
  func wrongQuestions() throws {
    let ensemble = try ensemble([1, 2, 3, 4, 5, 6])
    #expect(throws: CoreError.self) { try ensemble.predict(Tensor(zeros: [1, 3]), draws: .all) }
    #expect(throws: CoreError.self) { try ensemble.predict(Tensor(zeros: [1, 2]), draws: .some([1])) }
    let examples = Examples(inputs: Tensor(zeros: [1, 2]), labels: [2])
    #expect(throws: CoreError.self) { try ensemble.lossAndGradient(examples, objective: .predictive, draws: .all) }
  }
}
