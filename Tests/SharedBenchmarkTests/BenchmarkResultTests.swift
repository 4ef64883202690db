import BuiltInPlugins
import Foundation
import RobustnessCore
import TestSupport
import Testing

@testable import SharedBenchmark

@Suite(.inTurn) struct `A result file` {
  @Test func `reads back as it was written, byte for byte`() throws {
    let result = BenchmarkResult.made()
    let data = try result.encoded()
    let again = try BenchmarkResult(checking: data)
    #expect(again == result)
    #expect(try again.encoded() == data)
  }

  @Test(arguments: [
    ("\"correct\" : \"1100\"", "\"correct\" : \"110\"", "a 0 or a 1 for each of the 4 examples"),
    ("\"correct\" : \"1100\"", "\"correct\" : \"11x0\"", "a 0 or a 1 for each of the 4 examples"),
    ("\"epsilon\" : 0.1", "\"epsilon\" : -0.1", "'runs[0].epsilon' is -0.1"),
    ("\"cleanCorrect\" : 4", "\"cleanCorrect\" : 5", "'cleanCorrect' is 5, of 4 examples"),
    ("\"format\" : \"benchmark-result\"", "\"format\" : \"x\"", "the format is 'x'"),
    ("\"formatVersion\" : 1", "\"formatVersion\" : 2", "newer than this program"),
    ("\"seed\" : 0", "\"sead\" : 0", "the key 'seed' is missing"),
    ("\"examples\" : 4", "\"examples\" : \"4\"", "'examples' is not a whole number in range"),
    ("aaaaaaaa", "AAAAAAAA", "is no SHA-256 digest"),
    ("{", "", "is not JSON"),
    ("\"epsilon\" : 0.1", "\"epsilon\" : \"x\"", "'runs[0].epsilon' is not a number"),
    ("\"predictive\"", "\"xx\"", "cannot be 'xx'"), ("\"seed\" : 0", "\"seed\" : -1", "out of range"),
    (
      "\"memberGradients\" : 1000", "\"memberGradients\" : 9223372036854775807",
      "'runs[0].memberGradients' is 9223372036854775807"
    ),
    ("\"correctAtBestQuery\" : 0", "\"correctAtBestQuery\" : 3", "'runs[0].correctAtBestQuery' is 3"),
    ("\"status\" : \"passed\"", "\"status\" : \"great\"", "'great' is no status of a check"),
  ])
  func `of another laboratory is checked`(_ before: String, _ after: String, _ says: String) throws {
    let text = String(decoding: try BenchmarkResult.made().encoded(), as: UTF8.self)
    let range = try #require(text.range(of: before))
    let changed = text.replacingCharacters(in: range, with: after)
    let error = #expect(throws: CoreError.self) { try BenchmarkResult(checking: Data(changed.utf8)) }
    #expect(error?.description.contains(says) == true, "\(error?.description ?? "")")
  }

  @Test func `has another name for everything that makes another result`() {
    let subject = BenchmarkResult.made().subject
    var others = [subject]
    for change in [\BenchmarkResult.Subject.suite, \.suiteSHA256, \.posteriorSHA256, \.dataSHA256] {
      var other = subject
      other[keyPath: change] += "0"
      others.append(other)
    }
    let names =
      others.map { $0.fileName(attack: "pgd", objective: .predictive) } + [
        subject.fileName(attack: "pgd", objective: .margin),
        subject.fileName(attack: "pgd:steps=3", objective: .predictive),
        subject.fileName(attack: "pgd-steps-3", objective: .predictive),
      ]
    #expect(Set(names).count == names.count)
    #expect(names.allSatisfy { !$0.contains("/") && !$0.hasPrefix(".") })
  }
}

@Suite(.inTurn) struct `A suite` {
  @Test func `the standard one is in order`() throws {
    let suite = try BenchmarkSuite.read(Fixtures.url("suites/standard.json").path)
    #expect(suite.title == "standard 3")
    _ = try BenchmarkRun(suite, attacks: .builtIn, certificates: .builtIn, companions: .builtIn)
    // A change of the protocol is a new version: then this digest changes with it.
    #expect(suite.sha256 == "edd17928f399fdd5341a82c742913bcfd00f81b41e9e28fe098fb335aa6181f6")
  }

