import BuiltInPlugins
import Datasets
import Foundation
import NeuralNetworks
import RobustnessCore
import TestSupport
import Testing
import TrainingHarness

@testable import PaperExperiments

/// Robustness that is proven beside what attacks leave.
@Suite("Certified radii of posteriors and of one network", .inTurn)
struct CertificatesTests {
  private let experiment = Certificates(scale: .laptop, seed: 0)

  /// 200 images, all decided rightly: radii spread evenly up to twice `radius`, of which attacks leave within each ε
  /// those whose number is not below `fallen`.
  private func row(
    _ name: String, radius: Double, fallen: Int, converged: Bool = true, clean: Int = 200
  ) -> Certificates.Row {
    let radii = (0..<200).map { $0 < clean ? 2 * radius * Double($0 + 1) / 200 : 0 }
    let left = (0..<200).map { $0 >= fallen && $0 < clean }
    // Only what is certified nowhere falls.
    let attacked = experiment.epsilons.map { epsilon in zip(left, radii).map { $0 || $1 >= epsilon } }
    return Certificates.Row(
      name: name, isBayesian: name == "mnist-hmc" || name == "mnist-vi", carriesVerdict: converged,
      clean: (0..<200).map { $0 < clean }, attacked: attacked, radii: radii, radiiOfLive: radii, jointRadii: radii,
      norm: FirstLayerNorm(perUnit: 20, deadShare: 0.1))
  }

  private func verdict(_ hmc: Certificates.Row, _ vi: Certificates.Row) -> ExperimentResult.Verdict {
    experiment.verdict([hmc, vi, row(Certificates.oneNetwork, radius: 0.003, fallen: 100)])
  }

  // MARK: - The rule

  @Test("both ends higher than those of one network support, both lower contradict")
  func bothEnds() {
    let up = row("mnist-hmc", radius: 0.004, fallen: 50)
    let down = row("mnist-hmc", radius: 0.002, fallen: 150)
    #expect(verdict(up, row("mnist-vi", radius: 0.004, fallen: 50)) == .supported)
    #expect(verdict(down, row("mnist-vi", radius: 0.002, fallen: 150)) == .contradicted)
    #expect(verdict(up, row("mnist-vi", radius: 0.002, fallen: 150)) == .notSupported)
    #expect(verdict(down, row("mnist-vi", radius: 0.004, fallen: 50)) == .notSupported)
  }

  @Test(
    "one end alone decides nothing, whichever it is and wherever it lies",
    arguments: [(0.004, 100), (0.002, 100), (0.003, 50), (0.003, 150), (0.002, 50), (0.004, 150)])
  func oneEnd(_ radius: Double, _ fallen: Int) {
    let rows = ["mnist-hmc", "mnist-vi"].map { row($0, radius: radius, fallen: fallen) }
    #expect(verdict(rows[0], rows[1]) == .undecided)
    for (name, other) in [("mnist-hmc", "mnist-vi"), ("mnist-vi", "mnist-hmc")] {
      for (radius, fallen) in [(0.004, 50), (0.002, 150)] {
        let decided = row(other, radius: radius, fallen: fallen)
        let open = rows.first { $0.name == name }!
        #expect(name == "mnist-hmc" ? verdict(open, decided) == .undecided : verdict(decided, open) == .undecided)
      }
    }
  }

  @Test(
    "a posterior and the network exchanged turn the evidence round", arguments: [0.002, 0.003, 0.004], [50, 100, 150])
  func exchanged(_ radius: Double, _ fallen: Int) throws {
    let posterior = row("mnist-hmc", radius: radius, fallen: fallen)
    let network = row(Certificates.oneNetwork, radius: 0.003, fallen: 100)
    var (first, second) = (posterior, network)
    (first.name, second.name) = (second.name, first.name)
    (first.isBayesian, second.isBayesian) = (false, true)
    let there = try #require(experiment.comparisons([posterior, network]).first)
    let back = try #require(experiment.comparisons([first, second]).first)
    let turned: [Evidence: Evidence] = [.supports: .contradicts, .contradicts: .supports, .neither: .neither]
    #expect(back.evidence == turned[there.evidence])
  }

