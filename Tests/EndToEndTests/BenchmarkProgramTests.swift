import Foundation
import TestSupport
import Testing

/// The shared benchmark as two laboratories use it.
@Suite(.inTurn) struct `The program benchmark` {

  /// Small budgets, so that a run takes a moment, and several attacks, so that it can be killed between two.
  static func suite(in folder: URL, version: Int = 1, steps: [Int] = [2, 3, 4, 5]) throws -> String {
    let attacks = (["random:draws=3", "fgsm"] + steps.map { "pgd:steps=\($0)" }).map {
      "{\"attack\": \"\($0)\", \"objective\": \"predictive\"}"
    }
    let text = """
      {"name": "small", "version": \(version), "seed": 3, "decision": "predictive", "examples": 40,
       "threats": [{"norm": "linf", "relativeRadius": 0.1}, {"norm": "l2", "relativeRadius": 0.1}],
       "gradientsPerExample": 20, "queriesPerExample": 100, "attacks": [\(attacks.joined(separator: ", "))]}
      """
    let path = folder.appendingPathComponent("suite-\(version).json").path
    try text.write(toFile: path, atomically: true, encoding: .utf8)
    return path
  }

  static func contents(_ folder: URL) throws -> [String: Data] {
    Dictionary(
      uniqueKeysWithValues: try names(in: folder).map {
        ($0, try Data(contentsOf: folder.appendingPathComponent($0)))
      })
  }

