import Foundation
import HDF5
import TestSupport
import Testing

/// `--per-example`: what every run did to every example.
@Suite(.inTurn) struct PerExampleTests {
  private static let quick = [
    "--model", Sample.main, "--examples", "40", "--epsilon", "0.04", "--attack", "pgd:steps=4", "--attack",
    "pgd:steps=3,norm=l2", "--format", "json",
  ]

  private struct Report: Decodable {
    struct Run: Decodable { var examples: [Example] }
    struct Example: Decodable {
      var adversarialEntropy: Double
      var firstSuccess: Int?
    }
    var runs: [Run]
  }

  private func rows(_ path: URL) throws -> [[String: String]] {
    let lines = try String(contentsOf: path, encoding: .utf8).split(separator: "\n").map {
      $0.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
    }
    return lines.dropFirst().map { Dictionary(uniqueKeysWithValues: zip(lines[0], $0)) }
  }

  @Test func `sums to what the result says`() throws {
    try withFolder { folder in
      let path = folder.appending(path: "examples.csv")
      let run = try Program.evaluate.run(Self.quick + ["--per-example", path.path])
      #expect(run.code == 0, "\(run.errors)")
      let json = try #require(try JSONSerialization.jsonObject(with: Data(run.output.utf8)) as? [String: Any])
      let results = try #require(json["runs"] as? [[String: Any]])
      let rows = try rows(path)
      #expect(rows.count == 40 * results.count)
      let clean = rows.prefix(40).count { $0["clean_correct"] == "true" }
      #expect(Double(clean) / 40 == json["cleanAccuracy"] as? Double)
      for (number, result) in results.enumerated() {
        let own = rows.filter { $0["run"] == "\(number)" }
        #expect(own.map { $0["index"] } == (0..<40).map { "\($0)" })
        #expect(Double(own.count { $0["adversarial_correct"] == "true" }) / 40 == result["robustAccuracy"] as? Double)
        for row in own {
          #expect((row["label"] == row["adversarial_decision"]) == (row["adversarial_correct"] == "true"))
          func number(_ name: String) throws -> Double { try #require(Double(row[name] ?? ""), "\(name)") }
          for side in ["clean", "adversarial"] {
            let (label, decision) = (
              try number("\(side)_label_probability"), try number("\(side)_decision_probability")
            )
            #expect(label <= decision * (1 + 1e-12) && decision <= 1 + 1e-12)
            let (entropy, information) = (try number("\(side)_entropy"), try number("\(side)_mutual_information"))
            #expect(information >= 0 && information <= entropy + 1e-9 && entropy <= log(10) + 1e-9)
          }
          #expect(try number("perturbation") <= 0.04 * 1.000_01)
        }
      }
    }
  }

  @Test func `means of uncertainties are the metrics`() throws {
    try withFolder { folder in
      let path = folder.appending(path: "examples.csv")
      let names = ["predictive-entropy", "mutual-information", "predictive-entropy-clean", "mutual-information-clean"]
      let run = try Program.evaluate.run(
        Self.quick + ["--per-example", path.path] + names.flatMap { ["--metric", $0] })
      let json = try #require(try JSONSerialization.jsonObject(with: Data(run.output.utf8)) as? [String: Any])
      let metrics = try #require((json["runs"] as? [[String: Any]])?.first?["metrics"] as? [String: [String: Any]])
      let own = try rows(path).filter { $0["run"] == "0" }
      for (column, metric) in zip(
        ["adversarial_entropy", "adversarial_mutual_information", "clean_entropy", "clean_mutual_information"], names)
      {
        let mean = own.compactMap { Double($0[column] ?? "") }.reduce(0, +) / 40
        let expected = try #require(metrics[metric]?["value"] as? Double)
        #expect(abs(mean - expected) <= 1e-9 * max(1, expected), "\(column)")
      }
    }
  }

  @Test func `CSV, JSON and HDF5 say the same`() throws {
    try withFolder { folder in
      for name in ["e.csv", "e.json", "e.h5"] {
        let run = try Program.evaluate.run(Self.quick + ["--per-example", name], in: folder)
        #expect(run.code == 0, "\(run.errors)")
      }
      let rows = try rows(folder.appending(path: "e.csv"))
      let data = try Data(contentsOf: folder.appending(path: "e.json"))
      // Not JSONSerialization, which rounds the last digit of a number in its own way.
      let runs = try JSONDecoder().decode(Report.self, from: data).runs
      let file = try HDF5File.open(folder.appending(path: "e.h5").path)
      for (number, run) in runs.enumerated() {
        let own = rows.filter { $0["run"] == "\(number)" }
        let entropies = try file.dataset("/runs/\(number)/adversarial_entropy").readAll(as: Double.self)
        let firsts = try file.dataset("/runs/\(number)/first_success").readAll(as: Int64.self)
        for (row, example) in run.examples.enumerated() {
          #expect(example.adversarialEntropy == Double(own[row]["adversarial_entropy"] ?? ""))
          #expect(example.adversarialEntropy == entropies[row])
          #expect(example.firstSuccess == Int(own[row]["first_success"] ?? ""))
          #expect(example.firstSuccess ?? -1 == Int(firsts[row]))
        }
      }
    }
  }

  @Test func `another ending is refused before any file is read`() throws {
    for name in ["examples.txt", "examples", "examples.csv.gz"] {
      let run = try Program.evaluate.run(["--model", "nothing.h5", "--per-example", name])
      #expect(run.code == 64)
      #expect(
        run.errors == "error: --per-example takes a file whose name ends in .csv, .json or .h5, not '\(name)'\n")
    }
  }

  @Test func `saved adversarial inputs come with those as given, and a number for the radius`() throws {
    try withFolder { folder in
      let path = folder.appending(path: "points.h5").path
      _ = try report([
        "--model", Sample.main, "--examples", "5", "--epsilon", "8/255", "--attack", "fgsm", "--save-adversarial", path,
      ])
      let file = try HDF5File.open(path)
      let clean = try file.dataset("/inputs").readAll(as: Double.self)
      let points = try file.dataset("/runs/0/inputs").readAll(as: Double.self)
      #expect(clean.count == points.count && clean != points)
      #expect(zip(clean, points).allSatisfy { abs($0 - $1) <= 8.0 / 255 * 1.000_01 })
      guard case .numbers(.float64, let bytes)? = try file.attribute("epsilon", of: "/runs/0")?.value else {
        Issue.record("epsilon is no number")
        return
      }
      #expect(bytes.withUnsafeBytes { $0.loadUnaligned(as: Double.self) } == 8.0 / 255)
    }
  }
}
