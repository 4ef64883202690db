import Foundation
import Shell
import TestSupport
import Testing

@testable import PaperExperiments

@Suite(.inTurn) struct `Output of a reproduction` {
  #if os(Linux)
  @Test func `a plan for a full disk ends with 70`() throws {
    try withFolder { folder in
      let words = ["figure1", "--scale", "smoke", "--output", folder.path, "--dry-run"]
      let run = try Program.reproduce.run(words, setUp: "exec >/dev/full")
      #expect(run.code == 70 && !run.isSignal)
      #expect(run.errors == "error: standard output cannot be written: No space left on device\n")
      let whole = try Program.reproduce.run(words)
      #expect(whole.code == 0)
      #expect(whole.output.hasPrefix("figure1: about ") && whole.output.hasSuffix(" on two cores\n"))
    }
  }
  #endif

  @Test func `a file that cannot be written is an output error, and the old one stays`() throws {
    try withFolder { folder in
      let path = folder.appendingPathComponent("page.md").path
      try ResultFile.write("old", to: path)
      try ResultFile.write("new", to: path)
      #expect(try String(contentsOfFile: path, encoding: .utf8) == "new")
      try FileManager.default.createDirectory(atPath: folder.path + "/taken", withIntermediateDirectories: true)
      for (name, reason) in [("taken", "Is a directory"), ("nowhere/page.md", "No such file or directory")] {
        let error = #expect(throws: OutputError.self) {
          try ResultFile.write("text", to: folder.path + "/" + name)
        }
        #expect(error?.description == "\(folder.path)/\(name) cannot be written: \(reason)")
      }
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted() == ["page.md", "taken"])
    }
  }
}
