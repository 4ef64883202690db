import ArgumentParser
import BuiltInPlugins
import Foundation
import PGD
import RobustnessCore
import TestSupport
import Testing

@testable import EvaluationHarness

@Suite(.inTurn) struct `A request for an evaluation` {
  /// Words that set each option, by the name of its property: a new option has no words here, and a test fails.
  static let words: [String: [String]] = [
    "attacks": ["--attack", "pgd:steps=40,norm=l2", "--attack", "fgsm"],
    "model": ["--model", "folder/other \"name\" ε.h5"],
    "epsilons": ["--epsilon", "0.1", "--epsilon", "0.30000000000000004", "--epsilon", "0.1"],
    "epsilonFactors": ["--epsilon-factors", "1,1/2,0.25"],
    "objectives": ["--objective", "margin", "--objective", "expected-loss"],
    "decision": ["--decision", "draw:3"],
    "metrics": ["--metric", "robust-accuracy"],
    "target": ["--target", "least-likely"],
    "data": ["--data", "out.h5#0"],
    "examples": ["--examples", "7"],
    "draws": ["--draws", "5"],
    "attackDraws": ["--attack-draws", "disjoint:2"],
    "gradient": ["--gradient", "smoothed:4"],
    "curve": ["--curve"],
    "certify": ["--certify", "linear:hidden=intervals", "--certify", "intervals"],
    "reject": ["--reject", "mutual-information:0.05"],
    "checks": ["--checks", "thorough"],
    "checkpoint": ["--checkpoint", "state.checkpoint"],
    "surrogate": ["--surrogate", "draws:2"],
    "resample": ["--resample", "9"],
    "arithmetic": ["--arithmetic", "naive-float32"],
    "seed": ["--seed", "18446744073709551615"],
    "threads": ["--threads", "3"],
    "precision": ["--precision", "float64"],
    "memoryLimit": ["--memory-limit", "400MB"],
    "format": ["--format", "csv"],
    "output": ["-o", "result.csv"],
    "saveAdversarial": ["--save-adversarial", "out.h5"],
    "perExample": ["--per-example", "examples.csv"],
    "plugins": ["--plugin", "./libtheirs.so"],
    "acceptChanged": ["--accept-changed"],
  ]

  /// Options that ask for a list in place of an evaluation.
  static let lists: Set = ["listAttacks", "listMetrics", "listCertificates"]

  static let options = Set(
    Mirror(reflecting: EvaluateArguments<PosteriorFromFile>()).children.compactMap(\.label).map {
      $0.hasPrefix("_") ? String($0.dropFirst()) : $0
    })

  func request(_ words: [String]) throws -> EvaluationRequest {
    let arguments = try EvaluateCommand<PosteriorFromFile>.parse(["--model", "posterior.h5"] + words).arguments
    return try arguments.request(among: .builtIn, .builtIn, .builtIn)
  }

  /// The properties in which two requests differ.
  func differences(_ a: EvaluationRequest, _ b: EvaluationRequest) -> Set<String> {
    let pairs = zip(Mirror(reflecting: a).children, Mirror(reflecting: b).children)
    return Set(pairs.filter { "\($0.value)" != "\($1.value)" }.compactMap(\.0.label))
  }

  /// Asserts that nothing is lost between writing and reading.
  func expectSurvives(_ request: EvaluationRequest) throws {
    #expect(try JSONDecoder().decode(EvaluationRequest.self, from: JSONEncoder().encode(request)) == request)
    let text = request.canonicalText
    #expect(!text.contains("\n"))
    let again = try EvaluationRequest(canonicalText: text)
    #expect(again == request)
    #expect(again.hashValue == request.hashValue)
    #expect(again.canonicalText == text)
  }

  @Test func `is tested with every option`() {
    #expect(Self.options == Set(Self.words.keys).union(Self.lists))
  }

  @Test func `has a property for every option, and no other`() throws {
    let properties = Mirror(reflecting: try request([])).children.compactMap(\.label)
    #expect(Set(properties) == Self.options.subtracting(Self.lists).subtracting(["model"]).union(["source"]))
  }

  @Test(arguments: words.keys.sorted())
  func `says what the option says, and nothing else changes`(_ option: String) throws {
    let plain = try request([])
    let changed = try request(try #require(Self.words[option]))
    #expect(differences(plain, changed) == [option == "model" ? "source" : option])
    #expect(changed != plain)
    #expect(changed.canonicalText != plain.canonicalText)
    try expectSurvives(changed)
  }

  /// Options that mean the same for an ensemble that the caller has at hand. All others are about posterior files.
  static let heededWithoutFile: Set = [
    "attacks", "epsilons", "epsilonFactors", "objectives", "decision", "metrics", "target", "examples", "draws",
    "attackDraws", "seed",
    "surrogate", "gradient", "curve", "certify", "reject", "checks", "format", "output",
    "saveAdversarial", "perExample", "plugins",
  ]

  @Test(arguments: words.keys.sorted())
  func `for an ensemble at hand heeds the option or refuses it`(_ option: String) throws {
    let words = try #require(Self.words[option])
    var request = try request(words)
    if option != "model" { request.source = .given }
    let refusal: String?
    do {
      try request.refuseFileOptions()
      refusal = nil
    } catch {
      refusal = "\(error)"
    }
    let expected = "\(words[0]) is about posterior files; this program evaluates an ensemble of its own"
    #expect(refusal == (Self.heededWithoutFile.contains(option) ? nil : expected))
  }

  @Test func `survives writing and reading with all options at once`() throws {
    let all = try request(Self.words.sorted { $0.key < $1.key }.flatMap(\.value))
    try expectSurvives(all)
    #expect(all.seed == .max)
    #expect(all.epsilons == [0.1, 0.30000000000000004])
    #expect(
      all.attacks == [AttackSpecification("pgd", options: ["steps": "40"], norm: .l2), AttackSpecification("fgsm")])
    #expect(all.memoryLimit == 400_000_000)
  }