  @Test("a chain that has not converged leaves both open")
  func unconverged() {
    for (radius, fallen) in [(0.004, 50), (0.002, 150)] {
      let vi = row("mnist-vi", radius: radius, fallen: fallen)
      #expect(verdict(row("mnist-hmc", radius: radius, fallen: fallen, converged: false), vi) == .undecided)
    }
  }

  @Test("images that one of both decides wrongly are no part of it")
  func accuracy() throws {
    // As many images less as would be beyond doubt.
    let less = row("mnist-hmc", radius: 0.003, fallen: 100, clean: 180)
    let comparison = try #require(
      experiment.comparisons([less, row(Certificates.oneNetwork, radius: 0.003, fallen: 100)]).first)
    #expect(comparison.images == 180)
    #expect(comparison.evidence == .neither && comparison.certifiedEnd == .undecided)
    #expect(comparison.attackedEnd == .undecided)
  }

  @Test("an image that is certified and fooled at once leaves all open, and is said")
  func contradiction() {
    var up = row("mnist-hmc", radius: 0.004, fallen: 50)
    up.radii[199] = 0.01
    up.attacked[0][199] = false
    #expect(up.contradictions(experiment.epsilons) == 1)
    #expect(verdict(up, row("mnist-vi", radius: 0.004, fallen: 50)) == .undecided)
    let rows = [up, row(Certificates.oneNetwork, radius: 0.003, fallen: 100)]
    #expect(experiment.sentence(rows).hasSuffix("fault of this program: nothing is judged."))
  }

  @Test("the sentence has what is provable, and how both ends lie")
  func sentence() {
    let rows = [
      row("mnist-hmc", radius: 0.03, fallen: 50), row(Certificates.oneNetwork, radius: 0.02, fallen: 100),
    ]
    // 101 of 200 radii reach 0.03, and attacks leave 150; 51 reach it, and attacks leave 100.
    #expect(
      experiment.sentence(rows)
        == "Of the images that attacks leave at ε = 0.03, these shares are certified: mnist-hmc 67 % (50.5 % of 75.0 %); one-network 51 % (25.5 % of 50.0 %). Beside one network, on the images that both decide rightly, mnist-hmc certifies larger radii (200 larger, 0 smaller) and attacks leave more."
    )
  }

  // MARK: - What it is made of

  @Test("radii that differ by less than they are known to are equal")
  func pairedRadii() {
    let paired = PairedRadii([0.01, 0.02, 0.03, 0.04], [0.0101, 0.01, 0.01, 0.05])
    #expect(paired.larger == 2 && paired.smaller == 1 && paired.pValue == 1)
    // −0.0001, 0.01, 0.02, −0.01
    #expect(abs(paired.medianDifference - 0.00495) < 1e-12)
    #expect(abs(paired.meanDifference.value - 0.004975) < 1e-12)
    // Eight of eight: 2/2⁸.
    let all = PairedRadii(Array(repeating: 0.02, count: 8), Array(repeating: 0.01, count: 8))
    #expect(abs(all.pValue - 2.0 / 256) < 1e-12)
    #expect(PairedRadii([0, 0], [0, 0]).pValue == 1)
  }

  @Test("dead pixels are those that never change, and have their share of the first layer")
  func deadPixels() throws {
    let part = DatasetPart(
      inputs: .bytes([0, 7, 3, 9, 0, 7, 4, 9, 0, 7, 3, 8]), inputShape: [4], labels: [0, 1, 0], inputBounds: 0...1)
    let dead = DeadInputs(part)
    #expect(dead.isDead == [true, true, false, false] && dead.share == 0.5)
    let architecture = try Architecture(
      inputShape: [4], classCount: 2,
      layers: [
        .dense(name: "a", units: 2, activation: .relu), .dense(name: "o", units: 2, activation: .identity),
      ])
    func draw(_ weights: [Float]) -> [Float] { weights + [5, 5] + [1, 1, 1, 1, 0, 0] }
    let source = InMemoryWeights(
      architecture: architecture, draws: [draw([1, -1, 2, 0, 0, 0, 3, -1]), draw([0, 4, 0, 0, 0, -4, 0, 8])])
    // 8 with 2 of it dead, 16 with 8 of it dead, over two units.
    let norm = try FirstLayerNorm(source, draws: [0, 1], dead: dead)
    #expect(norm.perUnit == 6 && norm.deadShare == 0.375)
    let other = DeadInputs(DatasetPart(inputs: .bytes([1, 2]), inputShape: [2], labels: [0], inputBounds: 0...1))
    #expect(throws: CoreError.self) { try FirstLayerNorm(source, draws: [0], dead: other) }
  }

  @Test(
    "posteriors have the network, the prior and the images of table 1's HMC", arguments: PaperExperiments.Scale.allCases
  )
  func matched(_ scale: PaperExperiments.Scale) throws {
    let specs = Certificates(scale: scale, seed: 0).posteriors
    let hmc = try #require(Table1(scale: scale, seed: 0).posteriors.first { $0.name == "mnist-hmc" })
    #expect(specs.count == 3 && specs[0] == hmc)
    for spec in specs {
      #expect(spec.options.architecture == hmc.options.architecture && spec.options.prior == hmc.options.prior)
      #expect(spec.options.priorScale == hmc.options.priorScale)
      #expect(spec.options.trainingExamples == hmc.options.trainingExamples && spec.data == hmc.data)
    }
  }
}

