import Foundation
import TestSupport
import Testing

/// The program `posterior`, as a user calls it.
@Suite(.inTurn) struct ProgramTests {
  @Test func `inspect shows what a file holds`() throws {
    let result = try Program.posterior.run(["inspect", TestFiles.oracle("mnist-fc2-relu")])
    #expect(result.code == 0)
    #expect(result.errors.isEmpty)
    for text in [
      "784-64-64-10 ReLU", "8 chains × 1 draws", "8 of 8", "0.0 to 1.0", "500 examples of 1 × 28 × 28", "ensemble",
      "verified", "pytorch-reference",
    ] {
      #expect(result.output.contains(text), "\(text)")
    }
  }

  @Test func `verify accepts a valid file`() throws {
    let result = try Program.posterior.run(["verify", TestFiles.malformed("valid.h5")])
    #expect(result.code == 0)
    // Two draws of two chains.
    #expect(result.output.contains("valid.h5: valid, with 1 warning\n"))
    #expect(
      result.errors.hasSuffix(
        ": not judged: 2 draws a chain are too few to judge convergence (4 at least). "
          + "Longer chains; networks trained separately have the kind ensemble.\n"), "\(result.errors)")
  }

  @Test func `verify lists every problem, not the first alone`() throws {
    let path = TestFiles.malformed("two-problems.h5")
    let result = try Program.posterior.run(["verify", path])
    #expect(result.code == 65)
    #expect(result.output.isEmpty)
    #expect(result.errors.contains("error: \(path): /posterior/output.weight has shape (2, 2, 3, 2)"))
    #expect(result.errors.contains("error: \(path): /provenance@kind is \"guess\""))
  }

  @Test(arguments: [
    (["inspect"], 64), (["nonsense"], 64), (["inspect", "/nonexistent-file.h5"], 65), (["--help"], 0),
  ]) func `the exit code says what kind of failure it was`(arguments: [String], code: Int) throws {
    #expect(try Program.posterior.run(arguments).code == Int32(code))
  }

  @Test func `an output that cannot be written is 70`() throws {
    let result = try Program.posterior.run(["copy", TestFiles.malformed("valid.h5"), "/nonexistent-folder/copy.h5"])
    #expect(result.code == 70)
    #expect(result.errors.hasPrefix("error: /nonexistent-folder/copy.h5: could not be written"))
  }

  @Test func `a changed file is read only on request`() throws {
    let path = TestFiles.malformed("changed-provenance.h5")
    #expect(try Program.posterior.run(["inspect", path]).code == 65)
    let accepted = try Program.posterior.run(["inspect", "--accept-changed", path])
    #expect(accepted.code == 0)
    #expect(accepted.output.contains("CHANGED"))
  }

  @Test func `an unsigned file is read and said to be unsigned`() throws {
    try withFolder { folder in
      let path = folder.appendingPathComponent("unsigned.h5")
      var bytes = try Data(contentsOf: URL(fileURLWithPath: TestFiles.malformed("valid.h5")))
      // Another name of the same length takes the attribute away.
      for name in ["posterior_sha256", "data_sha256", "content_sha256"] {
        while let range = bytes.range(of: Data(name.utf8)) {
          bytes.replaceSubrange(range, with: Data(name.replacing("sha256", with: "sha000").utf8))
        }
      }
      try bytes.write(to: path)
      let result = try Program.posterior.run(["inspect", path.path])
      #expect(result.code == 0)
      #expect(result.output.contains("unsigned"))
    }
  }
}
