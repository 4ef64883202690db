import Foundation
import NeuralNetworks
import PosteriorFiles
import RobustnessCore
import TestSupport
import Testing

/// Whatever speaks against convergence in a file, every program finds it, and calls it the same.
@Suite(.inTurn) struct ConvergenceEvidenceTests {
  private static let chains = 4
  private static let draws = 300

  /// Independent draws of a small network around one that knows its task, as chains, with what a sampler recorded.
  ///
  /// - Parameter apart: How far the chains lie from one another.
  private func write(
    _ statistics: [String: [Double]], kind: PosteriorKind? = .mcmc, chains: Int = chains, draws: Int = draws,
    apart: Float = 0, to folder: URL
  ) throws -> String {
    let architecture = try Architecture(
      inputShape: [2], classCount: 2, layers: [.dense(name: "output", units: 2, activation: .identity)])
    let streams = RandomStreams(seed: 21, purpose: "test/chains")
    let weights = (0..<chains * draws).map { draw in
      var stream = streams.stream(example: draw)
      let shift = apart * (Float(draw / draws) - Float(chains - 1) / 2)
      // The second class lies above x₀ = 1/2.
      return zip([0, 0, 12, 0, 0, -6], stream.normals(6)).enumerated().map { index, pair in
        Float(pair.0 + pair.1) + (index < 2 ? shift : 0)
      }
    }
    var stream = streams.stream(example: -1)
    let uniforms = stream.uniforms(80)
    let inputs = uniforms.enumerated().map { Float($0 % 2 == 0 ? ($0 % 4 == 0 ? 0.4 : 0.6) * (0.5 + $1) : $1) }
    let path = folder.appendingPathComponent("chains.h5").path
    try PosteriorWriter.write(
      PosteriorContents(
        weights: InMemoryWeights(architecture: architecture, draws: weights), chainCount: chains, inputBounds: 0...1,
        kind: kind, sampleStatistics: statistics.map { SampleStatistic(name: $0, values: $1) },
        evaluationData: LabelledData(
          inputs: .floats(inputs), inputShape: [2], labels: (0..<40).map { inputs[2 * $0] > 0.5 ? 1 : 0 })), to: path)
    return path
  }

  private func normals(_ count: Int = chains * draws, key: Int) -> [Double] {
    var stream = RandomStreams(seed: 22, purpose: "test/statistics").stream(example: key)
    return stream.normals(count)
  }

  /// What a sampler that worked records.
  private var sound: [String: [Double]] {
    [
      "lp": normals(key: 1), "energy": normals(key: 2),
      "diverging": [Double](repeating: 0, count: Self.chains * Self.draws),
    ]
  }

  /// What each program says about a file.
  private struct Judgements {
    var diagnosed: String
    var warnings: String
    var verified: String
    var verdict: Report.Verdict
    var convergence: Report.Run.Check?
  }

  private func judge(_ path: String) throws -> Judgements {
    let diagnosed = try Program.posterior.run(["diagnose", path])
    let verified = try Program.posterior.run(["verify", path])
    #expect(diagnosed.code == 0 && verified.code == 0)
    let report = try report(["--model", path, "--attack", "fgsm", "--epsilon", "0.02"])
    return Judgements(
      diagnosed: diagnosed.output, warnings: verified.errors, verified: verified.output, verdict: report.verdict,
      convergence: try report.run("fgsm").checks.first { $0.name == "convergence" })
  }

  /// Writes a file and judges it.
  private func judgements(
    _ statistics: [String: [Double]], kind: PosteriorKind? = .mcmc, chains: Int = chains, draws: Int = draws,
    apart: Float = 0
  ) throws -> Judgements {
    try withFolder { folder in
      try judge(write(statistics, kind: kind, chains: chains, draws: draws, apart: apart, to: folder))
    }
  }

