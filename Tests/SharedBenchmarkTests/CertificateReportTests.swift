import Foundation
import RobustnessCore
import TestSupport
import Testing

@testable import SharedBenchmark

@Suite(.inTurn) struct `A certificate on the leaderboard` {
  func balls(_ reports: [JudgedReport]) throws -> [Leaderboard.Ball] {
    try #require(try Leaderboard(reports).sections.first?.entries.first?.balls)
  }

  func attack(_ correct: String, _ epsilon: Double = 0.1, _ standing: Standing = .confirmed(.everything))
    -> JudgedReport
  {
    .attack(JudgedResult(.made(correct: correct, epsilon: epsilon), standing))
  }

  func certificate(
    _ radii: [Double], _ request: String = "linear", _ standing: Standing = .confirmed(.everything),
    laboratory: String = "here"
  ) throws -> JudgedReport {
    .certificate(JudgedCertificate(try .made(request, radii: radii, laboratory: laboratory), standing))
  }

  @Test func `stands beside what attacks leave, and the truth is between`() throws {
    let balls = try balls([
      attack("1110"), attack("1111", 0.05), certificate([0.1, 0.05, 0, 0]),
    ])
    #expect(balls.map(\.epsilon) == [0.05, 0.1])
    #expect(balls.map { $0.certified?.value } == [0.5, 0.25])
    #expect(balls.map { $0.worstCase?.value } == [1, 0.75])
    #expect(balls.map { $0.certificates[0].undecided } == [2, 2])
    #expect(balls.map { $0.certificates[0].verdict } == ["proven", "proven"])
  }

  @Test func `any proof is a proof: certificates add up example by example`() throws {
    let ball = try balls([attack("1111"), certificate([0.1, 0, 0, 0]), certificate([0, 0.1, 0.07, 0], "joint")])[1]
    #expect(ball.certified?.value == 0.5)
    #expect(ball.certificates.map(\.certified.value) == [0.25, 0.25])
  }

  @Test func `that is claimed and disagrees with an attack is void, in that ball alone`() throws {
    let balls = try balls([
      attack("0111", 0.1, .notVerified), attack("1111", 0.05, .notVerified),
      certificate([0.1, 0.1, 0, 0], "linear", .notVerified),
    ])
    #expect(balls[0].certified?.value == 0.5)
    #expect(balls[1].certified == nil)
    #expect(balls[1].certificates[0].verdict == "disputed: example 0 is certified and said to be fooled, by pgd")
    let text = try Leaderboard([
      attack("0111", 0.1, .notVerified), certificate([0.1, 0.1, 0, 0], "linear", .notVerified),
    ]).markdown
    #expect(text.contains("by pgd, not counted |"))
  }

  @Test func `that is not true does not count anywhere, and says why`() throws {
    let reports = [
      attack("1111"), try certificate([0.1, 0.1, 0.1, 0.1], "linear", .contradicted("example 2 is fooled")),
      try certificate([0.1, 0, 0, 0], "joint"),
    ]
    let ball = try balls(reports)[1]
    #expect(ball.certified?.value == 0.25)
    #expect(ball.certificates.map(\.counts) == [true, false])
    #expect(ball.certificates[1].verdict == "not true: example 2 is fooled")
    let entry = try Leaderboard(reports).sections[0].entries[0]
    #expect(entry.radii.map(\.counts) == [true, false])
  }

  @Test func `that is confirmed keeps what an attack fools in single precision alone out of the count`() throws {
    let ball = try balls([attack("0111"), certificate([0.1, 0.1, 0, 0])])[1]
    #expect(ball.certified?.value == 0.25)
    #expect(ball.worstCase?.value == 0.75)
    #expect(ball.certificates[0].verdict == "proven; example 0 is fooled in single precision alone, and not counted")
  }

  @Test func `that nobody verified does not count beside what is confirmed`() throws {
    let ball = try balls([attack("1111"), certificate([0.1, 0.1, 0.1, 0.1], "linear", .notVerified)])[1]
    #expect(ball.certified == nil)
    #expect(ball.certificates[0].verdict == "claimed")
  }

