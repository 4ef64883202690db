import Foundation
import PosteriorFiles
import TestSupport
import Testing

/// `posterior diagnose`.
@Suite(.inTurnEarly) struct DiagnoseTests {
  @Test(arguments: [
    ("mnist-fc2-relu", "8"), ("mnist-conv-leaky", "4"), ("mnist-fc1-tanh-sharp", "6"), ("moons-fc2-leaky", "16"),
  ]) func `an ensemble has predictions but no convergence, and its file stays as it is`(_ name: String, _ draws: String)
    throws
  {
    let path = Sample.oracle(name)
    let before = try Data(contentsOf: URL(fileURLWithPath: path))
    let run = try Program.posterior.run(["diagnose", path])
    #expect(run.code == 0)
    #expect(run.errors.isEmpty)
    #expect(run.output.contains("posterior  each draw:"))
    #expect(
      run.output.hasSuffix(
        "\nVerdict: an ensemble of \(draws) networks trained separately: convergence does not apply.\n"))
    #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == before)
  }

  @Test func `accuracy is that of evaluate`() throws {
    let run = try Program.posterior.run(["diagnose", "--json", "--examples", "60", Sample.main])
    #expect(run.code == 0)
    let json = try #require(try JSONSerialization.jsonObject(with: Data(run.output.utf8)) as? [String: Any])
    let evaluated = try report(["--model", Sample.main, "--examples", "60", "--attack", "fgsm"])
    let quality = try #require(json["quality"] as? [String: Any])
    #expect(quality["examples"] as? Int == 60)
    let accuracy = try #require((quality["predictive"] as? [String: Any])?["accuracy"] as? Double)
    // Two parsers of the same digits may differ in the last bit.
    #expect(abs(accuracy - evaluated.cleanAccuracy) < 1e-12)
    let draws = try #require((quality["eachDraw"] as? [String: Any])?["accuracy"] as? [String: Any])
    #expect((draws["values"] as? [Double])?.count == 8)
    #expect(json["posteriorSHA256"] as? String == evaluated.posteriorSHA256)
    #expect(json["outcome"] as? String == "does not apply")
    #expect(json["weightSpace"] is NSNull)
  }

  @Test func `a file without evaluation data is diagnosed in weight space`() throws {
    try withFolder { folder in
      var contents = try PosteriorContents(
        copying: PosteriorFile.open(try SmallPosterior(draws: 40).write(to: folder, hasData: false), probe: nil))
      contents.kind = .mcmc
      contents.chainCount = 2
      let path = folder.appendingPathComponent("chains.h5").path
      try PosteriorWriter.write(contents, to: path)
      let run = try Program.posterior.run(["diagnose", path])
      #expect(run.code == 0)
      #expect(run.output.contains("no labelled held-out data"))
      #expect(run.output.contains("in weight space"))
      #expect(!run.output.contains("function space"))
      #expect(try names(in: folder) == ["bare.h5", "chains.h5"])
    }
  }

  @Test(arguments: [
    (["diagnose"], 64), (["diagnose", "--examples", "0", Sample.main], 64), (["diagnose", "/nonexistent.h5"], 65),
    (["diagnose", Sample.malformed("weight-nan")], 65), (["diagnose", Sample.malformed("changed-provenance")], 65),
    (["diagnose", "--accept-changed", Sample.malformed("changed-provenance")], 0),
    (["diagnose", Sample.malformed("valid")], 0),
  ]) func `the exit code is about the file, not about the verdict`(_ arguments: [String], _ code: Int) throws {
    let run = try Program.posterior.run(arguments)
    #expect(run.code == Int32(code), "\(run.errors)")
    #expect(run.errors.isEmpty == (code == 0))
  }
}
