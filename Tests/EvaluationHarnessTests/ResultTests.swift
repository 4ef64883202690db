import BuiltInPlugins
import Foundation
import Reporting
import RobustnessCore
import TestSupport
import Testing

@testable import EvaluationHarness

@Suite(.inTurn) struct `A result` {
  /// A metric without a value.
  struct Undefined: RobustnessMetric {
    static let name = "undefined"
    func evaluate(_ outcomes: Outcomes) throws -> Estimate { Estimate(value: .nan, unit: "nat", count: 0) }
  }

  static func result(name: String = "closed form") throws -> EvaluationResult {
    var subject = try ClosedForm.subject(40)
    subject.name = name
    subject.posteriorSHA256 = String(repeating: "ab", count: 32)
    return try subject.evaluated([request("pgd:steps=5"), request("fgsm")], epsilons: [0.03]) {
      $0.metrics = [Undefined.self] + [any RobustnessMetric.Type].builtIn.filter { $0.name == "robust-accuracy" }
      $0.seed = .max
    }
  }

  static func object(_ result: EvaluationResult) throws -> [String: Any] {
    try #require(try JSONSerialization.jsonObject(with: Data(result.json.pretty.utf8)) as? [String: Any])
  }

  @Test func `has the documented keys and types`() throws {
    let result = try Self.result()
    let json = try Self.object(result)
    #expect(json["model"] as? String == "closed form")
    #expect(json["examples"] as? Int == 40)
    #expect(json["draws"] as? Int == 3)
    #expect(json["cleanAccuracy"] as? Double == 1)
    #expect(json["posteriorSHA256"] as? String == String(repeating: "ab", count: 32))
    let verdict = try #require(json["verdict"] as? [String: Any])
    #expect(verdict["believable"] as? Bool == true)
    #expect(verdict["failed"] as? [String] == [])
    let runs = try #require(json["runs"] as? [[String: Any]])
    #expect(runs.map { $0["attack"] as? String } == ["pgd", "fgsm", "random"])
    for run in runs {
      #expect(run["objective"] as? String == "predictive")
      #expect(run["norm"] as? String == "linf")
      #expect(run["epsilon"] as? Double == 0.03)
      let accuracy = try #require(run["robustAccuracy"] as? Double)
      let interval = try #require(run["robustAccuracyInterval"] as? [Double])
      #expect(interval.count == 2 && interval[0] <= accuracy && accuracy <= interval[1])
      #expect(run["robustAccuracyBestQuery"] is Double)
      #expect(run["softmaxRobustness"] is Double)
      #expect(run["metrics"] is [String: Any])
      #expect(run["memberGradients"] is Int)
      #expect(run["seconds"] is Double)
      #expect(run["options"] is [String: String])
      let checks = try #require(run["checks"] as? [[String: Any]])
      for check in checks {
        #expect(check["name"] is String)
        #expect(check["passed"] is Bool || check["passed"] is NSNull)
        #expect(check["value"] is Double || check["value"] is Int || check["value"] is NSNull)
      }
    }
    #expect((runs[0]["options"] as? [String: String])?["steps"] == "5")
  }

  @Test func `names every check once a run, in the documented order`() throws {
    for run in try Self.result().runs {
      let names = run.checks.map(\.name)
      #expect(Set(names).count == names.count)
      #expect(names == CheckName.all.filter(names.contains))
    }
  }

  @Test func `numbers that are not finite are null`() throws {
    let runs = try #require(try Self.object(Self.result())["runs"] as? [[String: Any]])
    let metrics = try #require(runs[0]["metrics"] as? [String: [String: Any]])
    #expect(metrics["undefined"]?["value"] is NSNull)
  }

  @Test func `keys are unique in every object`() throws {
    // Every key of the pretty text with its indentation, up to the end of its object.
    var open: [Set<String>] = []
    for line in try Self.result().json.pretty.split(separator: "\n") {
      let text = line.drop { $0 == " " }
      let depth = (line.count - text.count) / 2
      while open.count > depth { open.removeLast() }
      while open.count <= depth { open.append([]) }
      guard text.hasPrefix("\""), let colon = text.range(of: "\":") else { continue }
      #expect(open[depth].insert(String(text[..<colon.lowerBound])).inserted, "\(text)")
    }
  }

  @Test func `the seed is written in full, and text is escaped`() throws {
    let result = try Self.result(name: "a \"quoted\", \\ name\n")
    #expect(result.json.compact.contains("\"seed\":18446744073709551615"))
    #expect(try Self.object(result)["model"] as? String == "a \"quoted\", \\ name\n")
    #expect(result.csv.contains("\"a \"\"quoted\"\", \\ name\n\",abab"))
  }

  @Test func `has a row of CSV for every run, each as long as the header`() throws {
    let lines = try Self.result().csv.split(separator: "\n")
    #expect(lines.count == 4)
    #expect(Set(lines.map { $0.split(separator: ",", omittingEmptySubsequences: false).count }).count == 1)
    #expect(lines[0].hasSuffix("failed_checks,robust-accuracy,undefined"))
  }

  @Test func `reads as in the snapshot`() throws {
    var result = try ClosedForm.subject(40).evaluated(
      [request("fgsm"), request("pgd")], objectives: [.predictive, .margin], epsilons: [0.03])
    for index in result.runs.indices { result.runs[index].seconds = 1.25 }
    try expect(result.table, matches: "believable.txt")
  }

  @Test func `counts one of anything in the singular`() throws {
    let ensemble = ListedEnsemble([ClosedFormNetwork(phase: 0)])
    let subject = ClosedForm.subject(ensemble, examples: try ClosedForm.examples(1, of: ensemble))
    var result = try subject.evaluated([request("fgsm")], epsilons: [0.03])
    #expect(result.table.contains("\n1 example · 1 draw · "), "\(result.table)")
    result.lowestFound[0].gradientsPerExample = 1
    for index in result.runs.indices { result.runs[index].checks = [] }
    #expect(result.table.contains("after 1 gradient for each example"), "\(result.table)")
  }

  @Test func `that is not believable says so first, and why`() throws {
    var result = try ClosedForm.subject(40).evaluated([AttackRequest(LeavesTheBall.self)], epsilons: [0.03])
    for index in result.runs.indices { result.runs[index].seconds = 1.25 }
    try expect(result.table, matches: "not-believable.txt")
  }

  /// Compares with a committed text; where it differs, the text of this run is in the failure.
  func expect(_ text: String, matches name: String, sourceLocation: SourceLocation = #_sourceLocation) throws {
    let url = Fixtures.packageRoot.appending(path: "Tests/EvaluationHarnessTests/Snapshots/\(name)")
    let expected = (try? String(contentsOf: url, encoding: .utf8)) ?? ""
    #expect(text == expected, "\(text)", sourceLocation: sourceLocation)
  }
}
