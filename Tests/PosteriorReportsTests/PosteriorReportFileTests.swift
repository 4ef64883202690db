import Diagnostics
import Foundation
import NeuralNetworks
import PosteriorFiles
import Reporting
import RobustnessCore
import TestSupport
import Testing

@testable import PosteriorReports

/// Chains of a small network whose weights are independent normal numbers, with what a sampler records.
enum SampledPosterior {
  static func contents(chains: Int = 4, draws: Int = 50, shift: Float = 0, hasData: Bool = true) throws
    -> PosteriorContents
  {
    let architecture = try Architecture(
      inputShape: [3], classCount: 2, layers: [.dense(name: "output", units: 2, activation: .identity)])
    let size = architecture.parameterCount
    let streams = RandomStreams(seed: 8, purpose: "test/posterior")
    let weights = (0..<chains * draws).map { draw in
      var stream = streams.stream(example: draw)
      // The weights of one class alone: logits that all move by the same amount say the same.
      return stream.normals(size).enumerated().map { Float($1) + ($0 < 3 ? shift * Float(draw / draws) : 0) }
    }
    var stream = streams.stream(example: -1)
    let inputs = stream.uniforms(60 * 3).map { Float($0) }
    let count = chains * draws
    return PosteriorContents(
      weights: InMemoryWeights(architecture: architecture, draws: weights), chainCount: chains, inputBounds: 0...1,
      kind: .mcmc,
      sampleStatistics: [
        SampleStatistic(name: "lp", values: stream.normals(count)),
        SampleStatistic(name: "energy", values: stream.normals(count)),
        SampleStatistic(name: "acceptance_rate", values: [Double](repeating: 0.8, count: count)),
        SampleStatistic(name: "diverging", values: [Double](repeating: 0, count: count)),
      ],
      evaluationData: hasData
        ? LabelledData(
          inputs: .floats(inputs), inputShape: [3], labels: (0..<60).map { inputs[3 * $0] > 0.5 ? 1 : 0 }) : nil)
  }
}

@Suite(.inTurn) struct `Reports on files` {
  @Test func `weight space is of what differs between draws`() throws {
    var contents = try SampledPosterior.contents()
    let architecture = contents.weights.architecture
    let draws = try (0..<200).map { draw in
      var values = [Float](repeating: 0, count: architecture.parameterCount)
      try values.withUnsafeMutableBufferPointer { try contents.weights.read(draw: draw, into: $0) }
      return values[..<6] + [1, 2]
    }
    contents.weights = InMemoryWeights(architecture: architecture, draws: draws.map(Array.init))
    let whole = try #require(try PosteriorReport(of: contents).weightSpace)
    #expect(whole.population == 8 && whole.undefinedCount == 2)
    contents.sharedParameters = [1]
    try withFile(contents) { file in
      let drawn = try #require(try PosteriorReport(of: file).weightSpace)
      #expect(drawn.population == 6 && drawn.undefinedCount == 0)
    }
  }

  private func withFile<R>(_ contents: PosteriorContents, _ body: (PosteriorFile) throws -> R) throws -> R {
    try withFolder { folder in
      let path = folder.appendingPathComponent("report.h5").path
      try PosteriorWriter.write(contents, to: path)
      return try body(try PosteriorFile.open(path, probe: nil))
    }
  }

  @Test(arguments: [
    "mnist-fc2-relu", "mnist-conv-leaky", "mnist-fc1-tanh-sharp", "mnist-fc2-tanh-saturated", "moons-fc2-leaky",
  ])
  func `clean accuracy is the reference's`(_ name: String) throws {
    let data = try Data(contentsOf: Fixtures.url("oracles/\(name).expected.json"))
    let expected = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
    let clean = try #require((expected["accuracy"] as? [String: Any])?["clean"] as? Double)
    let file = try PosteriorFile.open(Fixtures.url("oracles/\(name).h5").path, probe: nil)
    let report = try PosteriorReport(of: file)
    let quality = try #require(report.quality)
    #expect(abs(quality.predictive.accuracy - clean) < 1e-9)
    #expect(quality.draws.count == file.drawCount)
    #expect(report.outcome == .doesNotApply)
    #expect(report.allChains.distinctDrawCount == file.distinctDrawCount)
  }

  @Test func `what is written and what was written give the same report`() throws {
    let contents = try SampledPosterior.contents()
    let before = try PosteriorReport(of: contents)
    let after = try withFile(contents) { try PosteriorReport(of: $0, threads: 1) }
    #expect(before == after)
    #expect(before.outcome == .convergedWithReservations)
    #expect(before.checks.filter { $0.status == .warning }.map(\.name).contains("effective-sample-size"))
  }

