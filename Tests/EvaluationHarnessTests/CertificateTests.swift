import BuiltInPlugins
import Foundation
import NeuralNetworks
import RobustnessCore
import Shell
import TestSupport
import Testing

@testable import EvaluationHarness

/// Says of everything that it is certified: what no certificate may do.
private struct Boastful: RobustnessCertificate {
  static let name = "boastful"
  init(_ options: NoOptions) throws {}
  var certifiesSinglePrecision: Bool { true }

  func certify<Ensemble: BoundedEnsemble>(
    _ examples: Examples, _ question: CertificateQuestion, of ensemble: Ensemble
  ) throws -> Certification {
    Certification(
      examples: examples.labels.map { _ in CertifiedExample(margin: 0.5, slack: 1e-12, safeDraws: 0) })
  }
}

@Suite(.inTurn) struct `What is certified` {
  static func certificate(_ text: String) throws -> CertificateRequest {
    try CertificateSpecification(text, among: .builtIn).resolve(among: .builtIn)
  }

  static func result(
    _ subject: EvaluationSubject, _ box: ClosedRange<Double>, _ certificates: [String], epsilons: [Double],
    attack: String = "pgd:steps=5", change: (inout EvaluationPlan) -> Void = { _ in }
  ) throws -> EvaluationResult {
    try subject.evaluated([request(attack)], epsilons: epsilons, box: box) {
      $0.checks = .quick
      $0.certificates = try! certificates.map(certificate)
      change(&$0)
    }
  }

  @Test(arguments: [
    (Oracle.relu, "linf", [0.002, 0.01, 0.03]), (.sharp, "linf", [0.01, 0.05]), (.relu, "l2", [0.05, 0.3]),
    (.moons, "linf", [0.02, 0.1]), (.convolution, "linf", [0.001, 0.02]),
  ])
  func `lies below what attacks leave, and nothing is both certified and fooled`(
    _ oracle: Oracle, _ norm: String, _ epsilons: [Double]
  ) throws {
    let (subject, box) = try oracle.subject(12)
    let result = try Self.result(
      subject, box, ["intervals", "linear"], epsilons: epsilons, attack: "pgd:steps=5,norm=\(norm)")
    #expect(result.certified.count == 2 * epsilons.count)
    #expect(result.contradiction == nil)
    for certified in result.certified {
      let lowest = try #require(result.lowestFound.first { $0.epsilon == certified.epsilon })
      #expect(certified.accuracy.value <= lowest.accuracy.value)
      let attacked = lowest.accuracy.value - certified.accuracy.value
      #expect(Int((attacked * 12).rounded()) == certified.undecided)
      #expect(certified.safety.low <= certified.safety.high)
      #expect(certified.slack < 1e-6)
      for (isCertified, example) in zip(certified.isCertified, certified.examples) where example.isCertified {
        #expect(isCertified)
      }
    }
    // Linear bounds are never looser here, and prove something at the smallest ε.
    let linear = result.certified.filter { $0.method == "linear" }
    for (tight, loose) in zip(linear, result.certified.filter { $0.method == "intervals" }) {
      #expect(tight.accuracy.value >= loose.accuracy.value)
    }
    #expect((linear.first?.accuracy.value ?? 0) > 0)
    // A larger ball proves less.
    for (small, large) in zip(linear, linear.dropFirst()) { #expect(small.accuracy.value >= large.accuracy.value) }
    #expect(result.runs.flatMap(\.checks).contains { $0.name == CheckName.sandwich && $0.status == .passed })
  }

  @Test func `each example's radius is within a fiftieth of where the proof ends`() throws {
    let (subject, box) = try Oracle.relu.subject(8)
    let result = try Self.result(subject, box, ["linear"], epsilons: [0.05])
    let radii = try #require(result.certifiedRadii.first)
    for (row, radius) in radii.radii.enumerated() where radius > 0 && radius < 0.05 {
      func isCertified(_ epsilon: Double) throws -> Bool {
        var one = subject
        one.examples = subject.examples.subset([row])
        return try Self.result(one, box, ["linear"], epsilons: [epsilon]).certified[0].isCertified[0]
      }
      #expect(try isCertified(radius))
      #expect(try !isCertified(radius * 1.03))
    }
    #expect(radii.radii.contains { $0 > 0 })
    #expect(2 * radii.radii.count { $0 >= radii.halfCertified } >= radii.radii.count)
    #expect(2 * radii.radii.count { $0 > radii.halfCertified } < radii.radii.count)
  }

  @Test func `radii by themselves are those of an evaluation, and grow with what is kept from the adversary`() throws {
    let (subject, box) = try Oracle.relu.subject(8)
    let evaluated = try #require(
      try Self.result(subject, box, ["linear"], epsilons: [0.05]).certifiedRadii.first)
    func radii(_ mask: [Bool]?) throws -> CertifiedRadii {
      try CertifiedRadii(
        of: subject.examples, by: try Self.certificate("linear"),
        within: ThreatModel(epsilon: 0.05, box: box, mask: mask),
        ensemble: subject.ensemble, companions: .builtIn)
    }
    let alone = try radii(nil)
    #expect(alone.radii == evaluated.radii && alone.isCorrect == evaluated.isCorrect)
    let size = subject.examples.inputs.rowSize
    let half = try radii((0..<size).map { $0 % 2 == 0 })
    for (free, fixed) in zip(alone.radii, half.radii) { #expect(fixed * 1.02 >= free) }
    #expect(half.medianRadius > alone.medianRadius)
    let nothing = try radii([Bool](repeating: false, count: size))
    #expect(zip(nothing.radii, nothing.isCorrect).allSatisfy { $0 == ($1 ? 0.05 : 0) })
    #expect(throws: CoreError.self) {
      try CertifiedRadii(
        of: subject.examples, by: try Self.certificate("linear"),
        within: ThreatModel(epsilon: 0.05, epsilonPerFeature: [Double](repeating: 0.05, count: size), box: box),
        ensemble: subject.ensemble, companions: .builtIn)
    }
  }

