import Foundation
import HDF5
import RobustnessCore
import TestSupport
import Testing

@testable import SharedBenchmark

/// What somebody reports is judged again: forgeries of every kind are planted in honest results.
@Suite(.inTurn) struct `benchmark verify` {

  /// Results of three attacks on a small posterior, in a folder of their own for each forgery.
  private func withResults(
    _ posterior: SmallPosterior? = nil, plugin: CompiledPlugin? = nil,
    _ body: (_ folder: URL, _ model: String, _ words: [String]) throws -> Void
  ) throws {
    try withFolder { folder in
      let model = try (posterior ?? SmallPosterior()).write(to: folder)
      let suite = try `The program benchmark`.suite(in: folder, steps: [5])
      var words = ["run", "--suite", suite, "--models", model, "--results", "results", "--markdown", "run.md"]
      if let plugin { words += ["--plugin", plugin.path, "--attack", "iterated-sign:steps=3"] }
      let run = try Program.benchmark.run(words, in: folder)
      #expect(run.code == 0, "\(run.errors)")
      try body(folder, model, words)
    }
  }

  private func verify(_ folder: URL, _ model: String, _ further: [String] = []) throws -> Program.Run {
    try Program.benchmark.run(["verify", "results", "--models", model] + further, in: folder)
  }

  /// The result of the attack named, as JSON that can be edited.
  private func edit(_ folder: URL, _ attack: String, _ change: (inout [String: Any]) throws -> Void) throws {
    let results = folder.appendingPathComponent("results")
    let name = try #require(try names(in: results).first { $0.hasSuffix(".json") && $0.contains("-\(attack)") })
    let file = results.appendingPathComponent(name)
    var object = try #require(try JSONSerialization.jsonObject(with: Data(contentsOf: file)) as? [String: Any])
    try change(&object)
    try JSONSerialization.data(withJSONObject: object).write(to: file)
  }

  private func editRuns(_ folder: URL, _ attack: String, _ change: (inout [String: Any]) throws -> Void) throws {
    try edit(folder, attack) { object in
      var runs = try #require(object["runs"] as? [[String: Any]])
      for index in runs.indices { try change(&runs[index]) }
      object["runs"] = runs
    }
  }

  private func pointsFile(_ folder: URL, _ attack: String) throws -> URL {
    let results = folder.appendingPathComponent("results")
    let name = try #require(try names(in: results).first { $0.hasSuffix(".points.h5") && $0.contains("-\(attack)-") })
    return results.appendingPathComponent(name)
  }

  @Test func `honest results are confirmed, on any number of threads and examples`() throws {
    try withResults { folder, model, _ in
      for further in [[], ["--threads", "1"], ["--repeat", "3"], ["--repeat", "all"]] {
        let run = try verify(folder, model, further)
        #expect(run.code == 0, "\(run.errors)")
        #expect(run.output.contains("\n3 confirmed."), "\(run.output)")
        // Fifty are more than the forty that there are.
        #expect(run.output.contains("as claimed; --repeat all") == (further == ["--repeat", "3"]))
        #expect(run.output.hasPrefix("confirmed     "))
      }
      // The leaderboard of what is confirmed is that of the run itself; a table of claims says so.
      #expect(try verify(folder, model, ["--markdown", "verified.md"]).code == 0)
      let own = try String(contentsOf: folder.appendingPathComponent("run.md"), encoding: .utf8)
      #expect(try String(contentsOf: folder.appendingPathComponent("verified.md"), encoding: .utf8) == own)
      #expect(!own.contains("unconfirmed"))
      let table = try Program.benchmark.run(["table", "results"], in: folder)
      #expect(table.output.contains("Nothing here is confirmed"))
    }
  }

  @Test func `whoever writes that everything withstood is contradicted, and does not count`() throws {
    try withResults { folder, model, _ in
      try editRuns(folder, "pgd-steps-5") { run in
        run["correct"] = String(repeating: "1", count: try #require(run["correct"] as? String).count)
      }
      let run = try verify(folder, model, ["--csv", "table.csv"])
      #expect(run.code == 65)
      #expect(run.errors.contains("1 of 3 results is not true"))
      #expect(run.output.contains("contradicted  pgd:steps=5"))
      #expect(run.output.contains("points are not decided as it says; that of example"))
      let table = try String(contentsOf: folder.appendingPathComponent("table.csv"), encoding: .utf8)
      let rows = table.split(separator: "\n").filter { $0.contains(",pgd:steps=5,") }
      #expect(
        rows.count == 2 && rows.allSatisfy { $0.hasSuffix(",contradicted,claimed,upper") && $0.contains(",false,") })
    }
  }

