import RobustnessCore
import TestSupport
import Testing

@testable import EvaluationHarness

/// Every planted fault is one of the posterior, of the data or of the file; model and attack are sound.
@Suite(.inTurn) struct `A faulty posterior is named` {
  /// Draws with these phases.
  func subject(_ phases: [Double], origin: DrawOrigin? = nil, chains: Int = 1) throws -> EvaluationSubject {
    let sound = ClosedFormEnsemble(phases: ClosedForm.phases)
    var subject = ClosedForm.subject(
      ClosedFormEnsemble(phases: phases), examples: try ClosedForm.examples(60, of: sound), origin: origin)
    subject.chains = chains
    return subject
  }

  /// Phases of `count` independent draws around `centre`.
  func independent(_ count: Int, around centre: Double = 0, scale: Double = 0.1, key: Int = 0) -> [Double] {
    var stream = RandomStreams(seed: 3, purpose: "phases").stream(example: key)
    return stream.normals(count).map { centre + scale * $0 }
  }

  func verdict(_ subject: EvaluationSubject, _ change: (inout EvaluationPlan) -> Void = { _ in }) throws -> Verdict {
    try subject.evaluated([request("pgd")], epsilons: [0.03], change: change).verdict
  }

  // MARK: - Draws

  @Test func `duplicated draws`() throws {
    let copies = [Double](repeating: 0, count: 9) + [0.15]
    #expect(try verdict(subject(copies)).failed == ["identical-draws"])
    #expect(try verdict(subject(independent(10))).failed == [])
    #expect(try verdict(subject(copies, origin: .single)).failed == [])
  }

  @Test func `a quarter of the draws may be distinct`() throws {
    let quarter = [0, 0.15] + [Double](repeating: 0.1, count: 6)
    #expect(try verdict(subject(Array(quarter.dropFirst()))).failed == [])
    let fewer = [0.15] + [Double](repeating: 0.1, count: 8)
    #expect(try verdict(subject(fewer)).failed == ["identical-draws"])
  }

  @Test func `duplicates among the draws that are evaluated, not in the whole file`() throws {
    let phases = [Double](repeating: 0, count: 8) + independent(8)
    #expect(try verdict(subject(phases)).failed == [])
    #expect(try verdict(subject(phases)) { $0.draws = .some(Array(0..<8)) }.failed == ["identical-draws"])
  }

  @Test func `draws that the file knows to be copies`() throws {
    var subject = try subject(independent(10))
    subject.distinctDraws = 2
    #expect(try verdict(subject).failed == ["identical-draws"])
  }

  // MARK: - Convergence

  @Test func `chains that stay apart`() throws {
    let apart = (0..<4).flatMap { independent(20, around: 0.2 * Double($0) - 0.3, scale: 0.02, key: $0) }
    #expect(try verdict(subject(apart, origin: .mcmc, chains: 4)).failed == ["convergence"])
    let together = (0..<4).flatMap { independent(20, scale: 0.1, key: $0) }
    #expect(try verdict(subject(together, origin: .mcmc, chains: 4)).failed == [])
    // Networks trained apart are not meant to agree.
    #expect(try verdict(subject(apart, origin: .ensemble, chains: 4)).failed == [])
  }

  @Test func `one chain that drifts`() throws {
    let drift = (0..<40).map { -0.2 + 0.01 * Double($0) }
    #expect(try verdict(subject(drift, origin: .mcmc)).failed == ["convergence"])
  }

  @Test func `chains that stand still, each at a place of its own`() throws {
    let still = [0, 0.05, 0.1, 0.15].flatMap { [Double](repeating: $0, count: 4) }
    #expect(try verdict(subject(still, origin: .mcmc, chains: 4)).failed == ["convergence"])
  }

  @Test func `chains that nearly agree are a warning`() throws {
    let near = (0..<4).flatMap { independent(50, around: 0.02 * Double($0), scale: 0.1, key: $0) }
    let verdict = try verdict(subject(near, origin: .mcmc, chains: 4))
    #expect(verdict.failed == [])
    #expect(verdict.warnings == ["convergence"])
    #expect(verdict.believable)
  }

  @Test func `too few draws a chain for R-hat`() throws {
    let short = (0..<4).flatMap { independent(3, key: $0) }
    #expect(try verdict(subject(short, origin: .mcmc, chains: 4)).failed == ["convergence"])
  }

