import ComputeKernels
import Foundation
import RobustnessCore
import TestSupport
import Testing

@testable import NeuralNetworks

/// What all draws share is computed once; nothing that comes out may show it but last bits.
@Suite("What all draws share", .inTurn)
struct SharedTrunkTests {
  /// Draws of some layers of a network, the others as in the first draw.
  struct Case: Sendable, CustomStringConvertible {
    let name: String
    /// Names of the layers that are drawn.
    let drawn: Set<String>
    var description: String { name + " " + drawn.sorted().joined(separator: " ") }

    func weights(isShared: Bool) throws -> InMemoryWeights {
      let answer = try NetworkAnswer(name)
      let architecture = answer.weights.architecture
      let shared = architecture.parameters.indices.filter {
        !drawn.contains(architecture.layers[architecture.parameters[$0].layer].name ?? "")
      }
      var draws = answer.weights.draws
      var offset = 0
      for (index, parameter) in architecture.parameters.enumerated() {
        if shared.contains(index) {
          for draw in draws.indices {
            draws[draw].replaceSubrange(
              offset..<offset + parameter.count, with: draws[0][offset..<offset + parameter.count])
          }
        }
        offset += parameter.count
      }
      return InMemoryWeights(
        architecture: architecture, draws: draws, sharedParameters: isShared ? Set(shared) : [])
    }
  }

  static let cases = [
    Case(name: "resnet8-frn-silu", drawn: ["fc"]), Case(name: "resnet20-bn", drawn: ["fc"]),
    Case(name: "resnet8-frn-silu", drawn: ["blocks.2.c2", "fc"]), Case(name: "mcdropout-cnn", drawn: ["3", "8"]),
    Case(name: "binary-sigmoid", drawn: ["2", "4"]), Case(name: "lenet5-tanh", drawn: ["11"]),
    Case(name: "vit-tiny", drawn: ["head"]),
  ]

  private func examples(_ name: String, _ count: Int = 20) throws -> Examples {
    let answer = try NetworkAnswer(name)
    return Examples(
      inputs: answer.examples.inputs.rows(0..<count), labels: Array(answer.examples.labels[..<count]))
  }

  @Test(arguments: cases, [Precision.float64, .float32])
  func `answers and gradients are those of draws by themselves`(
    each: Case, precision: Precision
  ) throws {
    let examples = try examples(each.name)
    let configuration = NetworkEnsemble.Configuration(precision: precision)
    let apart = try NetworkEnsemble(each.weights(isShared: false), configuration: configuration)
    let together = try NetworkEnsemble(each.weights(isShared: true), configuration: configuration)
    let tolerance = precision == .float64 ? 1e-12 : 1e-5
    let (a, b) = try (
      apart.memberLogits(examples.inputs, draws: .all), together.memberLogits(examples.inputs, draws: .all)
    )
    #expect(largestDifference(a.elements, b.elements) <= tolerance * a.elements.reduce(1) { max($0, abs($1)) })
    for objective in [Objective.predictive, .expectedLoss, .margin] {
      let (one, other) = try (
        apart.lossAndGradient(examples, objective: objective, draws: .all),
        together.lossAndGradient(examples, objective: objective, draws: .all)
      )
      #expect(largestDifference(one.logLosses, other.logLosses) <= 100 * tolerance)
      let cosines = (0..<examples.labels.count).map {
        cosine(one.gradient.values[row: $0], other.gradient.values[row: $0])
      }
      let close = precision == .float64 ? 1 - 1e-12 : 0.99999
      #expect(cosines.count { $0 >= close } >= cosines.count - (precision == .float64 ? 0 : 1), "\(objective)")
      for row in examples.labels.indices {
        let norms = [one, other].map { answer in
          log2(answer.gradient.values[row: row].reduce(0) { $0 + $1 * $1 }) / 2
            + Double(answer.gradient.exponents[row])
        }
        #expect(abs(norms[0] - norms[1]) < (precision == .float64 ? 1e-9 : 0.02), "\(objective)")
      }
    }
  }

