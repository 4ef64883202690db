import Foundation
import TestSupport
import Testing

/// `posterior import` as a command.
@Suite(.inTurn) struct `The program that imports` {
  @Test func `leaves a file that is there alone, unless it is told to replace it`() throws {
    try withFolder { folder in
      let output = folder.appendingPathComponent("p.h5")
      try "what was there".write(to: output, atomically: true, encoding: .utf8)
      let graphs = (0..<2).map { Fixtures.url("import/binary-sigmoid/draw\($0).onnx").path }
      let words = ["import"] + graphs + ["--kind", "ensemble", "--output", output.path]
      let refused = try Program.posterior.run(words)
      #expect(refused.code == 64)
      #expect(
        refused.errors.contains(
          "\(output.path) is there already: give another --output, or --overwrite to replace it at the end"))
      #expect(try String(contentsOf: output, encoding: .utf8) == "what was there")
      let replaced = try Program.posterior.run(words + ["--overwrite"])
      #expect(replaced.code == 0)
      #expect(try Program.posterior.run(["verify", output.path]).code == 0)
    }
  }

  @Test func `names what was given in place of a graph`() throws {
    let file = Fixtures.url("import/inference-data/arviz1-netcdf4.nc").path
    let output = FileManager.default.temporaryDirectory.appendingPathComponent("\(UUID()).h5").path
    let refused = try Program.posterior.run(["import", file, "--output", output])
    #expect(refused.code == 65)
    #expect(refused.errors.contains("is HDF5, and no graph in ONNX: an InferenceData goes with --posterior"))
    #expect(!FileManager.default.fileExists(atPath: output))
  }
}