  @Test func `radii fit the data`() throws {
    let suite = try BenchmarkSuite.read(Fixtures.url("suites/standard.json").path)
    #expect(suite.threats.map { $0.epsilon(box: 0...1, features: 784) } == [0.1, 0.02, 0.05 * 28, 0.01 * 28])
    #expect(suite.threats.map { $0.epsilon(box: -1...1, features: 1) } == [0.2, 0.04, 0.1, 0.02])
    #expect(suite.epsilons(.linf, box: 0...1, features: 784) == [0.02, 0.1])
  }

  @Test(arguments: [
    ("\"seed\": 0,", "", "the key 'seed' is missing"), ("\"seed\": 0", "\"sed\": 0, \"seed\": 0", "unknown key 'sed'"),
    ("\"version\": 3", "\"version\": 0", "must be positive"), ("\"linf\"", "\"l7\"", "threats[0].norm"),
    ("\"predictive\",\n  \"examples\"", "\"dice\",\n  \"examples\"", "no decision named 'dice'"),
    ("0.05", "0", "relativeRadius must be positive"), ("\"standard\"", "\"../x\"", "is no name for a suite"),
  ])
  func `that is out of order is refused`(_ before: String, _ after: String, _ says: String) throws {
    let text = try String(contentsOf: Fixtures.url("suites/standard.json"), encoding: .utf8)
    let range = try #require(text.range(of: before))
    try withFolder { folder in
      let file = folder.appending(path: "suite.json")
      try Data(text.replacingCharacters(in: range, with: after).utf8).write(to: file)
      let error = #expect(throws: (any Error).self) { try BenchmarkSuite.read(file.path) }
      #expect("\(error!)".contains(says), "\(error!)")
    }
  }

  @Test func `without certificates keeps the digest that it had before there were any`() throws {
    var suite = try BenchmarkSuite.read(Fixtures.url("suites/standard.json").path)
    (suite.version, suite.certificates) = (2, nil)
    suite.threats.remove(at: 3)
    suite.threats.remove(at: 1)
    #expect(suite.sha256 == "5e0ba92f51c98be086b23ed6d1bf13e7e0e2f66423b084f4acd5ddd439a11f06")
  }

  @Test(arguments: ["nothing", "linear:hiden=intervals", "linear:hidden=none"])
  func `certificates that cannot be are refused before any work`(_ certificate: String) throws {
    let suite = try BenchmarkSuite.read(Fixtures.url("suites/standard.json").path)
    #expect(throws: (any Error).self) {
      try BenchmarkRun(
        suite, attacks: .builtIn, certificates: .builtIn, companions: .builtIn, furtherCertificates: [certificate])
    }
    let run = try BenchmarkRun(
      suite, attacks: .builtIn, certificates: .builtIn, companions: .builtIn, furtherCertificates: ["Linear", "joint"])
    #expect(run.certificates.map(\.text) == ["linear", "joint"])
  }

  @Test(arguments: ["nothing", "pgd:stpes=3", "pgd:norm=l2"])
  func `attacks that cannot be are refused before any work`(_ attack: String) throws {
    let suite = try BenchmarkSuite.read(Fixtures.url("suites/standard.json").path)
    #expect(throws: (any Error).self) {
      try BenchmarkRun(
        suite, attacks: .builtIn, certificates: .builtIn, companions: .builtIn, further: [.init(attack: attack)])
    }
  }

  @Test func `a portfolio follows objectives of its own`() throws {
    let suite = try BenchmarkSuite.read(Fixtures.url("suites/standard.json").path)
    #expect(throws: (any Error).self) {
      try BenchmarkRun(
        suite, attacks: .builtIn, certificates: .builtIn, companions: .builtIn,
        further: [.init(attack: "quick", objective: .margin)])
    }
    _ = try BenchmarkRun(
      suite, attacks: .builtIn, certificates: .builtIn, companions: .builtIn, further: [.init(attack: "quick")])
  }

  @Test func `an attack that is asked for twice in other words is run once`() throws {
    let suite = try BenchmarkSuite.read(Fixtures.url("suites/standard.json").path)
    let run = try BenchmarkRun(
      suite, attacks: .builtIn, certificates: .builtIn, companions: .builtIn,
      further: [.init(attack: "PGD:steps=40,restarts=5"), .init(attack: "fgsm")])
    #expect(run.entries.count == suite.attacks.count)
  }
}
