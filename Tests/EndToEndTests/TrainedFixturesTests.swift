import Foundation
import PosteriorFiles
import TestSupport
import Testing

/// The posteriors that `make fixtures` trains are those of the committed configurations, signed, accurate, and honest
/// about their convergence.
@Suite(.inTurnEarly) struct TrainedFixturesTests {
  static let names = ["mnist-hmc", "half-moons-hmc", "mnist-deep-ensemble", "fashion-vi", "photographs-resnet"]

  private func file(_ name: String) throws -> PosteriorFile {
    try PosteriorFile.open(Fixtures.url("\(name).h5").path, probe: nil)
  }

  private func object(_ text: String) throws -> [String: Any] {
    try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
  }

  @Test(arguments: names) func `the settings in the file are those of the configuration`(name: String) throws {
    let file = try file(name)
    #expect(file.integrity == .verified)
    let settings = try object(try #require(file.provenance["settings"]))
    let configuration = try object(
      String(contentsOf: Fixtures.url("configurations/\(name).json"), encoding: .utf8))
    for (key, value) in configuration where key != "members" {
      // Where a file of data was is not recorded.
      let expected = key == "data" ? "\(value)".split(separator: "/").last.map(String.init) ?? "" : "\(value)"
      #expect("\(settings[key] ?? "nothing")" == expected, "\(key)")
    }
    let size = try FileManager.default.attributesOfItem(atPath: Fixtures.url("\(name).h5").path)[.size] as? Int
    #expect(size ?? .max <= 10_000_000)
  }

  @Test(arguments: [
    ("mnist-hmc", PosteriorKind.mcmc, 4, 22, 0.93), ("half-moons-hmc", .mcmc, 4, 100, 0.98),
    ("mnist-deep-ensemble", .ensemble, 10, 1, 0.95), ("fashion-vi", .variational, 1, 80, 0.83),
    ("photographs-resnet", .ensemble, 6, 1, 0.81),
  ])
  func `kind, draws and accuracy`(
    name: String, kind: PosteriorKind, chains: Int, draws: Int, accuracy: Double
  ) throws {
    let file = try file(name)
    #expect(file.kind == kind)
    #expect(file.chainCount == chains)
    #expect(file.drawsPerChain == draws)
    let run = try Program.evaluate.run([
      "--model", Fixtures.url("\(name).h5").path, "--attack", "random:draws=1", "--format", "json",
    ])
    let report = try object(run.output)
    #expect(try #require(report["cleanAccuracy"] as? Double) >= accuracy)
  }

  @Test(arguments: names) func `the diagnostics in the file are those that diagnose finds`(name: String) throws {
    let file = try file(name)
    let stored = try object(try #require(file.provenance["diagnostics"]))
    let run = try Program.posterior.run(["diagnose", Fixtures.url("\(name).h5").path, "--json"])
    let found = try object(run.output)
    // The sentence is of the version that wrote the file, the judgement of every version.
    func judgement(_ report: [String: Any]) throws -> Substring {
      try #require(report["verdict"] as? String).prefix { $0 != ":" }
    }
    #expect(try judgement(stored) == judgement(found))
  }
}
