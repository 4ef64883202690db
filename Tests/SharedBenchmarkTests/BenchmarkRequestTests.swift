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

  @Test func `is tested with every option, and has a property for each`() throws {
    #expect(Self.options == Set(Self.words.keys))
    let request = try request(nil)
    #expect(Self.labels(request).subtracting(["tables"]).union(Self.labels(request.tables)) == Self.options)
  }

  @Test(arguments: words.keys.sorted())
  func `is changed by every option, and survives writing and reading`(_ option: String) throws {
    let plain = try request(nil)
    let changed = try request(option)
    #expect(changed != plain)
    #expect(changed.canonicalText != plain.canonicalText)
    #expect(try JSONDecoder().decode(BenchmarkRequest.self, from: JSONEncoder().encode(changed)) == changed)
    #expect(try BenchmarkRequest(canonicalText: changed.canonicalText) == changed)
  }

  @Test(arguments: [["--csv", "board.csv"], ["--markdown", "board.md", "--html", "board.html"], []])
  func `for a leaderboard survives writing and reading too`(_ words: [String]) throws {
    let request = try TableCommand.parse(["here", "there"] + words).request
    #expect(request.results == ["here", "there"])
    #expect(try JSONDecoder().decode(LeaderboardRequest.self, from: JSONEncoder().encode(request)) == request)
    #expect(try LeaderboardRequest(canonicalText: request.canonicalText) == request)
  }

  @Test func `is the default of the command line without options`() throws {
    let plain = BenchmarkRequest(suite: "standard.json", models: ["a.h5"])
    #expect(try request(nil) == plain)
    #expect(plain.canonicalText == #"{"models":["a.h5"],"suite":"standard.json"}"#)
  }
}