  @Test func `two runs are the same, byte for byte, and a table of their results is too`() throws {
    try withFolder { folder in
      let model = try SmallPosterior().write(to: folder)
      let suite = try Self.suite(in: folder)
      func run(_ name: String, threads: Int) throws -> (text: String, files: [String: Data]) {
        let run = try Program.benchmark.run(
          [
            "run", "--suite", suite, "--models", model, "--results", name, "--laboratory", "here", "--threads",
            "\(threads)",
          ], in: folder)
        #expect(run.code == 0, "\(run.errors)")
        #expect(run.errors.isEmpty)
        return (run.output, try Self.contents(folder.appendingPathComponent(name)))
      }
      let first = try run("first", threads: 1)
      let second = try run("second", threads: 2)
      #expect(first.files.keys.count { $0.hasSuffix(".json") } == 6)
      #expect(first.files.keys.count { $0.hasSuffix(".points.h5") } == 6)
      #expect(first.files == second.files)
      #expect(first.text == second.text)
      #expect(first.text.contains("**worst case over 6**"))
      let table = try Program.benchmark.run(["table", "second", "first"], in: folder)
      #expect(table.code == 0)
      // The same numbers; but a table cannot know that they are true.
      #expect(
        table.output.replacing(" · unconfirmed", with: "").replacing(/Nothing here is confirmed.*\n\n/, with: "")
          == first.text)
      #expect(table.output.contains("**believable · unconfirmed**") || table.output.contains("believable: "))
    }
  }

  @Test func `an attack in C runs under the same protocol, and one that fails is left out with its reason`() throws {
    try withFolder { folder in
      let model = try SmallPosterior().write(to: folder)
      let suite = try Self.suite(in: folder, steps: [2])
      let sound = try CompiledPlugin(file: CompiledPlugin.example)
      let broken = try CompiledPlugin(source: CompiledPlugin.misbehaving)
      let run = try Program.benchmark.run(
        [
          "run", "--suite", suite, "--models", model, "--plugin", sound.path, "--plugin", broken.path, "--attack",
          "iterated-sign:steps=3", "--attack", "says-why",
        ], in: folder)
      #expect(run.code == 0, "\(run.errors)")
      #expect(run.output.contains("iterated-sign:steps=3"))
      #expect(run.errors.contains("it failed: the moon is in the wrong house"))
      #expect(!run.output.contains("says-why"))
    }
  }

  /// A portfolio spends more on what stands than an attack may: with a budget of its own it keeps to the protocol.
  @Test func `a portfolio runs under a budget of its own, and is confirmed`() throws {
    try withFolder { folder in
      let model = try SmallPosterior().write(to: folder)
      func run(_ own: String, into results: String) throws -> (failed: Bool, text: String) {
        let suite = """
          {"name": "portfolio", "version": 1, "seed": 3, "decision": "predictive", "examples": 40,
           "threats": [{"norm": "linf", "relativeRadius": 0.02}], "gradientsPerExample": 1, "queriesPerExample": 1,
           "attacks": [{"attack": "quick", "objective": "predictive"\(own)}]}
          """
        try Data(suite.utf8).write(to: folder.appendingPathComponent("suite.json"))
        let run = try Program.benchmark.run(
          ["run", "--suite", "suite.json", "--models", model, "--results", results], in: folder)
        #expect(run.code == 0, "\(run.errors)")
        let verified = try Program.benchmark.run(["verify", results, "--models", model], in: folder)
        #expect(verified.code == 0 && verified.output.hasPrefix("confirmed"), "\(verified.output)\(verified.errors)")
        return (run.output.contains("protocol-budget"), run.output)
      }
      let within = try run(#", "gradientsPerExample": 500, "queriesPerExample": 2000"#, into: "own")
      #expect(!within.failed, "\(within.text)")
      let beyond = try run("", into: "none")
      #expect(beyond.failed, "\(beyond.text)")
    }
  }

  @Test(arguments: [SIGKILL, SIGINT]) func `stopped half-way, it goes on where it was`(_ signal: Int32) throws {
    try withFolder { folder in
      let model = try SmallPosterior().write(to: folder)
      let suite = try Self.suite(in: folder, steps: Array(2...9))
      let words = ["run", "--suite", suite, "--models", model, "--csv", "table.csv", "--results"]
      let whole = try Program.benchmark.run(words + ["whole"], in: folder)
      #expect(whole.code == 0, "\(whole.errors)")
      let expected = try Self.contents(folder.appendingPathComponent("whole"))
      let table = try Data(contentsOf: folder.appendingPathComponent("table.csv"))

      let results = folder.appendingPathComponent("killed")
      let running = try Program.benchmark.start(words + ["killed"], in: folder)
      while true {
        let finished = ((try? names(in: results)) ?? []).filter { $0.hasSuffix(".json") && !$0.hasPrefix(".") }
        if finished.count >= 2 || kill(running.identifier, 0) != 0 { break }
        usleep(1000)
      }
      kill(running.identifier, signal)
      let killed = try running.wait()
      if signal == SIGKILL {
        #expect(killed.isSignal)
      } else {
        #expect(killed.code == 75)
        #expect(killed.errors.contains("what is finished is in killed: the same command goes on"))
        #expect(killed.output.isEmpty)
      }
      let before = try Self.contents(results).filter { !$0.key.hasPrefix(".") }
      #expect((2..<expected.count).contains(before.count))
      // What was finished is whole, and is not run again: it is still the same file, made at the same time.
      #expect(before.allSatisfy { expected[$0.key] == $0.value })
      func identities() throws -> [String: Int] {
        try Dictionary(
          uniqueKeysWithValues: before.keys.map { name in
            let attributes = try FileManager.default.attributesOfItem(atPath: results.appendingPathComponent(name).path)
            return (name, (attributes[.systemFileNumber] as? Int) ?? 0)
          })
      }
      let old = try identities()

      let resumed = try Program.benchmark.run(words + ["killed"], in: folder)
      #expect(resumed.code == 0, "\(resumed.errors)")
      #expect(try identities() == old)
      #expect(try Self.contents(results).filter { !$0.key.hasPrefix(".") } == expected)
      #expect(try Data(contentsOf: folder.appendingPathComponent("table.csv")) == table)
    }
  }

  @Test func `a damaged result is made again`() throws {
    try withFolder { folder in
      let model = try SmallPosterior().write(to: folder)
      let words = ["run", "--suite", try Self.suite(in: folder, steps: []), "--models", model, "--results", "results"]
      #expect(try Program.benchmark.run(words, in: folder).code == 0)
      let results = folder.appendingPathComponent("results")
      let expected = try Self.contents(results)
      let name = try #require(expected.keys.min())
      try Data("{".utf8).write(to: results.appendingPathComponent(name))
      #expect(try Program.benchmark.run(words, in: folder).code == 0)
      #expect(try Self.contents(results) == expected)
    }
  }

  @Test func `a new version of the suite is another table, and an attack of one's own joins the others`() throws {
    try withFolder { folder in
      let model = try SmallPosterior().write(to: folder)
      for version in [1, 2] {
        let suite = try Self.suite(in: folder, version: version, steps: [2])
        let run = try Program.benchmark.run(
          ["run", "--suite", suite, "--models", model, "--results", "results", "--attack", "mifgsm:steps=4"], in: folder
        )
        #expect(run.code == 0, "\(run.errors)")
        #expect(run.output.contains("mifgsm:steps=4"))
      }
      let table = try Program.benchmark.run(["table", "results", "--html", "table.html"], in: folder)
      #expect(table.code == 0)
      #expect(table.output.isEmpty)
      let page = try String(contentsOf: folder.appendingPathComponent("table.html"), encoding: .utf8)
      #expect(page.contains("<h2>small 1, data ") && page.contains("<h2>small 2, data "))
      #expect(!page.contains("worst case over 8"))
      #expect(page.contains("worst case over 4"))
    }
  }

  @Test func `an attack that asks for more than the protocol allows does not count`() throws {
    try withFolder { folder in
      let model = try SmallPosterior().write(to: folder)
      let suite = try Self.suite(in: folder, steps: [])
      let run = try Program.benchmark.run(
        ["run", "--suite", suite, "--models", model, "--attack", "pgd:steps=21"], in: folder)
      #expect(run.code == 0, "\(run.errors)")
      #expect(run.output.contains("does not count: protocol-budget"))
      #expect(run.output.contains("**worst case over 2**"))
    }
  }

  @Test func `what cannot be done is said before any work`() throws {
    try withFolder { folder in
      let model = try SmallPosterior().write(to: folder)
      let bare = try SmallPosterior().write(to: folder, hasData: false)
      let suite = try Self.suite(in: folder)
      for (words, code, says) in [
        (["run", "--suite", suite, "--models", model, bare], 65, "/evaluation_data is missing"),
        (["run", "--suite", suite, "--models", model, "nothing.h5"], 65, "nothing.h5"),
        (["run", "--suite", "nothing.json", "--models", model], 65, "nothing.json"),
        (["run", "--suite", suite, "--models", model, "--attack", "pdg"], 64, "Did you mean 'pgd'?"),
        (["run", "--suite", suite], 64, "--models"),
        (["run", "--suite", suite, "--models", model, "--csv", "no/such/folder.csv"], 70, "cannot be written"),
        (["table", "nothing"], 65, "does not exist"), (["table", suite], 65, "is no result of a benchmark"),
      ] as [([String], Int32, String)] {
        let run = try Program.benchmark.run(words, in: folder)
        #expect(run.code == code, "\(words): \(run.errors)")
        #expect(run.errors.hasPrefix("error: ") && run.errors.contains(says), "\(run.errors)")
        #expect(run.output.isEmpty)
      }
      #expect(!FileManager.default.fileExists(atPath: folder.appendingPathComponent("benchmark-results/x").path))
    }
  }
}
