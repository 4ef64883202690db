import Foundation
import RobustnessCore
import TestSupport
import Testing

@testable import SharedBenchmark

/// Certificates in the shared benchmark, from the command line: what they prove stands beside what attacks leave, and
/// what was written into their files by hand is found out.
@Suite(.inTurn) struct `benchmark with certificates` {
  private func withResults(_ body: (_ folder: URL, _ model: String, _ words: [String]) throws -> Void) throws {
    try withFolder { folder in
      let model = try SmallPosterior().write(to: folder)
      let suite = try `The program benchmark`.suite(in: folder, steps: [5])
      var object = try #require(
        try JSONSerialization.jsonObject(with: Data(contentsOf: URL(filePath: suite))) as? [String: Any])
      object["certificates"] = ["linear"]
      object["attacks"] = [["attack": "fgsm", "objective": "predictive"]]
      object["examples"] = 24
      object["threats"] = [
        ["norm": "linf", "relativeRadius": 0.1], ["norm": "linf", "relativeRadius": 0.01],
        ["norm": "l2", "relativeRadius": 0.02],
      ]
      try JSONSerialization.data(withJSONObject: object).write(to: URL(filePath: suite))
      let words = ["run", "--suite", suite, "--models", model, "--results", "results", "--markdown", "run.md"]
      let run = try Program.benchmark.run(words, in: folder)
      #expect(run.code == 0, "\(run.errors)")
      try body(folder, model, words)
    }
  }

  private func verify(_ folder: URL, _ model: String, _ further: [String] = []) throws -> Program.Run {
    try Program.benchmark.run(["verify", "results", "--models", model] + further, in: folder)
  }

  private func file(_ folder: URL) throws -> URL {
    let results = folder.appendingPathComponent("results")
    let name = try #require(try names(in: results).first { $0.contains("-certificate-linear-") })
    return results.appendingPathComponent(name)
  }

  private func edit(_ folder: URL, _ change: (inout [String: Any]) throws -> Void) throws {
    let file = try file(folder)
    var object = try #require(try JSONSerialization.jsonObject(with: Data(contentsOf: file)) as? [String: Any])
    try change(&object)
    try JSONSerialization.data(withJSONObject: object).write(to: file)
  }

  private func editRuns(_ folder: URL, _ change: (inout [String: Any]) throws -> Void) throws {
    try edit(folder) { object in
      var runs = try #require(object["runs"] as? [[String: Any]])
      for index in runs.indices { try change(&runs[index]) }
      object["runs"] = runs
    }
  }

  @Test func `proves at most what attacks leave, the same on any number of threads, and again when verified`() throws {
    try withResults { folder, model, words in
      let certificate = try BenchmarkCertificate(checking: Data(contentsOf: file(folder)))
      #expect(certificate.runs.map(\.epsilons.count) == [2, 1])
      // Neither nothing nor everything: or the comparison below compares nothing.
      for run in certificate.runs { #expect(Set(run.isCertified(at: run.epsilons[0])).count == 2) }
      let reports = try ResultFolder.read([folder.appendingPathComponent("results").path])
      let board = try Leaderboard(reports.map { JudgedReport($0, .confirmed(.everything)) })
      let balls = board.sections[0].entries[0].balls
      #expect(balls.count == 3)
      for ball in balls {
        let (certified, attacked) = (try #require(ball.certified), try #require(ball.worstCase))
        #expect(certified.value <= attacked.value)
        #expect(ball.certificates.flatMap(\.fooled).isEmpty)
      }
      let bytes = try Data(contentsOf: file(folder))
      try FileManager.default.removeItem(at: file(folder))
      #expect(try Program.benchmark.run(words + ["--threads", "1"], in: folder).code == 0)
      #expect(try Data(contentsOf: file(folder)) == bytes)
      for further in [[], ["--repeat", "3"]] {
        let run = try verify(folder, model, further + ["--markdown", "verified.md"])
        #expect(run.code == 0, "\(run.errors)")
        #expect(run.output.contains("confirmed     certificate linear · "), "\(run.output)")
        #expect(run.output.contains("2 confirmed."))
      }
      let own = try String(contentsOf: folder.appendingPathComponent("run.md"), encoding: .utf8)
      #expect(own.contains("| certified, L∞ ε = 0.1 | worst case, L∞ ε = 0.1 |"))
      #expect(own.contains("| linear |"))
    }
  }

  @Test func `whoever writes larger radii is contradicted by the points of attacks, and does not count`() throws {
    try withResults { folder, model, words in
      try editRuns(folder) { run in
        let epsilons = try #require(run["epsilons"] as? [Double])
        run["radii"] = try #require(run["radii"] as? [Double]).map { $0 > 0 ? epsilons[epsilons.count - 1] : 0 }
      }
      let run = try verify(folder, model, ["--markdown", "verified.md"])
      #expect(run.code == 65)
      #expect(run.output.contains("contradicted  certificate linear"), "\(run.output)")
      #expect(run.output.contains("is certified by linear at L∞ ε = 0.1 and fooled by "), "\(run.output)")
      let text = try String(contentsOf: folder.appendingPathComponent("verified.md"), encoding: .utf8)
      #expect(text.contains("not true: example "))
      #expect(text.contains("| linear |  | L∞ | ≥ 0.1 | 0.1 | not true |"))
      // Its own folder makes it again.
      let again = try Program.benchmark.run(words, in: folder)
      #expect(again.code == 0 && again.errors.contains("linear on "), "\(again.errors)")
      #expect(try verify(folder, model).code == 0)
    }
  }

  @Test func `radii that no attack contradicts are contradicted by proving them again`() throws {
    try withResults { folder, model, _ in
      // No attack's points beside it.
      for name in try names(in: folder.appendingPathComponent("results")) where !name.contains("-certificate-") {
        try FileManager.default.removeItem(at: folder.appendingPathComponent("results/\(name)"))
      }
      #expect(try verify(folder, model).code == 0)
      try editRuns(folder) { run in
        let epsilons = try #require(run["epsilons"] as? [Double])
        run["radii"] = try #require(run["radii"] as? [Double]).map { min(epsilons[epsilons.count - 1], 1.1 * $0) }
      }
      let run = try verify(folder, model)
      #expect(run.code == 65)
      #expect(run.output.contains("examples are not certified again at their radii in L∞, example"), "\(run.output)")
    }
  }

  @Test(arguments: [
    ("epsilons", "its radii in L∞ are not those of small 1"), ("options", "its options are not those of linear"),
    ("draws", "it is about 7 draws where there are 6"),
    ("clean", "examples are decided as their label as given, not 1"),
    ("decision", "it decides by majority-vote, its suite by predictive"),
  ])
  func `every other number is compared too`(_ forgery: String, _ says: String) throws {
    try withResults { folder, model, _ in
      switch forgery {
      case "epsilons": try editRuns(folder) { $0["epsilons"] = [0.01, 0.2] }
      case "options": try editRuns(folder) { $0["options"] = ["hidden": "intervals"] }
      case "draws": try edit(folder) { $0["draws"] = 7 }
      case "clean": try edit(folder) { $0["cleanCorrect"] = 1 }
      default: try edit(folder) { $0["decision"] = "majority-vote" }
      }
      let run = try verify(folder, model)
      #expect(run.code == 65)
      #expect(run.output.contains("contradicted  certificate linear") && run.output.contains(says), "\(run.output)")
    }
  }

  @Test func `what cannot be made again is unconfirmed, with the reason`() throws {
    try withResults { folder, model, words in
      try edit(folder) { $0["request"] = "theirs:depth=3" }
      let run = try verify(folder, model)
      #expect(run.code == 0)
      #expect(
        run.output.contains("its certificate cannot be made again: no certificate named 'theirs'"), "\(run.output)")
      let unknown = try Program.benchmark.run(words + ["--certificate", "lineal"], in: folder)
      #expect(unknown.code == 64 && unknown.errors.contains("Did you mean 'linear'?"), "\(unknown.errors)")
    }
  }
}