  @Test func `is the default of the command line without options`() throws {
    #expect(try request([]) == EvaluationRequest(.file("posterior.h5")))
    #expect(EvaluationRequest(.file("posterior.h5")).canonicalText == #"{"source":{"file":"posterior.h5"}}"#)
    #expect(EvaluationRequest(.given).canonicalText == "{}")
    try expectSurvives(EvaluationRequest(.given))
  }

  @Test func `has one text, whatever words it was asked for in`() throws {
    let one = try request(["--attack", "PGD:restarts=2,steps=3", "--objective", "all", "--memory-limit", "1GB"])
    let other = try request(
      Objective.allCases.flatMap { ["--objective", $0.rawValue] } + ["--attack", "pgd:steps=3,restarts=2"]
        + ["--memory-limit", "1000 MB"])
    #expect(one == other)
    #expect(one.canonicalText == other.canonicalText)
  }

  @Test(arguments: [
    #"{"source":{"file":"a.h5"},"epsilom":[0.1]}"#, #"{"decision":"dice"}"#, #"{"attacks":["pgd"]}"#, "[]", "",
    #"{"source":{"flie":"a.h5"}}"#, #"{"attacks":[{"name":"pgd"},{"name":"fgsm","nrom":"l2"}]}"#,
    #"{"attacks":[{"options":{"steps":"3"}}]}"#,
  ]) func `of another text is refused`(_ text: String) {
    #expect(throws: DecodingError.self) { try EvaluationRequest(canonicalText: text) }
  }

  @Test func `reads attacks that leave out what has its default`() throws {
    let text = #"{"attacks":[{"name":"pgd"},{"name":"pgd","norm":"l2"},{"name":"pgd","options":{"steps":"3"}}]}"#
    let request = try EvaluationRequest(canonicalText: text)
    #expect(
      request.attacks == [
        AttackSpecification("pgd"), AttackSpecification("pgd", norm: .l2),
        AttackSpecification("pgd", options: ["steps": "3"]),
      ])
    #expect(try EvaluationRequest(canonicalText: request.canonicalText) == request)
  }

  @Test func `says which name is none, and where`() {
    let error = #expect(throws: DecodingError.self) {
      try EvaluationRequest(canonicalText: #"{"attacks":[{"name":"fgsm","nrom":"l2"}]}"#)
    }
    guard case .dataCorrupted(let context) = error else { return }
    #expect(context.debugDescription == "there is no property 'attacks.nrom'")
  }

  @Test(arguments: ["examples", "draws", "threads", "resample"])
  func `with a number that makes no sense is refused before any file is read`(_ name: String) throws {
    let request = try EvaluationRequest(canonicalText: #"{"source":{"file":"not/there.h5"},"\#(name)":0}"#)
    let error = #expect(throws: (any Error).self) {
      try EvaluationJob(request, attacks: .builtIn, companions: .builtIn)
    }
    #expect("\(error!)" == "--\(name) must be at least 1, not 0")
  }
}

@Suite(.inTurn) struct `An evaluation that a program asks for by itself` {
  @Test func `names an attack by its type, with the options that are not defaults`() throws {
    var options = ProjectedGradientDescent.Options()
    options.steps = 40
    let specification = try AttackSpecification(ProjectedGradientDescent.self, options, norm: .l2)
    #expect(specification == AttackSpecification("pgd", options: ["steps": "40"], norm: .l2))
    let request = try specification.resolve(among: .builtIn)
    #expect(request.text == "pgd:steps=40")
    #expect(request.norm == .l2)
  }

  @Test func `says of an ensemble at hand what the evaluator says`() throws {
    let subject = try ClosedForm.subject(20)
    var request = EvaluationRequest(.given)
    request.epsilons = [ClosedForm.epsilon]
    request.examples = 10
    request.seed = 3
    let result = try EvaluationJob(request, attacks: .builtIn, companions: .builtIn, subject: subject).evaluate()
    var first = subject
    first.examples = subject.examples.first(10)
    let expected = try first.evaluated([.init(ProjectedGradientDescent.self)]) { $0.seed = 3 }
    #expect(result.runs.map(\.adversarialInputs.elements) == expected.runs.map(\.adversarialInputs.elements))
    #expect(result.runs.map(\.checks) == expected.runs.map(\.checks))
    #expect(result.runs.map(\.isNoise) == [false, true])
  }

  @Test func `refuses options about files for an ensemble at hand`() throws {
    var request = EvaluationRequest(.given)
    request.data = "other.h5"
    let job = try EvaluationJob(request, attacks: .builtIn, companions: .builtIn, subject: try ClosedForm.subject(5))
    let error = #expect(throws: (any Error).self) { try job.evaluate() }
    #expect("\(error!)" == "--data is about posterior files; this program evaluates an ensemble of its own")
  }
}