  @Test func `log-densities that stay apart`() throws {
    var subject = try subject((0..<4).flatMap { independent(20, key: $0) }, origin: .mcmc, chains: 4)
    subject.statistics["lp"] = (0..<4).flatMap { independent(20, around: 10 * Double($0), scale: 1, key: 9 + $0) }
    #expect(try verdict(subject).failed == ["convergence"])
  }

  // MARK: - Data and file

  @Test func `labels that are another data set's`() throws {
    let (sound, box) = try Oracle.relu.subject(100)
    var wrong = sound
    wrong.examples = Examples(inputs: sound.examples.inputs, labels: sound.examples.labels.map { ($0 + 3) % 10 })
    #expect(try sound.evaluated([request("pgd")], epsilons: [0.1], box: box).verdict.failed == [])
    #expect(try wrong.evaluated([request("pgd")], epsilons: [0.1], box: box).verdict.failed == ["clean-accuracy"])
  }

  /// Examples of two classes, one number each: the second class, of which there are `ones`, lies above a half.
  private func twoClasses(_ network: LinearNetwork, ones: Int, of count: Int = 200) -> EvaluationSubject {
    let labels = (0..<count).map { $0 < ones ? 1 : 0 }
    let inputs = labels.enumerated().map { 0.1 + 0.5 * Double($1) + 0.3 * Double($0 % 17) / 16 }
    return ClosedForm.subject(
      ListedEnsemble([network]),
      examples: Examples(inputs: Tensor(shape: [count, 1], elements: inputs), labels: labels))
  }

  /// Decides at a half, as the examples are.
  private static let knowing = LinearNetwork(weights: [[0], [20]], bias: [0, -10])
  /// Always answers the first class, but for its logits moving with the input.
  private static let constant = LinearNetwork(weights: [[0.5], [0]], bias: [1, 0])

  private func cleanAccuracy(_ subject: EvaluationSubject) throws -> Check? {
    try subject.evaluated([request("fgsm")], epsilons: [0.03]).attackRuns.first?.checks
      .first { $0.name == "clean-accuracy" }
  }

  @Test(arguments: [5, 20, 60]) func `a constant answer is at chance, however unequal the classes`(_ ones: Int) throws {
    #expect(try cleanAccuracy(twoClasses(Self.constant, ones: ones))?.status == .failed)
    #expect(try cleanAccuracy(twoClasses(Self.knowing, ones: ones))?.status == .passed)
  }

  @Test func `chance is the most frequent class of these examples`() throws {
    let check = try #require(try cleanAccuracy(twoClasses(Self.constant, ones: 60)))
    #expect(
      check.finding == "every example is decided as class 0, clean accuracy 70.0 %, a constant answer gets 70.0 %")
    // As many of both: chance is what it is for a coin.
    #expect(try cleanAccuracy(twoClasses(Self.knowing, ones: 100))?.finding.hasSuffix("gets 50.0 %") == true)
  }

  @Test func `examples of one class tell nothing about what the network knows`() throws {
    for network in [Self.constant, Self.knowing] {
      let check = try #require(try cleanAccuracy(twoClasses(network, ones: 0)))
      #expect(check.status == .notRun)
      #expect(check.finding.hasPrefix("all examples are of class 0: a constant answer is right on every one"))
      #expect(check.advice == "Give examples of every class.")
    }
  }

  @Test(arguments: [(Signature.unsigned, ["signature"]), (.changed, ["signature"]), (.verified, []), (.none, [])])
  func `a file without a valid signature is a warning`(_ signature: Signature, _ warnings: [String]) throws {
    var subject = try subject(ClosedForm.phases)
    subject.signature = signature
    let verdict = try verdict(subject)
    #expect(verdict.warnings == warnings)
    #expect(verdict.believable)
  }

  @Test func `gradients that float32 could not hold are no reservation, and are told`() throws {
    let (subject, box) = try Oracle.sharp.subject(50)
    let result = try subject.evaluated([request("pgd")], epsilons: [0.1], box: box)
    #expect(result.verdict.failed == [])
    #expect(result.verdict.warnings == [])
    let saturation = try #require(result.attackRuns[0].checks.first { $0.name == "saturation" })
    #expect(saturation.finding.contains("too small for float32"))
  }
}
