import Foundation
import HDF5
import TestSupport
import Testing

/// `--reject`: a defence that rejects uncertain inputs.
@Suite(.inTurn) struct RejectTests {
  private static let quick = [
    "--model", Sample.main, "--examples", "40", "--epsilon", "0.06", "--attack", "pgd", "--reject",
    "mutual-information:0.1", "--checks", "quick",
  ]

  private func run(_ arguments: [String]) throws -> String {
    let run = try Program.evaluate.run(arguments)
    try #require(run.code == 0, "\(run.errors)")
    return run.output
  }

  private func json(_ arguments: [String]) throws -> [String: Any] {
    let text = try run(arguments + ["--format", "json"])
    return try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
  }

  @Test func `prints threshold, coverage, accuracy and detection for both attacks, and the headline`() throws {
    let text = try run(Self.quick)
    let lines = text.split(separator: "\n").map(String.init)
    let start = try #require(lines.firstIndex { $0.hasPrefix("Rejected: mutual-information above 0.") })
    #expect(lines[start].hasSuffix(" nat, 4 of 40 clean inputs"))
    for name in ["clean", "pgd", "  adaptive", "random", "lowest found"] {
      #expect(lines[start...].contains { $0.hasPrefix(name + " ") }, "\(name)")
    }
    let sentence = try #require(lines.firstIndex { $0.hasPrefix("  With rejection, ") })
    #expect(lines[sentence - 1].hasPrefix("Verdict: "))
  }

  @Test func `says the same in JSON, CSV and for every example`() throws {
    try withFolder { folder in
      let path = folder.appending(path: "examples.csv")
      let text = try run(Self.quick + ["--per-example", path.path, "--format", "json"])
      let result = try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
      // The threshold is the score of an example: JSONSerialization may miss its last bit.
      let digits = try #require(text.firstMatch(of: /"threshold": ([0-9.e-]+)/)?.1)
      let threshold = try #require(Double(digits))
      let run = try #require((result["runs"] as? [[String: Any]])?.first?["rejection"] as? [String: Any])
      let blind = try #require(run["blind"] as? [String: Any])
      let adaptive = try #require(run["adaptive"] as? [String: Any])
      let union = try #require(run["robustAccuracy"] as? Double)
      #expect(union <= (try #require(blind["robustAccuracy"] as? Double)))
      #expect((run["memberGradients"] as? Int ?? 0) > 0)

      let lines = try String(contentsOf: path, encoding: .utf8).split(separator: "\n").map {
        $0.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
      }
      let rows = lines.dropFirst().map { Dictionary(uniqueKeysWithValues: zip(lines[0], $0)) }
      let own = rows.filter { $0["run"] == "0" }
      func fraction(_ holds: ([String: String]) -> Bool) -> Double { Double(own.count(where: holds)) / 40 }
      #expect(fraction { $0["robust_with_rejection"] == "true" } == union)
      for row in own {
        func number(_ name: String) throws -> Double { try #require(Double(row[name] ?? ""), "\(name)") }
        for side in ["clean", "adversarial", "adaptive"] {
          #expect((row["\(side)_rejected"] == "true") == (try number("\(side)_score") > threshold))
        }
        #expect(abs(try number("clean_score") - number("clean_mutual_information")) < 1e-9)
        let stands = row["clean_correct"] == "true" && row["clean_rejected"] == "false"
        let turned = ["adversarial", "adaptive"].contains { side in
          row["\(side)_decision"] != row["label"] && row["\(side)_rejected"] == "false"
        }
        #expect((row["robust_with_rejection"] == "true") == (stands && !turned))
      }
      #expect(fraction { $0["adaptive_rejected"] == "false" } == adaptive["coverage"] as? Double)
      #expect(rows.filter { $0["run"] == "1" }.allSatisfy { $0["adaptive_score"] == "" })

      let table = try self.run(Self.quick + ["--format", "csv"]).split(separator: "\n").map {
        $0.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
      }
      #expect(table.allSatisfy { $0.count == table[0].count })
      let first = Dictionary(uniqueKeysWithValues: zip(table[0], table[1]))
      #expect(first["rejection"] == "mutual-information:0.1")
      #expect(first["accuracy_with_rejection"] == "\(union)")
      #expect(first["adaptive_auroc"].flatMap(Double.init) == adaptive["auroc"] as? Double)

      let hdf5 = folder.appending(path: "examples.h5")
      _ = try self.run(Self.quick + ["--per-example", hdf5.path])
      let file = try HDF5File.open(hdf5.path)
      let robust = try file.dataset("/runs/0/robust_with_rejection").readAll(as: Int64.self)
      #expect(robust.map { $0 == 1 } == own.map { $0["robust_with_rejection"] == "true" })
      #expect(try file.dataset("/runs/1/adaptive_rejected").readAll(as: Int64.self).allSatisfy { $0 == -1 })
    }
  }

  @Test func `threads change no digit`() throws {
    let quick = Self.quick + ["--format", "json"]
    #expect(timeless(try run(quick + ["--threads", "1"])) == timeless(try run(quick + ["--threads", "2"])))
  }

  @Test func `changes nothing else`() throws {
    let place = try #require(Self.quick.firstIndex(of: "--reject"))
    let plain = Array(Self.quick[..<place] + Self.quick[(place + 2)...])
    let with = try run(Self.quick).split(separator: "\n").prefix { !$0.hasPrefix("Rejected: ") }
    func withoutTimes(_ lines: some Sequence<Substring>) -> [String] {
      lines.map { String($0).replacing(#/ +[0-9.]+ s$/#, with: "").replacing(#/ +/#, with: " ") }
    }
    let without = try run(plain).split(separator: "\n").prefix { !$0.hasPrefix("Verdict: ") }
    #expect(withoutTimes(with) == withoutTimes(without))
  }
}
