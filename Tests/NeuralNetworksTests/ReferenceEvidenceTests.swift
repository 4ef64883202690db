import Foundation
import RobustnessCore
import TestSupport
import Testing

@testable import NeuralNetworks

/// What a difference is put down to needs evidence: its size alone names no arithmetic, and its words say no more than is
/// known.
@Suite(.inTurn) struct ReferenceEvidenceTests {
  typealias Tests = ReferenceComparisonTests

  private func isArithmetic(_ findings: ReferenceFindings) -> Bool {
    if case .agreesBut(let reason, _) = findings.outcome, reason.contains("TF32") { return true }
    return findings.cause?.contains("bfloat16") == true
  }

  // MARK: - Size is no evidence

  @Test(arguments: AuthorsNetwork.allCases, [0.0005, 0.003, 0.02])
  func `one wrong weight in every draw is no TF32 and no bfloat16`(_ network: AuthorsNetwork, _ error: Float) throws {
    let count = try network.architecture().parameterCount
    // Weights of the first layer and of the last, and the last bias.
    for index in [2, count - 8, count - 1] {
      let findings = try Tests.findings(
        network, AuthorsProgram(arithmetic: .float32), precision: .float32,
        stored: { draws in for draw in draws.indices { draws[draw][index] += draw % 2 == 0 ? error : -error } })
      #expect(findings.outcome == .differs, "\(index): \(findings)")
      #expect(!isArithmetic(findings), "\(index): \(findings)")
    }
  }

  @Test(arguments: AuthorsNetwork.allCases, [2, 3, 4]) func `weights rounded to decimals on either side are named`(
    _ network: AuthorsNetwork, _ decimals: Int
  ) throws {
    let unit = pow(10, Double(decimals))
    let rounded = { (x: Double) in (x * unit).rounded(.toNearestOrEven) / unit }
    for (arithmetic, precision) in [(AuthorsProgram.Arithmetic.float64, AnswerPrecision.float64), (.float32, .float32)]
    {
      let theirs = try Tests.findings(
        network, AuthorsProgram(arithmetic: arithmetic, weight: { Double(Float(rounded($0))) }), precision: precision)
      #expect(theirs.outcome == .differs, "\(theirs)")
      #expect(theirs.cause == "the weights are rounded to \(decimals) decimals", "\(theirs)")
      let ours = try Tests.findings(
        network, AuthorsProgram(arithmetic: arithmetic), precision: precision,
        stored: { $0 = $0.map { $0.map { Float(rounded(Double($0))) } } })
      #expect(ours.outcome == .differs, "\(ours)")
      #expect(ours.cause?.hasSuffix("of the file, which are rounded to \(decimals) decimals") == true, "\(ours)")
    }
  }

  @Test(arguments: AuthorsNetwork.allCases)
  func `a file of decimals that answers otherwise for another reason is not called rounded`(
    _ network: AuthorsNetwork
  ) throws {
    let rounded = { (x: Float) in Float((Double(x) * 1000).rounded() / 1000) }
    let author = AuthorsProgram(
      weight: { Double(rounded(Float($0))) }, output: { $0.map { $0 + 0.3 * sin(5 * $0) } })
    let findings = try Tests.findings(network, author, stored: { $0 = $0.map { $0.map(rounded) } })
    #expect(findings.outcome == .differs && findings.cause == nil, "\(findings)")
  }

  // MARK: - Words

  @Test func `draws that differ alone are not said to be wrong in the file`() throws {
    for change in [{ (answers: inout [[[Double]]]) in answers[4][2][1] += 0.1 }, { _ in }] {
      let findings = try Tests.findings(
        .dense, stored: { draws in draws[4][840] += 0.5 }, change: change)
      #expect(
        findings.cause
          == "chain 1, draw 1 is left aside, which has other weights than those that answered, or other answers",
        "\(findings)")
      #expect(findings.advice == "Write this draw and its answers again: all others agree.")
    }
    let two = try Tests.findings(.dense, stored: { draws in for draw in [1, 4] { draws[draw][840] += 0.5 } })
    #expect(
      two.cause?.hasPrefix("2 of 6 draws, first chain 0, draw 1, are left aside, which have other weights than those")
        == true, "\(two)")
  }

  @Test(arguments: AuthorsNetwork.allCases, [AnswerPrecision.float64, .float32])
  func `the answers of one draw for all are no other order`(
    _ network: AuthorsNetwork, _ precision: AnswerPrecision
  ) throws {
    let all = try Tests.findings(
      network, precision: precision, change: { answers in answers = answers.map { [answers] _ in answers[2] } })
    #expect(all.cause == "chain 0, draw 2 answers for 5 other draws too", "\(all)")
    let one = try Tests.findings(network, precision: precision, change: { $0[3] = $0[1] })
    #expect(one.cause == "chain 0, draw 1 answers for another draw too", "\(one)")
    // Each draw's answers are those of the next, but for the last.
    let next = try Tests.findings(
      network, precision: precision,
      change: { answers in answers = answers.indices.map { [answers] in answers[min($0 + 1, 5)] } })
    #expect(
      next.cause
        == "some draws answer for others: the answers of chain 0, draw 0 are those of chain 0, draw 1 here", "\(next)")
  }

  @Test func `draws that are alike may be in another order`() throws {
    let findings = try Tests.findings(
      .dense, stored: { $0[2] = $0[1] },
      change: { answers in
        answers[2] = answers[1]
        answers = [1, 2, 0, 3, 4, 5].map { [answers] in answers[$0] }
      })
    #expect(findings.cause?.hasPrefix("draws are in another order") == true, "\(findings)")
  }

  @Test func `logits with one number taken away are called log-probabilities where they are`() throws {
    for (output, are) in [
      ({ Predictive.logSoftmax($0) }, true), ({ z in z.map { $0 - z.max()! } }, false),
      ({ z in z.map { $0 - z.reduce(0, +) / Double(z.count) } }, false),
    ] as [(([Double]) -> [Double], Bool)] {
      let findings = try Tests.findings(.dense, AuthorsProgram(output: output))
      guard case .agreesBut(let reason, let advice) = findings.outcome else {
        Issue.record("\(findings)")
        continue
      }
      #expect(reason.hasPrefix("by one number for each input, which changes no probability"))
      #expect(reason.contains("log-probabilities") == are && advice.contains("softmax") == are, "\(reason) \(advice)")
    }
  }

  @Test(arguments: [AnswerPrecision.float64, .float32]) func `a mean that is found to be zero is zero`(
    _ precision: AnswerPrecision
  ) throws {
    for (network, normalizations) in [(AuthorsNetwork.leaky, 1), (.convolution, 0)] {
      var author = AuthorsProgram(
        arithmetic: try #require(.init(rawValue: precision.rawValue)), ownNormalization: (0, 0.37))
      author.normalizations = normalizations
      let findings = try Tests.findings(network, author, precision: precision)
      #expect(findings.cause?.contains("mean 0 and scale 0.37") == true, "\(findings)")
    }
  }
}
