import Foundation
import NeuralNetworks
import PosteriorFiles
import RobustnessCore
import TrainingHarness

/// Figure 4 of the paper: accuracy against softmax robustness under FGSM, over grids of networks; beside it the
/// adversarial accuracy that FGSM and the portfolio `standard` leave.
struct Figure4: Experiment {
  static let name = "figure4"
  static let title = "Figure 4: accuracy against robustness, over grids of networks"

  /// A network of a sample on a data set.
  struct Cell: Sendable {
    var data: String
    var member: Figure4Grid.Member
    var spec: PosteriorSpec
  }

  let scale: Scale
  let seed: UInt64
  let cells: [Cell]
  let exampleCount: Int
  /// Images that `standard` is run on, evenly spaced among the others.
  let standardCount: Int
  let epsilon = 0.1

  init(scale: Scale, seed: UInt64) {
    self.scale = scale
    self.seed = seed
    exampleCount = scale.pick(100, 200, 500)
    standardCount = scale.pick(20, 40, 50)
    let data = scale.pick(["mnist"], ["mnist", "fashion-mnist"], ["mnist", "fashion-mnist"])
    let grids = [Figure4Grid.hmc, Figure4Grid.vi, Figure4Grid.sgd]
    let count = scale.pick(2, 12, Int.max)
    // The smoke run's networks are the same with every seed, so that its numbers can be compared.
    let sampleSeed = scale == .smoke ? 0 : seed
    cells = data.flatMap { name in
      grids.flatMap { grid in
        Figure4Grid.stratified(grid, count: count, seed: sampleSeed).enumerated().map { index, member in
          Cell(data: name, member: member, spec: Self.spec(name, member, index, scale, seed))
        }
      }
    }
  }

  private static func spec(
    _ data: String, _ member: Figure4Grid.Member, _ index: Int, _ scale: Scale, _ seed: UInt64
  ) -> PosteriorSpec {
    // Smoke takes an eighth of the width.
    let width = scale == .smoke ? member.width / 8 : member.width
    let widths = Array(repeating: "\(width)", count: member.depth).joined(separator: ",")
    var options = TrainingRequest.Options()
    options.architecture = "dense:\(widths),\(member.activation)"
    options.seed = Int(seed)
    options.prior = .fanIn
    options.priorScale = "3"
    options.evaluationExamples = scale.pick(200, 500, 1000)
    // HMC passes over all of them at every step.
    options.trainingExamples = scale.pick(500, member.method == "hmc" ? 1000 : 6000, nil)
    var samplerOptions: [String: String]
    func number(_ name: String) -> Double { member.options[name] ?? 0 }
    switch member.method {
    case "hmc":
      // A tenth of the draws after a short warm-up. The grid's step sizes are too large for most of these posteriors:
      // chains that never move would say nothing of HMC, so that the laptop's adapt.
      options.start = "map"
      options.mapIterations = scale.pick(100, 150, 500)
      options.chains = 1
      options.draws = scale.pick(8, Int(number("samples")) / 10, Int(number("samples")))
      samplerOptions = ["warmup": "\(scale.pick(8, 25, 100))", "leapfrog-steps": "\(Int(number("steps")))"]
      if scale != .laptop { samplerOptions["step-size"] = "\(number("step"))" }
    case "vi":
      options.draws = scale.pick(20, 50, 250)
      samplerOptions = [
        "learning-rate": "\(number("rate"))", "epochs": "\(Int(number("epochs")))", "schedule": "constant",
        "initial-scale": "0.05",
      ]
      if scale == .smoke { samplerOptions["batch-size"] = "32" }
    default:
      samplerOptions = [
        "learning-rate": "\(number("rate"))", "epochs": "\(Int(number("epochs")))",
        "batch-size": "\(Int(number("batch")) / scale.pick(16, 8, 1))", "regularization": "none",
      ]
    }
    return PosteriorSpec(
      name: "grid-\(data)-\(member.method)-\(index + 1)", data: .named(data),
      making: .trained(sampler: member.method), options: options, samplerOptions: samplerOptions)
  }

  var posteriors: [PosteriorSpec] { cells.map(\.spec) }
  var expectedSeconds: Double { Double(cells.count) * scale.pick(0.5, 5.5, 90) }
  var settings: String { "figure4 4 \(exampleCount) \(standardCount)" }

