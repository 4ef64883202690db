import Foundation
import NeuralNetworks
import PosteriorFiles
import RobustnessCore
import TestSupport
import Testing

@testable import TrainingHarness

/// What a run leaves behind.
@Suite(.inTurn) struct `A training run` {
  @Test func `writes chains, statistics, examples and where they come from`() throws {
    let folder = try TestFolder()
    let printed = try train(
      folder.words("run.h5", ["--evaluation-examples", "4", "--prior-scale", "0.5", "--threads", "3"]))
    #expect(printed.contains("2 chains × 5 draws") && printed.contains("evaluate --model"))
    #expect(try folder.names == ["data.h5", "run.h5"])
    let file = try PosteriorFile.open(folder.path("run.h5"), probe: nil)
    #expect(file.kind == .mcmc && file.chainCount == 2 && file.drawsPerChain == 5)
    #expect(file.exactness == .exact)
    #expect(file.architecture.summary == "2-2-2 tanh")
    #expect(try file.sampleStatistics().map(\.name) == ["acceptance_rate", "lp"])
    #expect(file.evaluationShape == [4, 2])
    #expect(file.provenance["method"] == "walk" && file.provenance["dataset"] == "data.h5")
    #expect(file.provenance["generator"] == "Philox 4x32-10" && file.provenance["seed"] == "0")
    #expect(
      file.provenance["command_line"]
        == "train walk --data data.h5 --architecture dense:2,tanh --draws 5 --chains 2 --evaluation-examples 4 --prior-scale 0.5"
    )
    #expect(file.provenance["data_evaluation"] == "train")
    #expect(file.provenance["incomplete"] == nil)
  }

  @Test func `the log-densities in the file are those of its draws`() throws {
    let folder = try TestFolder()
    try train(folder.words("run.h5", ["--prior-scale", "0.5,2", "--temperature", "2"]))
    let file = try PosteriorFile.open(folder.path("run.h5"), probe: nil)
    let lp = try #require(try file.sampleStatistics().first { $0.name == "lp" })
    let data = try TrainingData(
      try RunOptions(assignments: ["data": folder.path("data.h5")]), path: folder.path("data.h5"), probe: nil)
    let network = try BayesianNetwork(
      architecture: file.architecture, prior: GaussianPrior(.perLayer([0.5, 2]), architecture: file.architecture),
      examples: data.examples, configuration: .init(temperature: 2))
    for draw in 0..<file.drawCount {
      var weights = [Float](repeating: 0, count: file.architecture.parameterCount)
      try weights.withUnsafeMutableBufferPointer { try file.read(draw: draw, into: $0) }
      let value = try RandomWalkMetropolis.logDensity(network, weights.map(Double.init))
      #expect(abs(value - lp.values[draw]) < 1e-9 * abs(value))
    }
  }

  @Test func `does not depend on threads, on the output's name or on what is shown`() throws {
    let folder = try TestFolder()
    try train(folder.words("a.h5", ["--threads", "1"]))
    try train(folder.words("b.h5", ["--threads", "4", "--quiet", "--compress"]))
    #expect(try contentSHA256(folder.path("a.h5")) == contentSHA256(folder.path("b.h5")))
  }

  @Test func `another seed gives other draws, and chains differ`() throws {
    let folder = try TestFolder()
    try train(folder.words("a.h5"))
    try train(folder.words("b.h5", ["--seed", "1"]))
    let a = try PosteriorFile.open(folder.path("a.h5"), probe: nil)
    let b = try PosteriorFile.open(folder.path("b.h5"), probe: nil)
    #expect(a.posteriorSHA256 != b.posteriorSHA256)
    var first = [Float](repeating: 0, count: a.architecture.parameterCount)
    var second = first
    try first.withUnsafeMutableBufferPointer { try a.read(draw: 0, into: $0) }
    try second.withUnsafeMutableBufferPointer { try a.read(draw: 5, into: $0) }
    #expect(first != second)
  }

  @Test func `a subset is class-balanced and recorded`() throws {
    let folder = try TestFolder()
    try train(folder.words("a.h5", ["--training-examples", "6"]))
    let file = try PosteriorFile.open(folder.path("a.h5"), probe: nil)
    #expect(file.provenance["data_train_count"] == "6")
    #expect(file.provenance["data_train_indices_sha256"]?.count == 64)
    #expect(file.provenance["data_source_sha256"] != file.provenance["data_train_sha256"])
  }

  @Test func `a fitted distribution is in the file with its draws`() throws {
    let folder = try TestFolder()
    try train([
      "gaussian", "--data", folder.path("data.h5"), "--architecture", "dense:", "--draws", "7", "--output",
      folder.path("a.h5"),
    ])
    let file = try PosteriorFile.open(folder.path("a.h5"), probe: nil)
    #expect(file.kind == .variational && file.chainCount == 1 && file.drawsPerChain == 7)
    #expect(try file.variationalParameters()?.scale == [Float](repeating: 0.1, count: 6))
  }

  @Test func `networks are chains of one draw, and one network is single`() throws {
    let folder = try TestFolder()
    let words = ["standstill", "--data", folder.path("data.h5"), "--architecture", "dense:"]
    try train(words + ["--members", "3", "--output", folder.path("a.h5")])
    let ensemble = try PosteriorFile.open(folder.path("a.h5"), probe: nil)
    #expect(ensemble.kind == .ensemble && ensemble.chainCount == 3 && ensemble.drawsPerChain == 1)
    #expect(ensemble.distinctDrawCount == 3)
    // Their sampler promises nothing.
    #expect(ensemble.exactness == nil)
    try train(words + ["--members", "1", "--output", folder.path("b.h5")])
    #expect(try PosteriorFile.open(folder.path("b.h5"), probe: nil).kind == .single)
  }

  @Test func `chains start at the draws of a file, one of each chain first`() throws {
    let folder = try TestFolder()
    try train(folder.words("a.h5"))
    let words = [
      "standstill", "--data", folder.path("data.h5"), "--architecture", "dense:2,tanh", "--start", folder.path("a.h5"),
    ]
    try train(words + ["--members", "12", "--output", folder.path("b.h5")])
    let a = try PosteriorFile.open(folder.path("a.h5"), probe: nil)
    let b = try PosteriorFile.open(folder.path("b.h5"), probe: nil)
    func draw(_ file: PosteriorFile, _ number: Int) throws -> [Float] {
      var weights = [Float](repeating: 0, count: file.architecture.parameterCount)
      try weights.withUnsafeMutableBufferPointer { try file.read(draw: number, into: $0) }
      return weights
    }
    #expect(try draw(b, 0) == draw(a, 4) && draw(b, 1) == draw(a, 9) && draw(b, 2) == draw(a, 3))
    #expect(try draw(b, 10) == draw(a, 4))
    #expect(b.provenance["start_sha256"] == a.posteriorSHA256)
    let other = try #require(
      failureOf(words.map { $0 == "dense:2,tanh" ? "dense:3,tanh" : $0 } + ["--output", folder.path("c.h5")]))
    #expect(other.text.contains("holds 2-2-2 tanh") && other.code == 65)
  }

  @Test func `the start map is a maximum`() throws {
    let folder = try TestFolder()
    let data = try TrainingData(
      try RunOptions(assignments: ["data": folder.path("data.h5")]), path: folder.path("data.h5"), probe: nil)
    let architecture = try ArchitectureSpecification.resolve("dense:", inputShape: [2], classCount: 2)
    let network = try BayesianNetwork(
      architecture: architecture, prior: GaussianPrior(.global(1), architecture: architecture), examples: data.examples)
    let starts = ChainStarts.map(MaximumPosterior(iterations: 2000, learningRate: 0.05))
    let map = try starts.start(of: 0, network, seed: 0) { _, _ in }.map(Double.init)
    // Logistic regression has one maximum, where the gradient is zero.
    var gradient = [Double](repeating: 1, count: map.count)
    try map.withUnsafeBufferPointer { map in
      try gradient.withUnsafeMutableBufferPointer { _ = try network.evaluate(map, gradient: $0) }
    }
    #expect(gradient.allSatisfy { abs($0) < 1e-3 }, "\(gradient)")
  }
}