  @Test func `does not depend on threads, on the other examples, or on what is kept of the draws`() throws {
    let (subject, box) = try Oracle.sharp.subject(20)
    let whole = try Self.result(subject, box, ["linear"], epsilons: [0.01, 0.03])
    var other = subject
    other.threads = 1
    let alone = try Self.result(other, box, ["linear"], epsilons: [0.01, 0.03]) { $0.certificateCacheBytes = 0 }
    #expect(whole.certified.map(\.examples) == alone.certified.map(\.examples))
    #expect(whole.certifiedRadii.map(\.radii) == alone.certifiedRadii.map(\.radii))
    let chosen = [17, 2, 9]
    var part = subject
    part.examples = subject.examples.subset(chosen)
    let some = try Self.result(part, box, ["linear"], epsilons: [0.01, 0.03])
    #expect(some.certifiedRadii[0].radii == chosen.map { whole.certifiedRadii[0].radii[$0] })
    #expect(some.certified[1].examples == chosen.map { whole.certified[1].examples[$0] })
  }

  @Test func `a certificate of what is fooled is found out, and ends the job after the results`() throws {
    let (subject, box) = try Oracle.sharp.subject(12)
    let result = try Self.result(subject, box, [], epsilons: [0.2]) {
      $0.certificates = [CertificateRequest(Boastful.self)]
    }
    let contradiction = try #require(result.contradiction)
    #expect(contradiction.method == "boastful")
    #expect(contradiction.margin < 0)
    #expect(result.verdict.failed.contains(CheckName.sandwich))
    #expect(result.table.contains("fault of the program"))

    let output = FileManager.default.temporaryDirectory.appendingPathComponent("\(UUID().uuidString).json")
    defer { try? FileManager.default.removeItem(at: output) }
    var request = EvaluationRequest(.given)
    request.epsilons = [0.2]
    request.certify = [CertificateSpecification("boastful")]
    (request.format, request.output) = (.json, output.path)
    let job = try EvaluationJob(
      request, attacks: .builtIn, certificates: [Boastful.self], companions: .builtIn, subject: subject, box: box)
    #expect(throws: CertificateContradiction.self) { try job.run() }
    #expect(try String(contentsOf: output, encoding: .utf8).contains("\"certified\""))
  }

