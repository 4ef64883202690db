import NeuralNetworks
import PosteriorFiles
import RobustnessCore
import TestSupport
import Testing

@testable import TrainingHarness

/// The answers that a training run puts into its file, and those of files that it is given.
@Suite(.inTurn) struct OwnAnswersTests {
  @Test func `a file of a run says what its network answers, and a reader finds the same`() throws {
    let folder = try TestFolder()
    try train(folder.words())
    let file = try PosteriorFile.open(folder.path("run.h5"), probe: nil)
    #expect(file.formatVersion == "1.1")
    let answers = try #require(try file.referenceAnswers())
    #expect(answers.precision == .float64)
    #expect(answers.software?.hasPrefix("bayesian-robustness ") == true)
    // Two chains of five draws, twelve examples, two classes.
    #expect(answers.inputs.count == 24 && answers.logits?.count == 10 * 12 * 2)
    let findings = try #require(try file.referenceFindings())
    #expect(findings.outcome == .agrees && findings.largest < 1e-12)
  }

  @Test func `a run without evaluation data has no inputs to answer at`() throws {
    let folder = try TestFolder()
    try train(folder.words("run.h5", ["--evaluation-examples", "0"]))
    let file = try PosteriorFile.open(folder.path("run.h5"), probe: nil)
    #expect(!file.hasReferenceAnswers)
  }

  /// The file of a run with other weights in one draw than those that answered.
  private func writeCorrupted(_ folder: TestFolder, from name: String, to other: String) throws {
    let file = try PosteriorFile.open(folder.path(name), probe: nil)
    var contents = try PosteriorContents(copying: file)
    contents.weights = InMemoryWeights(
      architecture: file.architecture,
      draws: try (0..<file.drawCount).map { draw in
        var weights = [Float](repeating: 0, count: file.architecture.parameterCount)
        try weights.withUnsafeMutableBufferPointer { try file.read(draw: draw, into: $0) }
        if draw == 7 { weights[weights.count - 1] += 1 }
        return weights
      })
    try PosteriorWriter.write(contents, to: folder.path(other))
  }

  @Test func `a start that does not answer as it says is refused`() throws {
    let folder = try TestFolder()
    try train(folder.words("a.h5"))
    try writeCorrupted(folder, from: "a.h5", to: "b.h5")
    let refused = try #require(failureOf(folder.words("c.h5", ["--start", folder.path("b.h5")])))
    #expect(refused.code == 65)
    #expect(refused.text.contains("does not answer as bayesian-robustness"))
    #expect(refused.text.contains("chain 1, draw 2 is left aside"))
    #expect(try folder.names == ["a.h5", "b.h5", "data.h5"])
    #expect(failureOf(folder.words("c.h5", ["--start", folder.path("a.h5")])) == nil)
  }

  @Test func `a complete run that does not answer as it says is not called complete`() throws {
    let folder = try TestFolder()
    try train(folder.words("a.h5"))
    #expect(failureOf(["--resume", folder.path("a.h5")]) == nil)
    try writeCorrupted(folder, from: "a.h5", to: "b.h5")
    let refused = try #require(failureOf(["--resume", folder.path("b.h5")]))
    #expect(refused.code == 65 && refused.text.contains("chain 1, draw 2 is left aside"))
  }
}