/// The experiment itself, on the smallest scale.
@Suite("Certificates on the smallest scale", .inTurnEarly)
struct CertificatesSmokeTests {
  /// A line of the CSV by its columns.
  private func lines(_ path: String) throws -> [[String: String]] {
    let lines = try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n")
    let header = lines[0].split(separator: ",").map(String.init)
    return lines.dropFirst().map { line in
      let fields = line.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
      return Dictionary(uniqueKeysWithValues: zip(header, fields))
    }
  }

  @Test("no more is certified than attacks leave, at any ε and of any posterior")
  func enclosed() throws {
    try withFolder { url in
      let folder = url.path
      let job = Reproduction(
        .init(
          experiments: ["certificates"], scale: .smoke, output: folder, dataFolder: Fixtures.url("data").path,
          isQuiet: true),
        provider: HarnessProvider(samplers: .builtIn), companions: .builtIn)
      #expect(try job.plan().map(\.posteriors) == [3])
      _ = try job.run()
      #expect(try job.plan().map(\.expectedSeconds) == [0])
      let lines = try lines("\(folder)/certificates/certificates.csv")
      func value(_ subject: String, _ bound: String, _ method: String, _ epsilon: String) throws -> Double {
        let line = lines.first {
          $0["subject"] == subject && $0["bound"] == bound && $0["method"] == method && $0["epsilon"] == epsilon
            && $0["pixels"] == "all"
        }
        let text = try #require(line?["value"])
        return try #require(Double(text))
      }
      let experiment = Certificates(scale: .smoke, seed: 0)
      for subject in experiment.subjects.map(\.name) {
        let clean = try value(subject, "clean", "", "0")
        #expect(clean > 0.7, "\(subject)")
        var above = (certified: clean, attacked: clean)
        for epsilon in experiment.epsilons.map(ResultTable.number) {
          let certified = try value(subject, "certified", "linear", epsilon)
          let attacked = try value(subject, "attacked", "pgd+standard", epsilon)
          #expect(certified <= attacked && certified <= above.certified && attacked <= above.attacked)
          above = (certified, attacked)
        }
      }
      let page = try String(contentsOfFile: "\(folder)/certificates/certificates.md", encoding: .utf8)
      #expect(page.contains(Certificates.rule))
      for name in ["certificates.gp", "manifest.json"] {
        #expect(FileManager.default.fileExists(atPath: "\(folder)/certificates/\(name)"), "\(name)")
      }
    }
  }
}