  @Test func `other held-out data take the place of the contents' own`() throws {
    let contents = try SampledPosterior.contents()
    let data = LabelledData(inputs: .doubles([0, 0, 0, 1, 1, 1]), inputShape: [3], labels: [0, 1])
    #expect(try PosteriorReport(of: contents, heldOut: data).quality?.exampleCount == 2)
    #expect(try PosteriorReport(of: contents, examples: 7).quality?.exampleCount == 7)
    #expect(try PosteriorReport(of: contents, examples: 7000).quality?.exampleCount == 60)
  }

  @Test func `chains apart have not converged, in a file without data as well`() throws {
    let apart = try withFile(SampledPosterior.contents(shift: 3)) { try PosteriorReport(of: $0) }
    #expect(apart.outcome == .notConverged)
    #expect(apart.verdict.contains("in function space"))
    let bare = try withFile(SampledPosterior.contents(shift: 3, hasData: false)) { try PosteriorReport(of: $0) }
    #expect(bare.outcome == .notConverged)
    #expect(bare.verdict.contains("in weight space"))
    #expect(bare.table.contains("no labelled held-out data"))
  }

  @Test func `chains of unequal length are refused`() throws {
    var contents = try SampledPosterior.contents()
    contents.chainCount = 3
    #expect(throws: CoreError.self) { try PosteriorReport(of: contents) }
  }

  @Test func `held-out data of another network, and no examples at all, are refused`() throws {
    let contents = try SampledPosterior.contents(draws: 4)
    for data in [
      LabelledData(inputs: .doubles([0, 0]), inputShape: [2], labels: [0]),
      LabelledData(inputs: .doubles([0, 0, 0]), inputShape: [3], labels: [2]),
    ] {
      #expect(throws: CoreError.self) { try PosteriorReport(of: contents, heldOut: data) }
    }
    #expect(throws: CoreError.self) { try PosteriorReport(of: contents, examples: 0) }
    let none = LabelledData(inputs: .doubles([]), inputShape: [3], labels: [])
    #expect(try PosteriorReport(of: contents, heldOut: none).functionSpace == nil)
  }

  // MARK: - Text

  @Test func `the summary for a file's provenance is short, without lists of draws, and the same every time`() throws {
    var contents = try SampledPosterior.contents()
    let report = try PosteriorReport(of: contents)
    contents.provenance.merge(report.provenanceEntries) { $1 }
    let text = report.summaryJSON.compact
    #expect(text == (try PosteriorReport(of: contents)).summaryJSON.compact)
    #expect(try withFile(contents) { $0.provenance["diagnostics"] } == text)
    #expect(text.utf8.count < 8000)
    let object = try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
    #expect(
      object.keys.sorted() == [
        "all_chains", "chains", "checks_made", "draws", "draws_per_chain", "energy", "function_space", "kind",
        "log_density", "non_finite_numbers", "outcome", "quality", "verdict", "weight_space",
      ])
    let space = try #require(object["function_space"] as? [String: Any])
    // As text: JSONSerialization may lose the last bit of a number.
    func number(_ key: String) throws -> Double {
      let group = try #require(text.range(of: "\"function_space\""))
      let start = try #require(text[group.upperBound...].range(of: "\"\(key)\":"))
      return try #require(Double(text[start.upperBound...].prefix { !",}".contains($0) }))
    }
    #expect(space.keys.contains("ninth_decile_r_hat"))
    #expect(try number("ninth_decile_r_hat") == report.functionSpace?.ninthDecileRHat)
    #expect(try number("smallest_bulk_ess") == report.functionSpace?.smallestBulkESS)
    let checks = try #require(object["checks_made"] as? [[String: Any]])
    #expect(checks.compactMap { $0["name"] as? String } == report.checks.map(\.name))
    let quality = try #require(object["quality"] as? [String: Any])
    let accuracy = try #require((quality["each_draw"] as? [String: Any])?["accuracy"] as? [String: Any])
    #expect(accuracy.keys.sorted() == ["maximum", "mean", "minimum"])
  }

  @Test func `the table has a column for every space and a row for every chain, and ends with the verdict`() throws {
    let report = try PosteriorReport(of: SampledPosterior.contents())
    let table = report.table
    for text in [
      "function space", "60 inputs", "weight space", "8 parameters", "log-density", "energy", "R-hat, ninth decile",
      "acceptance", "80.0 %", "E-BFMI", "  ✓ finite-values", "\nall ", "\n3 ",
    ] {
      #expect(table.contains(text), "\(text)")
    }
    #expect(table.hasSuffix("\nVerdict: \(report.verdict)\n"))
    // What nobody recorded has no column.
    #expect(!table.contains("step size"))
  }

  @Test func `names for the file format`() {
    #expect(
      JSONText.object([("largestRHat", .object([("medianTailESS", .null)])), ("draws", .integer(1))]).withSnakeCaseKeys
        .compact
        == #"{"largest_r_hat":{"median_tail_ess":null},"draws":1}"#)
  }
}
