import RobustnessCore
import TestSupport
import Testing

@testable import SharedBenchmark

@Suite(.inTurn) struct `A leaderboard` {
  func ball(_ results: [BenchmarkResult]) throws -> Leaderboard.Ball {
    try #require(try Leaderboard(results).sections.first?.entries.first?.balls.first)
  }

  @Test func `takes the worst case example by example, over laboratories`() throws {
    let ball = try ball([
      .made(correct: "1100"), .made(attack: "mine", correct: "0110", laboratory: "there"),
    ])
    // Each leaves two of four; only the second example withstands both.
    #expect(ball.rows.map(\.robustAccuracy.value) == [0.5, 0.5])
    #expect(ball.worstCase?.value == 0.25)
    #expect(ball.worstCase?.count == 4)
  }

  @Test func `never mixes other posteriors, data or suites`() throws {
    let base = BenchmarkResult.made(correct: "1111")
    for other in [
      BenchmarkResult.made(correct: "0000", posterior: "b"), .made(correct: "0000", data: "b"),
      .made(correct: "0000", suite: "b"),
    ] {
      let board = try Leaderboard([base, other])
      let entries = board.sections.flatMap(\.entries)
      #expect(entries.count == 2)
      #expect(Set(entries.compactMap { $0.balls[0].worstCase?.value }) == [0, 1])
      // Posteriors on the same data under the same suite stand in one table, everything else apart.
      #expect(board.sections.count == (other.subject.posteriorSHA256 != base.subject.posteriorSHA256 ? 1 : 2))
    }
  }

  @Test func `says what computed the numbers, where the results do`() throws {
    var here = BenchmarkResult.made(correct: "1111")
    var there = BenchmarkResult.made(attack: "mine", correct: "0111", laboratory: "there")
    #expect(try !Leaderboard([here, there]).markdown.contains("Computed by"))
    (here.processor, here.kernels, here.implementations) = ("A", "oneDNN 2.6.3 (AVX2)", ["gemm:jit", "jit:avx2"])
    (there.kernels, there.implementations) = ("portable kernels", ["portable"])
    let text = try Leaderboard([there, here]).markdown
    #expect(text.contains("Computed by A, oneDNN 2.6.3 (AVX2): gemm:jit, jit:avx2; portable kernels: portable."))
    let again = try BenchmarkResult(checking: here.encoded())
    #expect(again == here)
  }

  func titles(_ results: [BenchmarkResult]) throws -> [String] {
    try Leaderboard(results).sections.flatMap(\.entries).map(\.title).sorted()
  }

