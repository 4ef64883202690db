import Foundation
import TestSupport
import Testing

/// Portfolios as a user runs them: killed, resumed, and on any number of threads.
@Suite(.inTurn) struct `A portfolio from the command line` {
  private static let words = [
    "--model", Fixtures.url("oracles/mnist-fc1-tanh-sharp.h5").path, "--examples", "24", "--epsilon", "0.03",
    "--format", "json",
  ]

  private func json(_ more: [String]) throws -> String {
    let run = try Program.evaluate.run(Self.words + more)
    try #require(run.code == 0, "\(run.errors)")
    return timeless(run.output)
  }

  @Test func `killed after any stage, it goes on to the same result`() throws {
    try withFolder { folder in
      let portfolio = ["--attack", "standard"]
      let whole = try json(portfolio)
      let checkpoint = folder.appendingPathComponent("state.checkpoint")
      let words = Self.words + portfolio + ["--checkpoint", checkpoint.path]
      var kills = 0
      var output: String?
      while output == nil {
        let before = try? Data(contentsOf: checkpoint)
        let running = try Program.evaluate.start(words)
        // A new stage is in the file, or the run is over.
        while !running.hasEnded, kills >= 4 || (try? Data(contentsOf: checkpoint)) == before { usleep(1000) }
        if kills < 4 { running.signal(SIGKILL) }
        let run = try running.wait()
        if run.isSignal { kills += 1 } else { output = run.output }
        try #require(kills < 20)
      }
      #expect(kills >= 2)
      #expect(timeless(try #require(output)) == whole)
      // Everything is known: nothing is attacked again, and the result is the same.
      #expect(try json(portfolio + ["--checkpoint", checkpoint.path]) == whole)
      // Another request in the same file begins anew, and is none the worse for it.
      let other = portfolio + ["--seed", "3"]
      #expect(try json(other + ["--checkpoint", checkpoint.path]) == json(other))
    }
  }

  @Test(arguments: ["standard", "quick:norm=l2"]) func `threads and memory change no digit`(_ portfolio: String) throws
  {
    let plain = try json(["--attack", portfolio, "--threads", "1"])
    #expect(try json(["--attack", portfolio, "--threads", "2"]) == plain)
    #expect(try json(["--attack", portfolio, "--threads", "3", "--memory-limit", "10GB"]) == plain)
  }
}
