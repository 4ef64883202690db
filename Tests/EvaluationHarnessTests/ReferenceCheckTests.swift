import RobustnessCore
import TestSupport
import Testing

@testable import EvaluationHarness
@testable import NeuralNetworks

/// The check `reference-answers` in a verdict; what is compared is the business of `NeuralNetworks`.
@Suite(.inTurn) struct `Answers of the author's program in a verdict` {
  private func result(
    _ outcome: ReferenceFindings.Outcome?, cause: String? = nil, caution: String? = nil
  ) throws -> EvaluationResult {
    var subject = try ClosedForm.subject(40)
    let findings = outcome.map {
      ReferenceFindings(
        outcome: $0, compared: 16, inputs: 16, draws: 3, largest: 1.5, explained: 2e-5, quantity: "logit",
        differingDraws: 3, cause: cause, advice: "Mend it.", caution: caution)
    }
    subject.reference = { findings.map { ($0, "PyTorch (float32)") } }
    return try subject.evaluated([request("pgd")], epsilons: [0.03])
  }

  private func check(_ result: EvaluationResult) throws -> Check {
    try #require(result.attackRuns.first?.checks.first { $0.name == "reference-answers" })
  }

  @Test func `that differ take the verdict away, and come first`() throws {
    let result = try result(.differs, cause: "the normalisation is left out")
    #expect(result.verdict.failed == ["reference-answers"])
    #expect(try check(result).value == 1.5)
    #expect(
      result.table.contains(
        """
        Verdict: NOT believable. The network does not answer as PyTorch (float32) did: a logit differs by up to 1.5, where \
        rounding explains 2e-05 (16 inputs through 3 draws); the answers agree when the normalisation is left out:
          ✗ reference-answers  Mend it.
                               See Docs/verdict.md#reference-answers

        """))
  }

  @Test func `that look like TF32 are a warning`() throws {
    let result = try result(.agreesBut(reason: "by TF32", advice: "Say so."))
    #expect(result.verdict.believable)
    #expect(result.verdict.warnings == ["reference-answers"])
    #expect(try check(result).advice == "Say so.")
  }

  @Test func `that agree are one more check that passed`() throws {
    let result = try result(.agrees)
    #expect(try check(result).status == .passed)
    #expect(result.table.contains(" checks passed.\n"))
  }

  @Test func `that agree at one input alone are a warning`() throws {
    let result = try result(.agrees, caution: "there is one input only")
    #expect(result.verdict.believable)
    #expect(result.verdict.warnings == ["reference-answers"])
    #expect(try check(result).finding.hasSuffix("which proves little, for there is one input only"))
  }

  @Test func `that nobody gave are not run, and not in the table`() throws {
    let result = try result(nil)
    #expect(try check(result).status == .notRun)
    #expect(try check(result).advice.contains(#"file["reference/inputs"]"#))
    #expect(result.verdict.believable)
    #expect(!result.table.contains("reference"))
    #expect(result.table.contains(" checks passed.\n"))
  }

  @Test func `are no question where the ensemble comes from no file`() throws {
    let result = try ClosedForm.subject(40).evaluated([request("pgd")], epsilons: [0.03])
    #expect(result.attackRuns.allSatisfy { run in !run.checks.contains { $0.name == "reference-answers" } })
  }
}