  @Test func `of two laboratories that agree is one row`() throws {
    let ball = try balls([
      certificate([0.1, 0, 0, 0]), certificate([0.1, 0, 0, 0], laboratory: "there"),
      certificate([0.1, 0.1, 0, 0], laboratory: "elsewhere"),
    ])[1]
    #expect(ball.certificates.map(\.laboratories) == [["elsewhere"], ["here", "there"]])
    // Without an attack all that is not proven is undecided.
    #expect(ball.certificates.map(\.undecided) == [2, 3])
    #expect(ball.worstCase == nil)
  }

  @Test func `is the same text in whatever order reports come`() throws {
    let reports = [
      attack("1110"), try certificate([0.1, 0.05, 0, 0]), try certificate([0.1, 0.1, 0, 0], "joint"),
      try certificate([0.1, 0.05, 0, 0], laboratory: "there"), attack("1111", 0.05),
    ]
    let board = try Leaderboard(reports)
    for order in [[4, 3, 2, 1, 0], [2, 0, 4, 1, 3]] {
      let again = try Leaderboard(order.map { reports[$0] })
      #expect(again.markdown == board.markdown)
      #expect(again.csv == board.csv)
    }
    #expect(board.markdown.contains("| certified, L∞ ε = 0.1 | worst case, L∞ ε = 0.1 |"))
    #expect(board.csv.split(separator: "\n").filter { $0.hasSuffix(",lower") }.count == 4)
    // Half of four examples: the second largest radius, beyond which nothing was looked for.
    #expect(board.markdown.contains("| joint | here | L∞ | ≥ 0.1 | 0.1 |"))
    #expect(board.markdown.contains("| linear | here, there | L∞ | 0.05 | 0.1 |"))
  }
}

@Suite(.inTurn) struct `A file of a certificate` {
  /// With the digest of its own suite, as a run writes it.
  func made() throws -> BenchmarkCertificate {
    var certificate = try BenchmarkCertificate.made()
    certificate.subject.suiteSHA256 = certificate.rules.sha256
    return certificate
  }

  @Test func `reads back as it was written, byte for byte`() throws {
    let data = try made().encoded()
    let certificate = try made()
    #expect(try BenchmarkReport(checking: data) == .certificate(certificate))
    #expect(try BenchmarkCertificate(checking: data).encoded() == data)
  }

  @Test(arguments: [
    ("\"epsilons\" : [\n        0.05", "\"epsilons\" : [\n        0.5", "must ascend"),
    ("      \"radii\" : [\n        0.1,", "      \"radii\" : [\n", "has 3 numbers for 4 examples"),
    ("      \"radii\" : [\n        0.1,", "      \"radii\" : [\n        0.2,", "has 0.2, and must be from 0"),
    ("      \"radii\" : [\n        0.1,", "      \"radii\" : [\n        -0.1,", "has -0.1, and must be from 0"),
    ("\"formatVersion\" : 1", "\"formatVersion\" : 2", "newer than this program"),
    ("\"cleanCorrect\" : 4", "\"cleanCorrect\" : 5", "'cleanCorrect' is 5, of 4 examples"),
    ("\"seed\" : 0", "\"seed\" : 1", "are not the suite that 'subject' names"),
    ("\"request\" : \"linear\"", "\"requset\" : \"linear\"", "the key 'request' is missing"),
  ])
  func `of another laboratory is checked`(_ before: String, _ after: String, _ says: String) throws {
    let text = String(decoding: try made().encoded(), as: UTF8.self)
    let range = try #require(text.range(of: before), "\(text)")
    let changed = text.replacingCharacters(in: range, with: after)
    let error = #expect(throws: CoreError.self) { try BenchmarkReport(checking: Data(changed.utf8)) }
    #expect(error?.description.contains(says) == true, "\(error?.description ?? "")")
  }
}