  @Test(arguments: [cases[0], cases[3], cases[4]])
  func `no bit depends on threads, on the number of examples, or on what is in memory`(each: Case) throws {
    let examples = try examples(each.name)
    let weights = try each.weights(isShared: true)
    func answer(_ threads: Int, _ packedBytes: Int? = nil, _ count: Int = 20) throws -> LossAndGradient {
      var configuration = NetworkEnsemble.Configuration(threads: threads)
      configuration.packedBytes = packedBytes
      let few = Examples(inputs: examples.inputs.rows(0..<count), labels: Array(examples.labels[..<count]))
      return try NetworkEnsemble(weights, configuration: configuration).lossAndGradient(
        few, objective: .predictive, draws: .all)
    }
    let all = try answer(1)
    let head = 1 << 22
    for other in [try answer(2), try answer(3), try answer(2, head)] {
      #expect(other.logLosses == all.logLosses)
      #expect(other.gradient.values.elements == all.gradient.values.elements)
      #expect(other.gradient.exponents == all.gradient.exponents)
    }
    let few = try answer(2, nil, 5)
    #expect(few.logLosses == Array(all.logLosses[..<5]))
    #expect(few.gradient.exponents == Array(all.gradient.exponents[..<5]))
    #expect(few.gradient.values.elements == Array(all.gradient.values.elements[..<few.gradient.values.elements.count]))
  }

  /// Gradients of draws are added before they go back through what is shared, and rounded to eight bits once, not each.
  @Test(
    .enabled(if: KernelLibrary.hasNativeBFloat16 && KernelLibrary.preferred == .oneDNN),
    arguments: cases.filter { $0.name != "binary-sigmoid" })
  func `gradients in bfloat16 point where those of draws by themselves do`(each: Case) throws {
    let examples = try examples(each.name)
    func gradients(_ precision: Precision, isShared: Bool) throws -> ScaledGradient {
      try NetworkEnsemble(each.weights(isShared: isShared), configuration: .init(precision: precision))
        .lossAndGradient(examples, objective: .predictive, draws: .all).gradient
    }
    let exact = try gradients(.float64, isShared: true)
    let (together, apart) = try (gradients(.bfloat16, isShared: true), gradients(.bfloat16, isShared: false))
    #expect(together.values.elements != apart.values.elements)
    func cosines(_ other: ScaledGradient) -> [Double] {
      examples.labels.indices.map { cosine(exact.values[row: $0], other.values[row: $0]) }.sorted()
    }
    let median = (together: cosines(together)[10], apart: cosines(apart)[10])
    #expect(median.together > 0.99)
    // As near to the exact direction as without.
    #expect(1 - median.together < 2 * (1 - median.apart) + 1e-6)
    let lengths = examples.labels.indices.map { row in
      let norms = [exact, together].map { log2(norm($0.values[row: row])) + Double($0.exponents[row]) }
      return abs(norms[0] - norms[1])
    }.sorted()
    #expect(lengths[10] < 0.05)
  }

  private func norm(_ x: ArraySlice<Double>) -> Double { x.reduce(0) { $0 + $1 * $1 }.squareRoot() }

  @Test func `a network of which draws share nothing in front is in one part`() throws {
    let each = Case(name: "lenet5-tanh", drawn: ["0", "11"])
    let parts = try CompiledNetwork.parts(
      each.weights(isShared: true), rows: 4, precision: .float64, library: .portable, fusesActivations: true,
      checksFiniteness: false)
    #expect(parts == nil)
    let last = Case(name: "lenet5-tanh", drawn: ["11"])
    let split = try #require(
      try CompiledNetwork.parts(
        last.weights(isShared: true), rows: 4, precision: .float64, library: .portable, fusesActivations: true,
        checksFiniteness: false))
    #expect(split.trunk.products.count == 4)
    #expect(split.head.products.count == 1)
  }
}
