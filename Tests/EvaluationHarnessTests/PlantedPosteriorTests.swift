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
    subject.logDensities = (0..<4).map { independent(20, around: 10 * Double($0), scale: 1, key: 9 + $0) }
    #expect(try verdict(subject).failed == ["convergence"])
  }

  // MARK: - Data and file

  @Test func `labels that are another data set's`() throws {
    let (sound, box) = try Oracle.relu.subject(100)
    var wrong = sound
    wrong.examples = Examples(inputs: sound.examples.inputs, labels: sound.examples.labels.map { ($0 + 3) % 10 })
    #expect(try sound.evaluated([request("fgsm")], epsilons: [0.1], box: box).verdict.failed == [])
    #expect(try wrong.evaluated([request("fgsm")], epsilons: [0.1], box: box).verdict.failed == ["clean-accuracy"])
  }

  @Test(arguments: [(Signature.unsigned, ["signature"]), (.changed, ["signature"]), (.verified, []), (.none, [])])
  func `a file without a valid signature is a warning`(_ signature: Signature, _ warnings: [String]) throws {
    var subject = try subject(ClosedForm.phases)
    subject.signature = signature
    let verdict = try verdict(subject)
    #expect(verdict.warnings == warnings)
    #expect(verdict.believable)
  }

  @Test func `gradients that float32 could not hold are a warning`() throws {
    let (subject, box) = try Oracle.sharp.subject(50)
    let verdict = try subject.evaluated([request("pgd")], epsilons: [0.1], box: box).verdict
    #expect(verdict.failed == [])
    #expect(verdict.warnings == ["saturation"])
  }
}