  /// relu(3·10⁷ x + 1) − relu(3·10⁷ x) − ½ is ½ everywhere in real numbers; in single precision the 1 is lost.
  static func cancelling() throws -> EvaluationSubject {
    let json = """
      {"input_shape": [1], "class_count": 2, "layers": [
        {"type": "dense", "name": "a", "units": 2, "activation": "relu"},
        {"type": "dense", "name": "b", "units": 2, "activation": "identity"}]}
      """
    let ensemble = try NetworkEnsemble(
      InMemoryWeights(
        architecture: Architecture(json: json), draws: [[3e7, 3e7, 1, 0, 1, -1, 0, 0, -0.5, 0]]))
    // Below 2²⁴ the 1 is there, beyond it is lost: at x = 0.55924.
    let x = (0..<7).map { 0.5585 + Double($0) / 10_000 }
    var subject = EvaluationSubject(
      name: "cancelling", ensemble: ensemble,
      examples: Examples(inputs: Tensor(shape: [x.count, 1], elements: x), labels: x.map { _ in 0 }))
    subject.precision = "float32"
    return subject
  }

  @Test func `what single precision alone is fooled by is said, and contradicts only what certifies that`() throws {
    let subject = try Self.cancelling()
    let single = "linear:arithmetic=float32"
    let result = try Self.result(subject, 0...1, ["linear", single], epsilons: [0.001], attack: "random:draws=50") {
      $0.attacks.append(try! request("pgd:steps=5,restarts=5"))
    }
    #expect(result.contradiction == nil)
    let real = try #require(result.certified.first)
    #expect(real.accuracy.value == 1)
    #expect(real.fooledInSinglePrecision > 0)
    #expect(result.table.contains("fooled in single precision alone"))
    #expect(result.certified[1].accuracy.value == 0 && result.certified[1].fooledInSinglePrecision == 0)

    let boastful = try Self.result(subject, 0...1, [], epsilons: [0.001], attack: "random:draws=50") {
      $0.attacks.append(try! request("pgd:steps=5,restarts=5"))
      $0.certificates = [CertificateRequest(Boastful.self)]
    }
    #expect(boastful.contradiction?.isInSinglePrecision == true)
    #expect(boastful.contradiction?.description.contains("in single precision, which was certified too") == true)
  }

  @Test func `beside noise alone there are proofs all the same`() throws {
    let (subject, box) = try Oracle.relu.subject(8)
    let alone = try Self.result(subject, box, ["linear"], epsilons: [0.01], attack: "random")
    let beside = try Self.result(subject, box, ["linear"], epsilons: [0.01])
    #expect(alone.certified.map(\.isCertified) == beside.certified.map(\.isCertified))
    #expect(alone.certifiedRadii.map(\.radii) == beside.certifiedRadii.map(\.radii))
    #expect(alone.table.contains("certified by"))
  }

  @Test(arguments: [10, 1e6, 1e300]) func `however large a ball is asked for, radii are looked for within the box`(
    _ epsilon: Double
  ) throws {
    let (subject, box) = try Oracle.moons.subject(8)
    func radii(_ epsilon: Double) throws -> [Double] {
      try #require(try Self.result(subject, box, ["linear"], epsilons: [epsilon]).certifiedRadii.first).radii
    }
    let usual = try radii(0.2)
    #expect(usual.contains { $0 > 0 && $0 < 0.2 })
    for (small, large) in zip(usual, try radii(epsilon)) where small < 0.2 {
      #expect(abs(small - large) <= 0.03 * small)
    }
  }