  @Test func `chains that nothing speaks against are called converged by all`() throws {
    let found = try judgements(sound)
    #expect(!found.diagnosed.contains("not converged"))
    #expect(found.warnings.isEmpty, "\(found.warnings)")
    #expect(found.verdict.failed.isEmpty && !found.verdict.warnings.contains("convergence"), "\(found.verdict)")
    #expect(found.convergence?.status == "passed")
    let lines = found.verified.split(separator: "\n")
    #expect(lines.first?.hasSuffix("chains.h5: valid") == true)
    #expect(lines.last?.hasPrefix("  no draw diverged, R-hat 1.00 of the log-density, E-BFMI at least ") == true)
    #expect(
      lines.last?.hasSuffix("not run: R-hat in function space, which needs the network (posterior diagnose)") == true)
  }

  @Test func `most draws divergent have not converged for any program`() throws {
    var statistics = sound
    statistics["diverging"] = (0..<1200).map { $0 % 5 < 3 ? 1 : 0 }
    let found = try judgements(statistics)
    let finding = "720 of 1200 draws diverged"
    #expect(found.diagnosed.contains("Verdict: not converged: \(finding)"), "\(found.diagnosed)")
    #expect(
      found.warnings.contains("not converged: \(finding). Sample again with a smaller step size."), "\(found.warnings)")
    #expect(found.verdict.failed == ["convergence"])
    #expect(found.convergence?.finding.hasPrefix(finding) == true)
  }

  @Test func `a few divergent draws are a reservation for every program`() throws {
    var statistics = sound
    statistics["diverging"]?[77] = 1
    let found = try judgements(statistics)
    let finding = "1 of 1200 draws diverged"
    #expect(found.diagnosed.contains("! divergences"))
    #expect(found.diagnosed.contains(finding))
    #expect(found.warnings.contains(": \(finding). Sample again with a smaller step size."))
    #expect(!found.warnings.contains("not converged"))
    #expect(found.verdict.failed.isEmpty && found.verdict.warnings.contains("convergence"))
    #expect(found.convergence?.finding.hasPrefix(finding) == true)
  }

  @Test func `log-densities that stay apart have not converged for any program`() throws {
    var statistics = sound
    statistics["lp"] = normals(key: 1).enumerated().map { $1 + 4 * Double($0 / Self.draws) }
    let found = try judgements(statistics)
    #expect(found.diagnosed.contains("Verdict: not converged: R-hat "))
    let finding = try #require(found.convergence?.finding)
    #expect(finding.wholeMatch(of: /R-hat \d\.\d\d of the log-density, above 1\.10/) != nil, "\(finding)")
    #expect(found.diagnosed.contains(finding))
    #expect(found.warnings.contains("not converged: \(finding). "))
    #expect(found.verdict.failed == ["convergence"])
  }

  @Test func `energies that hardly move are a reservation for every program`() throws {
    var statistics = sound
    var energy = 0.0
    statistics["energy"] = normals(key: 2).map { noise in
      energy = 0.97 * energy + 0.2 * noise
      return energy
    }
    let found = try judgements(statistics)
    let finding = try #require(found.convergence?.finding.split(separator: ",").first.map(String.init))
    #expect(finding.wholeMatch(of: /E-BFMI 0\.[012]\d in chain \d/) != nil, "\(finding)")
    for text in [found.diagnosed, found.warnings] { #expect(text.contains(finding + ", below 0.30"), "\(text)") }
    #expect(found.verdict.failed.isEmpty && found.verdict.warnings.contains("convergence"))
  }

  @Test func `what was never recorded judges nothing, and every program says so`() throws {
    let none = [Double](repeating: 0, count: Self.chains * Self.draws)
    let found = try judgements(["lp": none, "energy": none.map { _ in .nan }, "diverging": none])
    #expect(!found.diagnosed.contains("not converged") && !found.diagnosed.contains("no draw diverged"))
    for text in [found.diagnosed, found.warnings] {
      #expect(text.contains("/sample_stats/lp is 0 in every draw: it counts as not recorded"), "\(text)")
      #expect(text.contains("/sample_stats/energy is NaN in every draw"))
      #expect(text.contains("/sample_stats/diverging is 0 in every draw, as is what else was to be recorded"))
    }
    #expect(found.convergence?.status == "passed")
    #expect(found.verdict.failed.isEmpty && found.verdict.warnings.contains("file-statements"))
  }

  @Test func `chains apart are found where the network runs, and verify says that it did not`() throws {
    let found = try judgements(sound, apart: 1.5)
    #expect(found.diagnosed.contains("Verdict: not converged: R-hat "))
    #expect(found.verdict.failed == ["convergence"])
    #expect(found.convergence?.finding.contains("in function space, above 1.10") == true)
    #expect(found.warnings.isEmpty)
    #expect(found.verified.contains("not run: R-hat in function space"))
  }

  @Test func `chains stored as draws have not converged for any program that runs the network`() throws {
    // Read as 60 chains of four draws, where four chains were meant that stay apart: the weights of a draw depend on
    // its place among the four.
    let found = try withFolder { folder in
      let path = try write([:], chains: 4, draws: 60, apart: 2, to: folder)
      var contents = try PosteriorContents(copying: PosteriorFile.open(path, probe: nil))
      let architecture = contents.weights.architecture
      var turned: [[Float]] = []
      for draw in 0..<60 {
        for chain in 0..<4 {
          var values = [Float](repeating: 0, count: architecture.parameterCount)
          try values.withUnsafeMutableBufferPointer { try contents.weights.read(draw: chain * 60 + draw, into: $0) }
          turned.append(values)
        }
      }
      contents.weights = InMemoryWeights(architecture: architecture, draws: turned)
      contents.chainCount = 60
      let exchanged = folder.appendingPathComponent("exchanged.h5").path
      try PosteriorWriter.write(contents, to: exchanged)
      return try judge(exchanged)
    }
    let finding = try #require(found.convergence?.finding)
    #expect(finding.hasSuffix("in function space when read as 4 chains of 60 draws"), "\(finding)")
    #expect(found.diagnosed.contains("not converged: \(finding)"), "\(found.diagnosed)")
    #expect(found.warnings.contains("60 chains of 4 draws: are the first two axes swapped?"))
    #expect(found.verdict.failed == ["convergence"])
  }

  @Test func `a file without a kind is judged by what was recorded`() throws {
    var statistics = sound
    statistics["diverging"] = (0..<1200).map { $0 % 5 < 3 ? 1 : 0 }
    let found = try judgements(statistics, kind: nil)
    #expect(found.diagnosed.contains("not converged: 720 of 1200 draws diverged"))
    #expect(found.warnings.contains("not converged: 720 of 1200 draws diverged"))
    #expect(found.verdict.failed == ["convergence"])
    let silent = try judgements(self.sound, kind: nil)
    #expect(silent.convergence == nil && silent.warnings.isEmpty)
    // Networks trained apart are no chains, whatever is recorded beside them.
    let ensemble = try judgements(statistics, kind: .ensemble, chains: 1200, draws: 1)
    #expect(ensemble.convergence == nil && ensemble.warnings.isEmpty, "\(ensemble.warnings)")
  }

  @Test func `a benchmark takes the verdict from the same place`() throws {
    try withFolder { folder in
      var statistics = sound
      statistics["diverging"] = [Double](repeating: 1, count: 1200)
      let path = try write(statistics, to: folder)
      let suite = """
        {"name": "small", "version": 1, "seed": 3, "decision": "predictive", "examples": 40,
         "threats": [{"norm": "linf", "relativeRadius": 0.02}], "gradientsPerExample": 20, "queriesPerExample": 100,
         "attacks": [{"attack": "fgsm", "objective": "predictive"}]}
        """
      try suite.write(to: folder.appendingPathComponent("suite.json"), atomically: true, encoding: .utf8)
      let run = try Program.benchmark.run(
        ["run", "--suite", "suite.json", "--models", path, "--results", "results"], in: folder)
      #expect(run.code == 0, "\(run.errors)")
      #expect(run.output.contains("not believable: convergence"), "\(run.output)")
    }
  }
}