  @Test func `posteriors of one file name are told apart by their digests`() throws {
    #expect(
      try titles([.made(posterior: "a"), .made(posterior: "b")]) == ["a.h5 (aaaaaaaa…)", "a.h5 (bbbbbbbb…)"])
    let text = try Leaderboard([.made(posterior: "a"), .made(posterior: "b")]).markdown
    #expect(text.contains("### a.h5 (aaaaaaaa…)\n") && text.contains("### a.h5 (bbbbbbbb…)\n"))
  }

  @Test func `posteriors of two names need no digest`() throws {
    #expect(try titles([.made(), .made(model: "b.h5", posterior: "b")]) == ["a.h5", "b.h5"])
  }

  @Test func `one posterior needs no digest, whoever evaluates it`() throws {
    #expect(try titles([.made(), .made(laboratory: "there")]) == ["a.h5"])
  }

  @Test func `digests that begin alike are shown as far as they differ`() throws {
    var near = BenchmarkResult.made(posterior: "a")
    near.subject.posteriorSHA256 = String(repeating: "a", count: 12) + String(repeating: "b", count: 52)
    #expect(
      try titles([.made(posterior: "a"), near]) == ["a.h5 (aaaaaaaaaaaaa…)", "a.h5 (aaaaaaaaaaaab…)"])
  }

  @Test func `balls of other norms and radii stand apart`() throws {
    let board = try Leaderboard([
      .made(correct: "1111"), .made(correct: "0000", norm: .l2), .made(correct: "0011", epsilon: 0.2),
    ])
    #expect(board.sections[0].entries[0].balls.map(\.title) == ["L∞ ε = 0.1", "L∞ ε = 0.2", "L2 ε = 0.1"])
    #expect(board.sections[0].entries[0].balls.compactMap(\.worstCase?.value) == [1, 0.5, 0])
  }

  @Test(arguments: ["budget", "box", "finite-values", "protocol-budget"])
  func `points that are no adversarial examples do not count`(_ check: String) throws {
    let ball = try ball([.made(correct: "1100"), .made(attack: "cheat", correct: "0000", failed: [check])])
    #expect(ball.worstCase?.value == 0.5)
    #expect(ball.rows.map(\.attack.name) == ["pgd", "cheat"])
    #expect(ball.rows[1].verdict == "does not count: \(check)")
  }

  @Test func `a weak attack counts all the same`() throws {
    let ball = try ball([.made(correct: "1100"), .made(attack: "weak", correct: "0111", failed: ["doubled-steps"])])
    #expect(ball.worstCase?.value == 0.25)
    #expect(ball.rows.first { $0.attack.name == "weak" }?.verdict == "not believable: doubled-steps")
  }

  @Test func `the same outcome of two laboratories is one row, other outcomes are two`() throws {
    let same = try ball([.made(laboratory: "there"), .made(laboratory: "here")])
    #expect(same.rows.map(\.laboratories) == [["here", "there"]])
    let other = try ball([.made(laboratory: "there"), .made(correct: "1000", laboratory: "here")])
    #expect(other.rows.map(\.laboratories) == [["here"], ["there"]])
  }

  @Test func `results that contradict each other are refused`() {
    let error = #expect(throws: CoreError.self) {
      try Leaderboard([.made(correct: "1100"), .made(attack: "mine", correct: "11001", laboratory: "there")])
    }
    #expect(error?.description.contains("4 × 5 and 5 × 5 examples × draws") == true)
  }

  @Test func `is the same text in whatever order results come`() throws {
    let results: [BenchmarkResult] = [
      .made(), .made(attack: "mine", correct: "1000", laboratory: "there"),
      .made(correct: "1110", model: "b.h5", posterior: "b"),
      .made(correct: "1010", data: "c"), .made(attack: "cheat", correct: "0000", failed: ["box"]),
      .made(norm: .l2, epsilon: 1.5),
    ]
    let board = try Leaderboard(results)
    for order in [[5, 4, 3, 2, 1, 0], [2, 0, 5, 1, 4, 3]] {
      let again = try Leaderboard(order.map { results[$0] })
      #expect(again.markdown == board.markdown)
      #expect(again.csv == board.csv)
      #expect(again.html == board.html)
    }
  }

  @Test func `the most robust posterior is first`() throws {
    let board = try Leaderboard([
      .made(correct: "1000"), .made(correct: "1110", model: "b.h5", posterior: "b"),
    ])
    #expect(board.sections[0].entries.map(\.model) == ["b.h5", "a.h5"])
    #expect(board.markdown.contains("| 1 | b.h5 | 5 | 100.0 % (51.0–100.0) | 75.0 % (30.1–95.4) · unconfirmed |"))
  }

  @Test func `names from other people's files mean nothing in Markdown, HTML or CSV`() throws {
    let name = "x\"|<script>alert('1')</script>&\n,y"
    let board = try Leaderboard([.made(laboratory: name, model: name)])
    #expect(!board.html.contains("<script"))
    #expect(board.html.contains("&lt;script&gt;alert(&#39;1&#39;)"))
    #expect(!board.markdown.contains("<script"))
    let rows = board.markdown.split(separator: "\n").filter { $0.hasPrefix("| 1 |") }
    #expect(rows.allSatisfy { $0.contains("x\"\\|&lt;script&gt;alert('1')&lt;/script&gt;&amp; ,y") })
    #expect(board.csv.contains("\"x\"\"|<script>"))
  }

  @Test func `the worst case is as believable as its strongest attack`() throws {
    let doubtful = try ball([.made(correct: "1100"), .made(attack: "weak", correct: "0100", failed: ["doubled-steps"])])
    #expect(!doubtful.isBelievable)
    let sound = try ball([.made(correct: "0100"), .made(attack: "weak", correct: "1100", failed: ["doubled-steps"])])
    #expect(sound.isBelievable)
    #expect(sound.verdict == "believable")
  }

  @Test func `attacks that together fool many more than the strongest have not settled the number`() throws {
    // 200 examples: each attack leaves 100 standing, both together 100, 92 or none.
    func correct(_ fooled: Range<Int>) -> String {
      String((0..<200).map { fooled.contains($0) ? Character("0") : "1" })
    }
    let first = BenchmarkResult.made(correct: correct(0..<100))
    func verdict(_ other: Range<Int>) throws -> String {
      try ball([first, .made(attack: "mine", correct: correct(other))]).verdict
    }
    #expect(try verdict(0..<100) == "believable")
    // 92 of 200 is inside [43.1 %, 56.9 %]; 84 is not.
    #expect(try verdict(8..<108) == "believable")
    #expect(
      try verdict(16..<116) == "not believable: below the interval of the strongest attack, so more search finds more")
  }

  @Test func `has the worst case in bold with the cost of all attacks that count`() throws {
    let board = try Leaderboard([
      .made(correct: "1100", memberGradients: 60_000), .made(attack: "mine", correct: "0110", memberGradients: 2000),
      .made(attack: "cheat", correct: "0000", failed: ["box"], memberGradients: 5),
    ])
    #expect(
      board.markdown.contains(
        "|  | **worst case over 2** |  |  | **25.0 % (4.6–69.9)** | **believable · unconfirmed** | **62,000** |"))
    #expect(board.csv.contains(",worst-case,,,0.25,"))
    #expect(board.html.contains("<tr class=\"strong\"><td class=\"n\"></td><td>worst case over 2</td>"))
  }

  // MARK: - What is confirmed and what is claimed

  @Test func `what nobody has verified is called a claim everywhere`() throws {
    let board = try Leaderboard([.made(correct: "1111")])
    #expect(!board.hasConfirmedResults)
    let text = board.markdown
    #expect(text.contains("Nothing here is confirmed"))
    #expect(
      text.split(separator: "\n").filter { $0.contains("100.0 % (51.0–100.0)") && $0.hasPrefix("|") }
        .allSatisfy { $0.contains("unconfirmed") })
    #expect(board.csv.contains(",unconfirmed"))
  }

  @Test func `beside what is confirmed, claims stand apart and do not count`() throws {
    let board = try Leaderboard([
      JudgedResult(.made(correct: "1100"), .confirmed(.everything)),
      JudgedResult(.made(attack: "mine", correct: "0000", laboratory: "there"), .unconfirmed("its points are missing")),
    ])
    let ball = board.sections[0].entries[0].balls[0]
    #expect(ball.worstCase?.value == 0.5)
    #expect(ball.isConfirmed)
    #expect(ball.rows.map(\.counts) == [true, false])
    let text = board.markdown
    #expect(text.contains("Not confirmed, and not counted: its points are missing."))
    #expect(text.contains("| – | mine | predictive | there | 0.0 % (0.0–49.0) | believable · unconfirmed |"))
    #expect(text.contains("**worst case over 1**"))
    #expect(!text.contains("Nothing here is confirmed"))
  }

  @Test func `what is contradicted never counts, nor decides what others are compared with`() throws {
    let honest = BenchmarkResult.made(correct: "1100")
    var forged = BenchmarkResult.made(correct: "1111", laboratory: "there")
    forged.draws = 6
    for standing in [Standing.confirmed(.everything), .notVerified] {
      let board = try Leaderboard([
        JudgedResult(forged, .contradicted("4 points are not decided as it says")), JudgedResult(honest, standing),
      ])
      #expect(board.sections[0].entries[0].draws == 5)
      let ball = board.sections[0].entries[0].balls[0]
      #expect(ball.worstCase?.value == 0.5)
      #expect(ball.rows[1].verdict == "not true: 4 points are not decided as it says")
      #expect(!ball.rows[1].counts)
    }
    let alone = try Leaderboard([JudgedResult(forged, .contradicted("no"))])
    #expect(alone.sections[0].entries[0].balls[0].worstCase == nil)
    #expect(alone.sections[0].entries[0].balls[0].isBelievable == false)
  }

  @Test func `checks that were not made again are called claims, whatever else is confirmed`() throws {
    let board = try Leaderboard([JudgedResult(.made(correct: "1100"), .confirmed(.number))])
    #expect(board.hasConfirmedResults)
    #expect(board.markdown.contains("| **believable · checks as claimed** |"))
    #expect(board.csv.contains(",confirmed,claimed"))
  }

  @Test func `suites of one name and other contents are told apart`() throws {
    let board = try Leaderboard([.made(suite: "e"), .made(suite: "f")])
    #expect(board.sections.map(\.title) == ["standard 1 (eeeeeeeeeeee…)", "standard 1 (ffffffffffff…)"])
    #expect(board.markdown.contains("## standard 1 (eeeeeeeeeeee…), data"))
    #expect(try Leaderboard([.made()]).sections[0].title == "standard 1")
  }

  @Test func `costs add up however large they are`() throws {
    let board = try Leaderboard([
      .made(memberGradients: 1 << 53), .made(attack: "mine", memberGradients: 1 << 53),
    ])
    #expect(board.markdown.contains("18,014,398,509,481,984"))
  }
}