  /// One network's numbers.
  struct Row: Sendable {
    var cell: Cell
    var accuracy: Estimate
    var robustness: Estimate
    var adversarial: Estimate
    var zeros: Double
    var gap: Double
    /// Number of draws that differ, where it is known.
    var distinct: Int?
    /// Whether the network says something of its method: its accuracy is beyond doubt twice that of guessing, and a
    /// Markov chain has moved.
    var counts: Bool
    /// Whether a verdict may rest on it: its draws are no Markov chain, or one that has converged.
    var carriesVerdict: Bool
    /// What `standard` leaves; nil where it was not run.
    var portfolio: Portfolio?
  }

  func run(_ context: ExperimentContext) throws -> ExperimentResult {
    let rows = try cells.map { cell -> Row in
      try context.show(cell.spec.name)
      let posterior = try context.open(cell.spec)
      let ensemble = try posterior.ensemble()
      let examples = posterior.testExamples(exampleCount)
      let draws = posterior.draws(min(100, posterior.file.drawCount))
      let clean = try ensemble.predict(examples.inputs, draws: .some(draws))
      let fgsm = try AttackRun(
        .init(.fgsm), on: examples, epsilon: epsilon, box: posterior.file.inputBounds, attacked: ensemble,
        judge: ensemble, draws: .some(draws), seed: seed)
      let portfolio = try portfolio(posterior, ensemble, examples, draws: draws, clean, fgsm, context)
      let distinct = posterior.file.distinctDrawCount
      let correct = zip(clean.classes(.predictive), examples.labels).count { $0 == $1 }
      let accuracy = Estimate.proportion(correct, of: examples.count)
      return Row(
        cell: cell, accuracy: accuracy,
        robustness: SoftmaxRobustness.once(clean, fgsm.prediction),
        adversarial: .proportion(fgsm.correct.count { $0 }, of: examples.count), zeros: fgsm.zeroGradients,
        gap: try Theorem.medianLogitGap(ensemble, examples.inputs, Array(draws.prefix(20))),
        distinct: distinct,
        counts: (accuracy.low ?? 0) > 2 / Double(ensemble.classCount)
          && !(cell.member.method == "hmc" && distinct == 1),
        carriesVerdict: try context.carriesVerdict(cell.spec), portfolio: portfolio)
    }
    return result(rows)
  }

  static let methods = ["hmc", "vi", "sgd"]

  func correlations(_ rows: [Row]) -> [(
    data: String, method: String, value: RankCorrelation, width: RankCorrelation, everything: RankCorrelation,
    judged: RankCorrelation
  )] {
    let random = RandomStreams(seed: seed, purpose: "paper/figure4")
    var seen: Set<String> = []
    return rows.map(\.cell.data).filter { seen.insert($0).inserted }.flatMap { data in
      Self.methods.map { method in
        let everything = rows.filter { $0.cell.data == data && $0.cell.member.method == method }
        let chosen = everything.filter(\.counts)
        func correlation(_ rows: [Row], _ value: (Row) -> Double) -> RankCorrelation {
          RankCorrelation(rows.map(value), rows.map(\.robustness.value), random: random)
        }
        return (
          data, method, correlation(chosen, \.accuracy.value), correlation(chosen) { Double($0.cell.member.width) },
          correlation(everything, \.accuracy.value), correlation(chosen.filter(\.carriesVerdict), \.accuracy.value)
        )
      }
    }
  }

  static func text(_ one: RankCorrelation) -> String {
    one.low.isNaN
      ? "\(Markdown.fixed(one.value)) (\(one.count) networks, no interval)"
      : "\(Markdown.fixed(one.value)) [\(Markdown.fixed(one.low)), \(Markdown.fixed(one.high))]"
  }

  /// The sentence counts the networks that count, the verdict those of them that may carry one.
  func judge(_ rows: [Row]) -> (String, ExperimentResult.Verdict) {
    let all = correlations(rows)
    let sentence =
      "Rank correlation of accuracy and softmax robustness under FGSM, over the networks that learned and whose chains moved (\(rows.count { $0.counts }) of \(rows.count)): "
      + all.map { "\($0.method) on \($0.data) \(Self.text($0.value))" }.joined(separator: "; ") + "."
    let hmc = all.filter { $0.method == "hmc" }.map(\.judged)
    let sgd = all.filter { $0.method == "sgd" }.map(\.judged)
    // Too few networks that may carry a verdict have no interval, and decide nothing.
    let verdict: ExperimentResult.Verdict =
      hmc.contains { $0.low.isNaN }
      ? .undecided
      : hmc.allSatisfy { $0.low > 0 } && sgd.allSatisfy { $0.high < 0 }
        ? .supported : hmc.allSatisfy { $0.high < 0 } ? .contradicted : .notSupported
    return (sentence, verdict)
  }
}