  @Test func `margins and safe draws are those of their own ball`() throws {
    let (subject, box) = try Oracle.relu.subject(8)
    let result = try Self.result(subject, box, ["linear"], epsilons: [0.002, 0.01])
    let both = zip(result.certified[0].examples, result.certified[1].examples).filter { $1.isCertified }
    #expect(!both.isEmpty)
    for (small, large) in both { #expect(small.margin > large.margin && small.safeDraws >= large.safeDraws) }
  }

  @Test func `one that is asked for twice is run once`() throws {
    var request = EvaluationRequest(.given)
    request.certify = ["linear", "intervals", "linear"].map { CertificateSpecification($0) }
    let (subject, box) = try Oracle.relu.subject(4)
    let job = try EvaluationJob(
      request, attacks: .builtIn, certificates: .builtIn, companions: .builtIn, subject: subject, box: box)
    #expect(job.certificates.map(\.text) == ["linear", "intervals"])
  }

  @Test func `a model without steps, and a norm without bounds, are named and cost nothing else`() throws {
    let result = try Self.result(try ClosedForm.subject(5), 0...1, ["linear"], epsilons: [0.05])
    #expect(result.certified.isEmpty)
    #expect(result.certificateFailures.map(\.method) == ["linear"])
    #expect(result.table.contains("not available"))
  }

  @Test func `a class to aim at is refused`() throws {
    var request = EvaluationRequest(.given)
    request.certify = [CertificateSpecification("linear")]
    request.target = .next
    #expect(throws: UsageError.self) {
      try EvaluationJob(
        request, attacks: .builtIn, certificates: .builtIn, companions: .builtIn, subject: try ClosedForm.subject(5))
    }
  }

  @Test func `an evaluation that was stopped goes on with the blocks that are left`() throws {
    let (subject, box) = try Oracle.sharp.subject(20)
    let path = FileManager.default.temporaryDirectory.appendingPathComponent("\(UUID().uuidString).checkpoint").path
    defer { try? FileManager.default.removeItem(atPath: path) }
    var plan = EvaluationPlan(attacks: [try request("pgd:steps=5")], epsilons: [0.02], box: box)
    plan.checks = .quick
    plan.certificates = [try Self.certificate("linear")]
    func evaluate() throws -> EvaluationResult {
      var evaluator = try Evaluator(subject: subject, plan: plan, companions: .builtIn)
      evaluator.checkpoint = try Checkpoint(path: path)
      return try evaluator.evaluate()
    }
    let first = try evaluate()
    let data = try Data(contentsOf: URL(fileURLWithPath: path))
    let second = try evaluate()
    #expect(first.certified.map(\.examples) == second.certified.map(\.examples))
    #expect(first.certifiedRadii.map(\.radii) == second.certifiedRadii.map(\.radii))
    // Nothing was made again, so that nothing was written.
    #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == data)
  }
}

@Suite(.inTurn) struct `The option --certify` {
  @Test(arguments: [
    (["--certify", "--model", "a"], ["--certify", "linear", "--model", "a"]),
    (["--model", "a", "--certify"], ["--model", "a", "--certify", "linear"]),
    (["--certify", "intervals", "--model", "a"], ["--certify", "intervals", "--model", "a"]),
    (["--certify=intervals"], ["--certify=intervals"]), (["--", "--certify"], ["--", "--certify"]),
  ]) func `may stand without a word`(_ words: [String], _ meant: [String]) {
    #expect(CommandWords.completed(words, ["--certify": "linear"]) == meant)
  }

  @Test(arguments: [
    ("linaer", "linear"), ("linear:hiden=intervals", "hidden"), ("linear:budget=-1", "budget"),
    ("linear:hidden=some", "hidden"), ("intervals:steps=3", "Options: arithmetic"),
  ]) func `says what is wrong with a certificate`(_ text: String, _ word: String) throws {
    let error = #expect(throws: UsageError.self) {
      try CertificateSpecification(text, among: .builtIn)
    }
    #expect(error?.description.contains(word) == true)
  }
}
