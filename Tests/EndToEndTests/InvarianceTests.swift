import Foundation
import HDF5
import TestSupport
import Testing

/// What must not change the result, and what must.
@Suite(.inTurn) struct InvarianceTests {
  private func json(_ arguments: [String]) throws -> String {
    let run = try Program.evaluate.run(["--model", Sample.main, "--examples", "30", "--format", "json"] + arguments)
    try #require(run.code == 0, "\(run.errors)")
    return timeless(run.output)
  }

  @Test func `threads, a memory limit and running it again change no digit`() throws {
    let plain = try json(["--threads", "1"])
    #expect(try json(["--threads", "1"]) == plain)
    #expect(try json(["--threads", "2"]) == plain)
    #expect(try json(["--threads", "3"]) == plain)
    #expect(try json(["--threads", "1", "--memory-limit", "10GB"]) == plain)
  }

  @Test func `draws that are read again for every pass give the same digits`() throws {
    // 40 draws of 16 hidden units take about 4 MB packed; one group of 8 fits into what this limit leaves.
    try withFolder { folder in
      let path = try SmallPosterior(draws: 80).write(to: folder)
      let plain = try Program.evaluate.run(["--model", path, "--format", "json"])
      // The least limit that works, found by trying: the process itself takes tens of megabytes, which differ between
      // systems.
      var streamed: Program.Run?
      for megabytes in stride(from: 50, through: 200, by: 1) {
        let run = try Program.evaluate.run([
          "--model", path, "--format", "json", "--threads", "1", "--memory-limit", "\(megabytes)MB",
        ])
        if run.code == 0 { streamed = run } else { #expect(run.errors.contains("Raise --memory-limit")) }
        if streamed != nil { break }
      }
      #expect(timeless(try #require(streamed).output) == timeless(plain.output))
    }
  }

  @Test func `the seed names the random starts`() throws {
    let weak = ["--attack", "pgd:steps=2", "--epsilon", "0.05"]
    let first = try json(weak + ["--seed", "1"])
    #expect(try json(weak + ["--seed", "1"]) == first)
    let runs = { (text: String) in text.components(separatedBy: "\"seed\":").last?.drop { $0 != "\n" } }
    #expect(runs(try json(weak + ["--seed", "2"])) != runs(first))
  }

  @Test func `an example's outcome does not depend on how many others there are`() throws {
    try withFolder { folder in
      func points(_ count: Int) throws -> [Double] {
        let path = folder.appendingPathComponent("\(count).h5").path
        let run = try Program.evaluate.run([
          "--model", Sample.main, "--examples", "\(count)", "--epsilon", "0.05", "--save-adversarial", path,
        ])
        try #require(run.code == 0, "\(run.errors)")
        return try HDF5File.open(path).dataset("/runs/0/inputs").readAll(as: Double.self)
      }
      let few = try points(7)
      #expect(few.count == 7 * 784)
      #expect(try points(300).prefix(few.count).elementsEqual(few))
    }
  }
}
