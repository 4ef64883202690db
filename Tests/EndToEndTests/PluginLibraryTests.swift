import Foundation
import TestSupport
import Testing

/// `evaluate --plugin`: attacks in C beside those in Swift.
@Suite(.inTurn) struct `The program with a library of attacks` {
  private static let few = ["--model", Sample.oracle("moons-fc2-leaky"), "--examples", "40", "--epsilon", "0.1"]

  private static func read(_ run: Program.Run) throws -> Report {
    try JSONDecoder().decode(Report.self, from: Data(run.output.utf8))
  }

  @Test func `it runs and lists them like its own`() throws {
    let library = try CompiledPlugin(file: CompiledPlugin.example)
    let list = try Program.evaluate.run(["--plugin", library.path, "--list-attacks"])
    #expect(list.output.hasPrefix(MainJobTests.attacks + "iterated-sign\n\n"))
    #expect(list.output.contains("iterated-sign: repeated steps along the gradient's sign, in C\n"))
    #expect(list.output.contains("  steps=10\n"))
    let run = try Program.evaluate.run(
      [
        "--plugin", library.path, "--attack", "iterated-sign:steps=15,relative-step=0.2", "--attack",
        "pgd:steps=15,relative-step=0.2,random-start=false,keep=last", "--format", "json",
      ] + Self.few)
    #expect(run.code == 0, "\(run.errors)")
    let found = try Self.read(run)
    let mine = try #require(found.runs.first { $0.attack == "iterated-sign" })
    let swift = try #require(found.runs.first { $0.attack == "pgd" })
    #expect(mine.robustAccuracy == swift.robustAccuracy)
    #expect(mine.softmaxRobustness == swift.softmaxRobustness)
    #expect(mine.memberGradients == swift.memberGradients)
    #expect(mine.checks.contains { $0.name == "doubled-steps" && $0.status != "not run" })
    let wrong = try Program.evaluate.run(["--plugin", library.path, "--attack", "iterated-sgin"] + Self.few)
    #expect(wrong.code == 64 && wrong.errors.contains("Did you mean 'iterated-sign'?"))
  }

  @Test func `one that cannot be loaded ends it before any work`() throws {
    for (path, sentence) in [
      ("/nowhere/libmine.so", "error: --plugin /nowhere/libmine.so: there is no such file"),
      (Sample.main, "is no library that this machine can load"),
    ] {
      let run = try Program.evaluate.run(["--plugin", path] + Self.few)
      #expect(run.code == 65 && run.errors.contains(sentence) && run.output.isEmpty, "\(run.errors)")
    }
    let library = try CompiledPlugin(file: CompiledPlugin.example)
    let twice = try Program.evaluate.run(["--plugin", library.path, "--plugin", library.path] + Self.few)
    #expect(twice.code == 65 && twice.errors.contains("has an attack named 'iterated-sign', as another one is"))
  }

  /// What comes back wrong is found by the checks; what fails is noted; the others go on, with the numbers that they
  /// have alone.
  @Test func `one that misbehaves costs the others nothing`() throws {
    let library = try CompiledPlugin(source: CompiledPlugin.misbehaving)
    let names = ["returns-nan", "leaves-the-box", "leaves-the-ball", "writes-past-the-end", "says-why"]
    let attacks = (names + ["fgsm"]).flatMap { ["--attack", $0] }
    let run = try Program.evaluate.run(["--plugin", library.path, "--format", "json"] + attacks + Self.few)
    #expect(run.code == 70)
    #expect(run.errors.hasPrefix("error: writes-past-the-end failed: it wrote past the "), "\(run.errors)")
    let found = try Self.read(run)
    for (attack, check) in [("returns-nan", "finite-values"), ("leaves-the-box", "box"), ("leaves-the-ball", "budget")]
    {
      let result = try #require(found.runs.first { $0.attack == attack })
      #expect(result.checks.first { $0.name == check }?.status == "failed", "\(attack)")
    }
    #expect(found.failures.map(\.attack) == ["writes-past-the-end", "says-why"])
    #expect(found.failures.map(\.reason).last == "the moon is in the wrong house")
    #expect(!found.verdict.believable && found.verdict.failed.first == "attack-completes")
    let alone = try report(["--attack", "fgsm"] + Self.few)
    var together = try #require(found.runs.first { $0.attack == "fgsm" })
    var single = try #require(alone.runs.first { $0.attack == "fgsm" })
    (together.seconds, single.seconds) = (0, 0)
    #expect(together == single)

    let table = try Program.evaluate.run(
      ["--plugin", library.path, "--attack", "says-why", "--attack", "fgsm"] + Self.few)
    #expect(table.output.replacing(/[ ]{2,}/, with: "  ").contains("says-why  predictive  failed"))
    #expect(
      table.output.contains(
        "Verdict: NOT believable. The attack says-why did not finish: the moon is in the wrong house:\n"))
    #expect(table.output.contains("\n  ✗ attack-completes"))
  }
}