  @Test func `an attack that is said to have moved nothing is found out by doing it again`() throws {
    try withResults { folder, model, _ in
      // Points that are the inputs as given, with the decisions and the digest that belong to them: only the attack
      // itself can tell.
      let file = try pointsFile(folder, "pgd-steps-5")
      let old = try HDF5File.open(file.path)
      let inputs = try old.dataset("/inputs").readAll(as: Double.self)
      let shape = try #require(try old.dataset("/inputs").shape)
      let labels = try old.dataset("/labels").readAll(as: Int64.self)
      let forged = folder.appendingPathComponent("forged.h5")
      try {
        let new = try HDF5File.create(forged.path)
        try new.setAttribute("format", of: "/", to: "adversarial-inputs")
        try new.createDataset("/labels", element: .int64, shape: [labels.count], chunk: [labels.count]).writeAll(labels)
        for group in ["", "/runs", "/runs/0", "/runs/1"] {
          if !group.isEmpty { try new.createGroup(group) }
          guard group != "/runs" else { continue }
          try new.createDataset(group + "/inputs", element: .float64, shape: shape, chunk: shape).writeAll(inputs)
        }
        try new.flush()
      }()
      try FileManager.default.removeItem(at: file)
      try FileManager.default.moveItem(at: forged, to: file)
      let digest = PointsFile.sha256(Tensor(shape: shape, elements: inputs))
      try editRuns(folder, "pgd-steps-5") { run in
        run["correct"] = String(repeating: "1", count: labels.count)
        run["pointsSHA256"] = digest
      }
      let run = try verify(folder, model)
      #expect(run.code == 65)
      #expect(
        run.output.contains("repeated on all 40 examples, the attack fools"), "\(run.output)")
    }
  }

  @Test(arguments: [
    ("epsilon", "is none of the balls of small 1"), ("options", "its options are not those of fgsm"),
    ("clean", "examples are decided as their label as given, not 1"),
    ("draws", "is about 5 draws where there are 6"), ("decision", "decides by majority-vote, its suite by predictive"),
    ("check", "it says of the check identical-draws passed, but it is failed"),
    ("cost", "it says that the attack asks for"), ("outside", "it says that points lie outside the ball or the box"),
    ("protocol", "it says that the attack asks for more than small 1 allows, which it does not"),
    ("not made", "it says of the check reference-answers passed, but it is not run"),
    ("not listed", "it says of the check convergence passed, but it is not run"),
    ("answered", "it says of the check protocol-budget warning, which passes or fails"),
    ("ball", "it says of the check budget not run, which passes or fails"),
    ("noise", "it says of the check noise-alone warning, which is not made of this attack"),
  ])
  func `every other number is compared too`(_ forgery: String, _ says: String) throws {
    // Of identical draws, so that a check of the ensemble fails.
    var posterior = try SmallPosterior()
    if forgery == "check" { posterior.spread = 0 }
    try withResults(posterior) { folder, model, _ in
      switch forgery {
      case "epsilon": try editRuns(folder, "fgsm") { $0["epsilon"] = 0.05 + ($0["epsilon"] as? Double ?? 0) }
      case "options": try editRuns(folder, "fgsm") { $0["options"] = ["steps": "1000"] }
      case "cost": try editRuns(folder, "fgsm") { $0["memberGradients"] = 1 }
      case "outside":
        try editRuns(folder, "fgsm") { run in
          run["checks"] = try #require(run["checks"] as? [[String: Any]]).map { check in
            check.merging(check["name"] as? String == "budget" ? ["status": "failed"] : [:]) { $1 }
          }
        }
      case "protocol":
        try editRuns(folder, "fgsm") { run in
          run["checks"] = try #require(run["checks"] as? [[String: Any]]).map { check in
            check.merging(check["name"] as? String == "protocol-budget" ? ["status": "failed"] : [:]) { $1 }
          }
        }
      case "not made", "answered", "ball":
        let (name, status) =
          forgery == "not made"
          ? ("reference-answers", "passed") : forgery == "ball" ? ("budget", "not run") : ("protocol-budget", "warning")
        try editRuns(folder, "fgsm") { run in
          run["checks"] = try #require(run["checks"] as? [[String: Any]]).map { check in
            check.merging(check["name"] as? String == name ? ["status": status] : [:]) { $1 }
          }
        }
      case "not listed", "noise":
        let check =
          forgery == "noise"
          ? ["name": "noise-alone", "status": "warning", "finding": ""]
          : ["name": "convergence", "status": "passed", "finding": ""]
        try editRuns(folder, "fgsm") { run in
          run["checks"] = try #require(run["checks"] as? [[String: Any]]) + [check]
        }
      case "clean": try edit(folder, "fgsm") { $0["cleanCorrect"] = 1 }
      case "draws": try edit(folder, "fgsm") { $0["draws"] = 5 }
      case "decision": try edit(folder, "fgsm") { $0["decision"] = "majority-vote" }
      default:
        try editRuns(folder, "fgsm") { run in
          let checks = try #require(run["checks"] as? [[String: Any]])
          #expect(checks.contains { $0["name"] as? String == "identical-draws" && $0["status"] as? String == "failed" })
          run["checks"] = checks.map { check in
            check.merging(check["name"] as? String == "identical-draws" ? ["status": "passed"] : [:]) { $1 }
          }
        }
      }
      let run = try verify(folder, model)
      #expect(run.code == 65, "\(run.output)")
      #expect(run.output.contains("contradicted  fgsm") && run.output.contains(says), "\(run.output)")
      #expect(run.output.contains("2 confirmed, 1 contradicted."))
    }
  }

  @Test func `what is missing leaves a result unconfirmed, with the reason`() throws {
    let plugin = try CompiledPlugin(file: CompiledPlugin.example)
    try withResults(plugin: plugin) { folder, model, _ in
      try FileManager.default.removeItem(at: try pointsFile(folder, "fgsm"))
      // As a version before points were kept wrote it.
      try edit(folder, "random-draws-3") { object in
        object["rules"] = nil
        object["runs"] = try #require(object["runs"] as? [[String: Any]]).map { $0.filter { $0.key != "pointsSHA256" } }
      }
      // Makes fewer checks.
      try editRuns(folder, "pgd-steps-5") { run in
        run["checks"] = try #require(run["checks"] as? [[String: Any]]).filter {
          $0["name"] as? String != "doubled-steps"
        }
      }
      let run = try verify(folder, model)
      #expect(run.code == 0, "\(run.errors)")
      for says in [
        "its points are missing: results/", "it was written by an older version, which kept no points",
        "it lacks the check doubled-steps, which this version makes",
        "its attack cannot be repeated: no attack named 'iterated-sign'", "4 unconfirmed.",
      ] {
        #expect(run.output.contains(says), "\(run.output)")
      }
      let known = try verify(folder, model, ["--plugin", plugin.path])
      #expect(known.output.contains("1 confirmed, 3 unconfirmed."), "\(known.output)")

      let other = try SmallPosterior(draws: 5).write(to: folder)
      let elsewhere = try verify(folder, other)
      #expect(elsewhere.output.contains("none of the models has its posterior and its data"))
    }
  }

  @Test func `a suite that is not the one that the digest names is refused`() throws {
    try withResults { folder, model, _ in
      let results = folder.appendingPathComponent("results")
      let name = try #require(try names(in: results).first { $0.hasSuffix(".json") && $0.contains("-fgsm-") })
      try edit(folder, "fgsm") { object in
        var rules = try #require(object["rules"] as? [String: Any])
        rules["gradientsPerExample"] = 21
        object["rules"] = rules
      }
      let named = try Program.benchmark.run(["verify", "results/\(name)", "--models", model], in: folder)
      #expect(named.code == 65)
      #expect(named.errors.contains("'rules' are not the suite that 'subject' names"))
      // In a folder it must not keep the others out.
      let run = try verify(folder, model)
      #expect(run.code == 65)
      #expect(run.errors.contains("'rules' are not the suite that 'subject' names; it is left out"))
      #expect(run.errors.contains("1 file of results cannot be read as one: see the note above"))
      #expect(run.output.contains("2 confirmed."))
    }
  }

  @Test func `a stranger's JSON in the folder is only a note; a result cut off is not`() throws {
    try withResults { folder, model, _ in
      let results = folder.appendingPathComponent("results")
      try Data("{\"name\": \"of another program\"}".utf8).write(to: results.appendingPathComponent("other.json"))
      let run = try verify(folder, model, ["--repeat", "3"])
      #expect(run.code == 0 && run.errors.contains("other.json is no result of a benchmark"), "\(run.errors)")
      let name = try #require(try names(in: results).first { $0.hasSuffix(".json") && $0.contains("-fgsm-") })
      let whole = try Data(contentsOf: results.appendingPathComponent(name))
      try whole.prefix(whole.count / 2).write(to: results.appendingPathComponent(name))
      let cut = try verify(folder, model, ["--repeat", "3"])
      #expect(cut.code == 65 && cut.output.contains("2 confirmed."), "\(cut.output)")
    }
  }

  @Test func `that noise alone was run follows from the request, and is compared on a few examples too`() throws {
    try withResults { folder, model, _ in
      try editRuns(folder, "random-draws-3") { run in
        run["checks"] = try #require(run["checks"] as? [[String: Any]]).map { check in
          check.merging(check["name"] as? String == "noise-alone" ? ["status": "passed"] : [:]) { $1 }
        }
      }
      let run = try verify(folder, model, ["--repeat", "3"])
      #expect(run.code == 65)
      #expect(run.output.contains("it says of the check noise-alone passed, but it is warning"), "\(run.output)")
    }
  }

  /// However early a copy ended: the points beside it say that it was a result.
  @Test(arguments: [(0, "is empty"), (1, "is cut off"), (12, "is cut off"), (400, "is cut off")])
  func `a result of which little or nothing is left is damage`(_ length: Int, _ says: String) throws {
    try withResults { folder, model, _ in
      let results = folder.appendingPathComponent("results")
      let name = try #require(try names(in: results).first { $0.hasSuffix(".json") && $0.contains("-fgsm-") })
      let whole = try Data(contentsOf: results.appendingPathComponent(name))
      try whole.prefix(length).write(to: results.appendingPathComponent(name))
      let cut = try verify(folder, model, ["--repeat", "3"])
      #expect(cut.code == 65 && cut.output.contains("2 confirmed."), "\(cut.output)")
      #expect(cut.errors.contains("\(name) \(says); it is left out"), "\(cut.errors)")
      let named = try Program.benchmark.run(["verify", "results/\(name)", "--models", model], in: folder)
      #expect(named.code == 65 && named.errors.contains("error: results/\(name) \(says)\n"), "\(named.errors)")
      // Without points an empty file is one all the same.
      if length == 0 {
        try FileManager.default.removeItem(at: try pointsFile(folder, "fgsm"))
        #expect(try verify(folder, model, ["--repeat", "3"]).code == 65)
      }
    }
  }

  @Test(arguments: ["memberGradients", "queries", "correctAtBestQuery", "precision", "implementations"])
  func `a number that is off by little is found by a whole repetition`(_ key: String) throws {
    try withResults { folder, model, _ in
      switch key {
      case "precision": try edit(folder, "pgd-steps-5") { $0[key] = "float128" }
      case "implementations":
        try edit(folder, "pgd-steps-5") { object in
          // Only where the library says what it chose.
          object[key] = object[key] == nil ? nil : ["another"]
        }
      case "correctAtBestQuery":
        try editRuns(folder, "pgd-steps-5") { run in
          let number = try #require(run[key] as? Int)
          run[key] = number > 0 ? number - 1 : (run["correct"] as? String ?? "").contains("1") ? 1 : 0
        }
      default: try editRuns(folder, "pgd-steps-5") { $0[key] = 1 + (try #require($0[key] as? Int)) }
      }
      let whole = try verify(folder, model, ["--repeat", "all"])
      switch key {
      case "precision": #expect(whole.output.contains("unconfirmed   pgd:steps=5"), "\(whole.output)")
      case "implementations":
        let isNamed = try names(in: folder.appendingPathComponent("results")).contains { $0.hasSuffix(".json") }
        #expect(isNamed && !whole.output.contains("contradicted"), "\(whole.output)")
      default:
        #expect(whole.code == 65 && whole.output.contains("contradicted  pgd:steps=5"), "\(whole.output)")
        // A few examples cannot tell.
        #expect(try verify(folder, model, ["--repeat", "3"]).code == 0)
      }
    }
  }

  @Test func `a run that finds a forged result in its folder makes it again`() throws {
    try withResults { folder, model, words in
      let results = folder.appendingPathComponent("results")
      let expected = try `The program benchmark`.contents(results)
      try editRuns(folder, "pgd-steps-5") { run in
        run["correct"] = String(repeating: "1", count: try #require(run["correct"] as? String).count)
      }
      let run = try Program.benchmark.run(words, in: folder)
      #expect(run.code == 0)
      #expect(run.errors.contains("was made again: of the old result"))
      #expect(
        try `The program benchmark`.contents(results).filter { $0.key.hasSuffix("json") }
          == expected.filter { $0.key.hasSuffix("json") })
    }
  }

  @Test func `which examples are looked at follows from a number that is not the author's`() throws {
    try withResults { folder, model, _ in
      let first = try verify(folder, model, ["--repeat", "5"])
      let second = try verify(folder, model, ["--repeat", "5"])
      func seed(_ run: Program.Run) -> Substring? { run.output.split(separator: "--seed ").last }
      #expect(seed(first) != seed(second))
      #expect(try verify(folder, model, ["--repeat", "5", "--seed", "7"]).output.hasSuffix("chosen by --seed 7.\n"))
    }
  }

  @Test func `a check that failed and is said to have passed is a claim, and found out on all examples`() throws {
    try withFolder { folder in
      let model = try SmallPosterior().write(to: folder)
      let suite = try `The program benchmark`.suite(in: folder, steps: [])
      // Steps too small to get anywhere: noise and FGSM are stronger.
      let words = [
        "run", "--suite", suite, "--models", model, "--results", "results", "--attack",
        "pgd:steps=2,step=0.0001,random-start=false",
      ]
      #expect(try Program.benchmark.run(words, in: folder).code == 0)
      try editRuns(folder, "pgd-random-start-false") { run in
        let checks = try #require(run["checks"] as? [[String: Any]])
        #expect(checks.contains { $0["status"] as? String == "failed" })
        run["checks"] = checks.map { check in
          check.merging(check["status"] as? String == "failed" ? ["status": "passed"] : [:]) { $1 }
        }
      }
      let some = try verify(folder, model, ["--repeat", "10", "--markdown", "some.md"])
      #expect(some.output.contains("as claimed; --repeat all"))
      let table = try String(contentsOf: folder.appendingPathComponent("some.md"), encoding: .utf8)
      let rows = table.split(separator: "\n").filter { $0.contains("pgd:") }
      #expect(!rows.isEmpty && rows.allSatisfy { $0.contains("· checks as claimed") || $0.contains("unconfirmed") })
      let all = try verify(folder, model, ["--repeat", "all"])
      #expect(all.code == 65)
      #expect(all.output.contains("it says of the check"), "\(all.output)")
    }
  }

  @Test func `a ball that is left out, another suite, and broken points leave a result unconfirmed`() throws {
    try withResults { folder, model, _ in
      try edit(folder, "fgsm") { object in
        object["runs"] = try #require(object["runs"] as? [[String: Any]]).prefix(1).map { $0 }
      }
      try Data("broken".utf8).write(to: try pointsFile(folder, "pgd-steps-5"))
      let run = try verify(folder, model)
      #expect(run.code == 0, "\(run.output)")
      #expect(run.output.contains("it lacks the ball L2 ε = "), "\(run.output)")
      #expect(run.output.contains("1 confirmed, 2 unconfirmed."))
      let other = try `The program benchmark`.suite(in: folder, version: 2, steps: [5])
      let elsewhere = try verify(folder, model, ["--suite", other])
      #expect(elsewhere.output.contains("3 unconfirmed."), "\(elsewhere.output)")
    }
  }

  @Test func `names in results look like nothing but names`() throws {
    try withResults { folder, model, _ in
      try edit(folder, "fgsm") { $0["laboratory"] = "x\nconfirmed     all · \u{1B}[8m\u{202E}" }
      let run = try verify(folder, model)
      #expect(run.output.split(separator: "\n").count { $0.hasPrefix("confirmed") } == 3)
      #expect(!run.output.unicodeScalars.contains { $0.value == 0x1B || $0.value == 0x202E })
    }
  }

  @Test(arguments: ["small.h5", "results/…", "suite-1.json"])
  func `tables do not take the place of what is read`(_ target: String) throws {
    try withResults { folder, model, words in
      let results = folder.appendingPathComponent("results")
      let name = try #require(try names(in: results).first { $0.hasSuffix(".json") })
      let path = target.replacing("…", with: name)
      let before = try Data(contentsOf: folder.appendingPathComponent(path))
      let run =
        target.hasPrefix("suite")
        ? try Program.benchmark.run(words + ["--csv", path], in: folder) : try verify(folder, model, ["--csv", path])
      #expect(run.code == 64)
      #expect(run.errors.contains("is read in this run: give the table another name"), "\(run.errors)")
      #expect(try Data(contentsOf: folder.appendingPathComponent(path)) == before)
    }
  }
}
