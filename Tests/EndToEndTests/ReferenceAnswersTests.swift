import Foundation
import NeuralNetworks
import PosteriorFiles
import RobustnessCore
import TestSupport
import Testing

/// Answers of the author's program, from the file to the verdict.
@Suite(.inTurn) struct ReferenceAnswersTests {
  /// A small posterior with answers to its first examples, at inputs that the author's program changed before.
  private func write(
    to folder: URL, precision: AnswerPrecision = .float64, _ change: (Double) -> Double = { $0 }
  ) throws -> String {
    let plain = try PosteriorFile.open(try SmallPosterior().write(to: folder), probe: nil)
    var contents = try PosteriorContents(copying: plain)
    let inputs = Array(try #require(try plain.evaluationData()).values.prefix(5 * SmallPosterior.size))
    let seen = Tensor(shape: [5, SmallPosterior.size], elements: inputs.map(change))
    var logits: [Double] = []
    for draw in 0..<plain.drawCount {
      var parameters = [Float](repeating: 0, count: plain.architecture.parameterCount)
      try parameters.withUnsafeMutableBufferPointer { try plain.read(draw: draw, into: $0) }
      logits += try Network(architecture: plain.architecture, parameters: parameters).logits(seen).elements
    }
    contents.referenceAnswers = ReferenceAnswers(
      inputs: .floats(inputs.map { Float($0) }), logits: .doubles(logits), software: "another program",
      precision: precision)
    let path = folder.appendingPathComponent("answered.h5").path
    try PosteriorWriter.write(contents, to: path)
    return path
  }

  private func check(_ report: Report, _ attack: String = "fgsm") throws -> Report.Run.Check {
    try #require(try report.run(attack).checks.first { $0.name == "reference-answers" })
  }

  @Test func `a forgotten normalisation is no longer believed, and is named`() throws {
    try withFolder { folder in
      let path = try write(to: folder) { ($0 - 0.1307) / 0.3081 }
      let report = try report(["--model", path, "--attack", "fgsm"])
      #expect(report.verdict.failed == ["reference-answers"])
      #expect(try check(report).finding.hasSuffix("inputs are normalised, mean 0.1307 and scale 0.3081 (MNIST)"))
      #expect(try check(report).advice.contains(#""type": "normalize""#))
      let run = try Program.evaluate.run(["--model", path, "--attack", "fgsm"])
      #expect(run.code == 0)
      #expect(run.output.contains("NOT believable. The network does not answer as another program (float64) did: "))
    }
  }

  @Test func `answers that agree pass, whichever draws and examples are evaluated`() throws {
    try withFolder { folder in
      let path = try write(to: folder)
      for more in [[], ["--draws", "2"], ["--examples", "30"], ["--precision", "float64"]] {
        let report = try report(["--model", path, "--attack", "fgsm"] + more)
        #expect(try check(report).status == "passed")
        #expect(!report.verdict.failed.contains("reference-answers"))
        #expect(try check(report).finding.contains("5 inputs through 6 draws"))
      }
    }
  }

  @Test func `a file without answers evaluates as before`() throws {
    try withFolder { folder in
      let answered = try write(to: folder)
      let plain = folder.appendingPathComponent("small.h5").path
      let (with, without) = (
        try report(["--model", answered, "--attack", "fgsm"]), try report(["--model", plain, "--attack", "fgsm"])
      )
      #expect(try check(without).status == "not run" && check(without).passed == nil)
      #expect(without.posteriorSHA256 == with.posteriorSHA256 && without.dataSHA256 == with.dataSHA256)
      for (a, b) in zip(with.runs, without.runs) {
        #expect(a.robustAccuracy == b.robustAccuracy && a.softmaxRobustness == b.softmaxRobustness)
        let name = "reference-answers"
        #expect(a.checks.filter { $0.name != name } == b.checks.filter { $0.name != name })
      }
      #expect(!(try Program.evaluate.run(["--model", plain, "--attack", "fgsm"]).output.contains("reference")))
    }
  }

  @Test(arguments: TrainedFixturesTests.names) func `the fixtures answer as PyTorch did in float64`(
    _ name: String
  ) throws {
    let path = Fixtures.url("\(name).h5").path
    let report = try report(["--model", path, "--attack", "fgsm", "--examples", "50"])
    #expect(try check(report).status == "passed")
    #expect(try check(report).finding.contains("as PyTorch "))
    #expect(try #require(try check(report).value) < 1e-9)
    let verified = try Program.posterior.run(["verify", path])
    #expect(verified.code == 0)
    #expect(verified.output.contains("; answers as PyTorch "))
  }
}
