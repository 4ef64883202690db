import BuiltInPlugins
import ComputeKernels
import Foundation
import NeuralNetworks
import PosteriorFiles
import RobustnessCore
import TestSupport

@testable import EvaluationHarness

/// Ensembles of closed-form networks with examples that they know.
enum ClosedForm {
  static let phases = [0, 0.15, -0.2]
  static let epsilon = 0.05

  /// Inputs spread over the middle of the box, labelled by the predictive of `ensemble`.
  static func examples(_ count: Int, of ensemble: some PosteriorEnsemble) throws -> Examples {
    var inputs = Tensor(zeros: [count] + ensemble.inputShape)
    let streams = RandomStreams(seed: 11, purpose: "test-inputs")
    for row in 0..<count {
      var stream = streams.stream(example: row)
      inputs[row: row] = stream.uniforms(inputs.rowSize).map { 0.1 + 0.8 * $0 }[...]
    }
    return Examples(inputs: inputs, labels: try ensemble.predict(inputs, draws: .all).classes(.predictive))
  }

  static func subject(_ ensemble: some PosteriorEnsemble, examples: Examples, origin: DrawOrigin? = nil)
    -> EvaluationSubject
  { EvaluationSubject(name: "closed form", ensemble: ensemble, examples: examples, origin: origin) }

  /// The ensemble of the attack fixtures with `count` examples.
  static func subject(_ count: Int = 60) throws -> EvaluationSubject {
    let ensemble = ClosedFormEnsemble(phases: phases)
    return subject(ensemble, examples: try examples(count, of: ensemble))
  }
}

/// The posteriors of `Fixtures/oracles` that hold networks.
enum Oracle: String, CaseIterable, Sendable {
  case relu = "mnist-fc2-relu"
  case sharp = "mnist-fc1-tanh-sharp"
  case saturated = "mnist-fc2-tanh-saturated"
  case convolution = "mnist-conv-leaky"
  case moons = "moons-fc2-leaky"

  /// The first `count` examples of the file, with the precision that `--precision auto` takes.
  func subject(_ count: Int, arithmetic: Arithmetic = .logDomain) throws -> (EvaluationSubject, ClosedRange<Double>) {
    try EvaluationSubject.inFixture("oracles/\(rawValue)", count, arithmetic: arithmetic)
  }

  /// ε and the step of the reference, from `expected.json`.
  func reference() throws -> (epsilon: Double, step: Double) {
    struct Expected: Decodable {
      let epsilon: Double
      let step: Double
      enum CodingKeys: String, CodingKey {
        case epsilon
        case step = "pgd_alpha"
      }
    }
    let expected = try JSONDecoder().decode(
      Expected.self, from: Data(contentsOf: Fixtures.url("oracles/\(rawValue).expected.json")))
    return (expected.epsilon, expected.step)
  }
}

/// An attack as on the command line.
func request(_ text: String) throws -> AttackRequest {
  try AttackSpecification(text, among: .builtIn).resolve(among: .builtIn)
}

extension EvaluationSubject {
  /// The result of attacking this subject.
  func evaluated(
    _ attacks: [AttackRequest], objectives: [Objective] = [.predictive], epsilons: [Double] = [ClosedForm.epsilon],
    box: ClosedRange<Double> = 0...1, change: (inout EvaluationPlan) -> Void = { _ in }
  ) throws -> EvaluationResult {
    var plan = EvaluationPlan(attacks: attacks, objectives: objectives, epsilons: epsilons, box: box)
    plan.finiteDifferences = finiteDifferenceEffort
    change(&plan)
    return try Evaluator(subject: self, plan: plan, companions: .builtIn).evaluate()
  }
}

extension EvaluationResult {
  /// The runs of other attacks than random noise.
  var attackRuns: [RunResult] { runs.filter { $0.attack != "random" } }

  /// Names of the checks of the first run that ended as `status`.
  func names(_ status: Check.Status) -> [String] {
    attackRuns.first?.checks.filter { $0.status == status }.map(\.name) ?? []
  }
}

extension EvaluationSubject {
  /// The first `count` examples of the file, with the precision that `--precision auto` takes.
  static func inFixture(
    _ name: String, _ count: Int, arithmetic: Arithmetic = .logDomain
  ) throws -> (EvaluationSubject, ClosedRange<Double>) {
    let file = try PosteriorFile.open(Fixtures.url("\(name).h5").path, probe: nil)
    guard let data = try file.evaluationData() else { throw CoreError("\(name) has no examples") }
    let all = Examples(
      inputs: Tensor(shape: [data.count] + file.architecture.inputShape, elements: data.values), labels: data.labels)
    let examples = all.first(count)
    func make(_ precision: Precision) throws -> NetworkEnsemble {
      try NetworkEnsemble(
        file,
        configuration: .init(precision: precision, arithmetic: arithmetic, threads: 2, inputBounds: file.inputBounds))
    }
    var ensemble = try make(.float32)
    if arithmetic == .logDomain,
      try ensemble.saturatedFraction(all.first(8).inputs) > NetworkEnsemble.saturationForFloat64
    {
      ensemble = try make(.float64)
    }
    var subject = EvaluationSubject(
      name: URL(filePath: name).lastPathComponent, ensemble: ensemble, examples: examples,
      origin: file.kind.flatMap { DrawOrigin(rawValue: $0.rawValue) })
    subject.chains = file.chainCount
    subject.distinctDraws = file.distinctDrawCount
    subject.signature = .verified
    subject.arithmetic = arithmetic
    return (subject, file.inputBounds)
  }
}
