import ArgumentParser
import Foundation
import TestSupport
import Testing

@testable import SharedBenchmark

@Suite(.inTurn) struct `A request for a benchmark` {
  /// Words that set each option, by the name of its property: a new option has no words here, and a test fails.
  static let words: [String: [String]] = [
    "suite": ["--suite", "other.json"],
    "models": ["--models", "b.h5", "c \"quoted\".h5"],
    "attacks": ["--attack", "pgd:steps=40", "--attack", "fgsm"],
    "certificates": ["--certificate", "joint:steps=40", "--certificate", "linear"],
    "plugins": ["--plugin", "./libtheirs.so"],
    "results": ["--results", "there"],
    "laboratory": ["--laboratory", "Example"],
    "threads": ["--threads", "3"],
    "markdown": ["--markdown", "board.md"],
    "csv": ["--csv", "board.csv"],
    "html": ["--html", "board.html"],
  ]

  static func labels(_ value: Any) -> Set<String> {
    Set(Mirror(reflecting: value).children.compactMap(\.label).map { $0.hasPrefix("_") ? String($0.dropFirst()) : $0 })
  }

  static let options = labels(RunCommand()).subtracting(["tables"]).union(labels(LeaderboardOptions()))

  func request(_ option: String?) throws -> BenchmarkRequest {
    var words = ["suite": ["--suite", "standard.json"], "models": ["--models", "a.h5"]]
    if let option { words[option] = Self.words[option] }
    return try RunCommand.parse(words.sorted { $0.key > $1.key }.flatMap(\.value)).request
  }

  /// The properties in which two requests differ, those of their tables among them.
  func differences(_ a: BenchmarkRequest, _ b: BenchmarkRequest) -> Set<String> {
    Self.differences(a, b).subtracting(["tables"]).union(Self.differences(a.tables, b.tables))
  }

  static func differences(_ a: some Any, _ b: some Any) -> Set<String> {
    let pairs = zip(Mirror(reflecting: a).children, Mirror(reflecting: b).children)
    return Set(pairs.filter { "\($0.value)" != "\($1.value)" }.compactMap(\.0.label))
  }

  @Test func `is tested with every option, and has a property for each`() throws {
    #expect(Self.options == Set(Self.words.keys))
    let request = try request(nil)
    #expect(Self.labels(request).subtracting(["tables"]).union(Self.labels(request.tables)) == Self.options)
  }

  @Test(arguments: words.keys.sorted())
  func `says what the option says and nothing else, and survives writing and reading`(_ option: String) throws {
    let plain = try request(nil)
    let changed = try request(option)
    #expect(differences(plain, changed) == [option])
    #expect(changed != plain)
    #expect(changed.canonicalText != plain.canonicalText)
    #expect(try JSONDecoder().decode(BenchmarkRequest.self, from: JSONEncoder().encode(changed)) == changed)
    #expect(try BenchmarkRequest(canonicalText: changed.canonicalText) == changed)
  }

  /// Words that set each option of `verify`.
  static let verifyWords: [String: [String]] = [
    "results": ["elsewhere"], "models": ["--models", "b.h5"], "plugins": ["--plugin", "./libtheirs.so"],
    "repeats": ["--repeat", "all"], "seed": ["--seed", "7"], "suite": ["--suite", "other.json"],
    "threads": ["--threads", "3"], "markdown": ["--markdown", "board.md"], "csv": ["--csv", "board.csv"],
    "html": ["--html", "board.html"],
  ]

  @Test func `to verify is tested with every option, and has a property for each`() throws {
    let options = Self.labels(VerifyCommand()).subtracting(["tables"]).union(Self.labels(LeaderboardOptions()))
    #expect(options == Set(Self.verifyWords.keys))
    let request = VerifyRequest(results: [], models: [])
    #expect(Self.labels(request).subtracting(["tables"]).union(Self.labels(request.tables)) == options)
  }

  @Test(arguments: verifyWords.keys.sorted())
  func `to verify says what the option says and nothing else, and survives writing and reading`(
    _ option: String
  ) throws {
    func request(_ option: String?) throws -> VerifyRequest {
      var words = ["results": ["here"], "models": ["--models", "a.h5"]]
      if let option { words[option] = Self.verifyWords[option] }
      return try VerifyCommand.parse(words.sorted { $0.key > $1.key }.flatMap(\.value)).request
    }
    let plain = try request(nil)
    let changed = try request(option)
    let differences = Self.differences(plain, changed).subtracting(["tables"]).union(
      Self.differences(plain.tables, changed.tables))
    #expect(differences == [option])
    #expect(try JSONDecoder().decode(VerifyRequest.self, from: JSONEncoder().encode(changed)) == changed)
    #expect(try VerifyRequest(canonicalText: changed.canonicalText) == changed)
    #expect(plain == VerifyRequest(results: ["here"], models: ["a.h5"]))
  }

  @Test(arguments: [["csv"], ["markdown", "html"], ["html"], ["markdown"], []])
  func `for a leaderboard says what its options say, and survives writing and reading too`(
    _ options: [String]
  ) throws {
    let request = try TableCommand.parse(["here", "there"] + options.flatMap { Self.words[$0] ?? [] }).request
    #expect(request.results == ["here", "there"])
    #expect(Self.differences(LeaderboardFiles(), request.tables) == Set(options))
    for (option, path) in [
      ("csv", request.tables.csv), ("markdown", request.tables.markdown), ("html", request.tables.html),
    ] {
      #expect(path == (options.contains(option) ? Self.words[option]?.last : nil))
    }
    #expect(try JSONDecoder().decode(LeaderboardRequest.self, from: JSONEncoder().encode(request)) == request)
    #expect(try LeaderboardRequest(canonicalText: request.canonicalText) == request)
  }

  @Test(arguments: [
    #"{"tables":{"markdwon":"x"}}"#,
    #"{"models":["a.h5"],"attacks":[{"attack":"pgd","objective":"margin","norm":"l2"}]}"#,
  ]) func `with a name that there is not is refused, wherever it stands`(_ text: String) {
    #expect(throws: DecodingError.self) { try BenchmarkRequest(canonicalText: text) }
  }

  @Test func `for a leaderboard with a name that there is not is refused too`() {
    #expect(throws: DecodingError.self) {
      try LeaderboardRequest(canonicalText: #"{"results":["here"],"tables":{"markdwon":"x"}}"#)
    }
  }

  @Test func `is the default of the command line without options`() throws {
    let plain = BenchmarkRequest(suite: "standard.json", models: ["a.h5"])
    #expect(try request(nil) == plain)
    #expect(plain.canonicalText == #"{"models":["a.h5"],"suite":"standard.json"}"#)
  }
}
