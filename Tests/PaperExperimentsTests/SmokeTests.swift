import BuiltInPlugins
import Foundation
import HMC
import RobustnessCore
import TestSupport
import Testing

@testable import PaperExperiments

/// The smallest experiment from the command to its pages. A regression test: the bands that its numbers must stay in
/// are those of an earlier run, Fixtures/smoke-quantities.csv; that the bands can be left is tested with a wrong
/// sampler.
@Suite(.inTurnEarly) struct SmokeTests {
  private func reference() throws -> [Quantity] {
    QuantityBands.parse(try String(contentsOf: Fixtures.url("smoke-quantities.csv"), encoding: .utf8))
  }

  private func job(_ folder: String, seed: UInt64, _ samplers: [any PosteriorSampler.Type] = .builtIn) -> Reproduction {
    Reproduction(
      .init(experiments: ["figure1"], scale: .smoke, output: folder, seed: seed, threads: 1, isQuiet: true),
      provider: HarnessProvider(samplers: samplers), companions: .builtIn)
  }

  @Test func anotherSeedStaysInTheBandsAndLeavesAllFiles() throws {
    try withFolder { url in
      let folder = url.path
      let job = job(folder, seed: 1)
      #expect(try job.plan().map(\.posteriors) == [4])
      _ = try job.run()
      let departures = QuantityBands.departures(of: try job.quantities(), from: try reference())
      #expect(departures.isEmpty, "\(departures.map(\.description))")
      for name in ["figure1/figure1.csv", "figure1/figure1.gp", "figure1/figure1.md", "README.md", "quantities.csv"] {
        #expect(FileManager.default.fileExists(atPath: "\(folder)/\(name)"), "\(name)")
      }
      if Figure.gnuplot != nil {
        for name in ["figure1/figure1.svg", "figure1/figure1.png"] {
          let size = (try FileManager.default.attributesOfItem(atPath: "\(folder)/\(name)")[.size] as? Int) ?? 0
          #expect(size > 1000, "\(name)")
        }
      }
      let csv = try String(contentsOfFile: "\(folder)/figure1/figure1.csv", encoding: .utf8)
      #expect(csv.hasPrefix("width,training_points,warmup,point,dx1,dx2,accuracy,R\n"))
      #expect(csv.split(separator: "\n").count == 1 + 4 * 50)
      let page = try String(contentsOfFile: "\(folder)/figure1/figure1.md", encoding: .utf8)
      for part in [
        "## What was run", "## What the paper reports", "## What came out", "## The posteriors", "## To repeat it",
      ] {
        #expect(page.contains(part))
      }
      // What is finished is not done again.
      #expect(try job.plan().map(\.expectedSeconds) == [0])
      let date =
        try FileManager.default.attributesOfItem(atPath: "\(folder)/figure1/figure1.md")[.modificationDate] as? Date
      _ = try self.job(folder, seed: 1).run()
      #expect(
        try FileManager.default.attributesOfItem(atPath: "\(folder)/figure1/figure1.md")[.modificationDate] as? Date
          == date)
      // Another seed is another result; its posteriors are others too.
      #expect(try self.job(folder, seed: 2).plan().map(\.posteriors) == [4])
    }
  }

  @Test func aSamplerWithoutItsAcceptStepLeavesTheBands() throws {
    try withFolder { url in
      let folder = url.path
      let job = job(folder, seed: 0, [UnadjustedHamiltonian.self])
      _ = try job.run()
      let departures = QuantityBands.departures(of: try job.quantities(), from: try reference())
      #expect(departures.contains { $0.found?.name.hasSuffix("mean log-posterior") == true })
    }
  }
}

/// Hamiltonian Monte Carlo whose every proposal is accepted once the warm-up is over.
struct UnadjustedHamiltonian: PosteriorSampler {
  typealias Options = HamiltonianMonteCarlo.Options
  typealias Target = any LogDensity
  typealias State = HamiltonianMonteCarlo.State
  typealias Info = HamiltonianMonteCarlo.Info

  static let name = "hmc"
  private let base: HamiltonianMonteCarlo

  init(_ options: Options) throws { base = try HamiltonianMonteCarlo(options) }

  func initialState(
    of target: any LogDensity, at start: [Float], chain: Int, random: RandomStreams
  ) throws -> State { try base.initialState(of: target, at: start, chain: chain, random: random) }

  func step(_ state: State, of target: any LogDensity, random: RandomStreams) throws -> (state: State, info: Info) {
    try base.step(state, of: warmup(of: state) == nil ? Accepting(base: target) : target, random: random)
  }

  func warmup(of state: State) -> WarmupProgress? { base.warmup(of: state) }
  func draw(of state: State) -> [Float] { base.draw(of: state) }

  /// A density that says of every proposal that it is far better.
  struct Accepting: LogDensity {
    let base: any LogDensity

    var dimension: Int { base.dimension }
    var priorDeviations: [Double]? { base.priorDeviations }
    func evaluate(
      _ position: UnsafeBufferPointer<Double>, gradient: UnsafeMutableBufferPointer<Double>?
    ) throws -> LogDensityValue { try base.evaluate(position, gradient: gradient) }
    func logRatio(of new: LocatedValue, to old: LocatedValue) -> Double { 1e9 }
  }
}
