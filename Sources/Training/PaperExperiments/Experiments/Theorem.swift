import Foundation
import NeuralNetworks
import PosteriorFiles
import RobustnessCore
import TrainingHarness

/// Theorem 1 measured: does the mean gradient over a posterior vanish, and only over a posterior?
struct Theorem: Experiment {
  static let name = "theorem"
  static let title = "Theorem 1, measured"

  /// One setting: data, method, size.
  struct Setting: Sendable {
    /// Which comparison it belongs to.
    enum Series: String, Sendable { case methods, width, points }

    var series: Series
    var data: DataSpec
    var method: String
    var width: Int
    var points: Int
    var spec: PosteriorSpec
  }

  let scale: Scale
  let seed: UInt64
  /// Draws that every method has.
  let drawCount: Int
  /// Test points at which gradients are taken.
  let pointCount: Int
  let settingsList: [Setting]

  static let methods = ["hmc", "vi", "ensemble", "bootstrap", "prior", "sgd"]

  init(scale: Scale, seed: UInt64) {
    self.scale = scale
    self.seed = seed
    let draws = scale.pick(48, 100, 250)
    drawCount = draws
    pointCount = scale.pick(20, 50, 100)
    let data: [DataSpec] = scale.pick(
      [.named("half-moons-noise-free"), .spheres(dimension: 10)],
      [.named("half-moons-noise-free"), .embeddedMoons(dimension: 10), .spheres(dimension: 10), .named("mnist")],
      [
        .named("half-moons-noise-free"), .embeddedMoons(dimension: 10), .embeddedMoons(dimension: 100),
        .spheres(dimension: 10), .spheres(dimension: 100), .named("mnist"), .named("fashion-mnist"),
      ])
    let width = scale.pick(32, 64, 512)
    let points = scale.pick(500, 2000, 10_000)
    var list: [Setting] = []
    func add(_ series: Setting.Series, _ data: DataSpec, _ method: String, _ width: Int, _ points: Int) {
      let spec = Self.spec(data, method, width: width, points: points, draws: draws, scale: scale, seed: seed)
      list.append(Setting(series: series, data: data, method: method, width: width, points: points, spec: spec))
    }
    for one in data { for method in Self.methods { add(.methods, one, method, width, points) } }
    for width in scale.pick([16, 64], [16, 64, 256], [32, 128, 512, 2048]) {
      add(.width, data[0], "hmc", width, points)
    }
    for points in scale.pick([200, 1000], [500, 2000, 8000], [1000, 5000, 20_000]) {
      add(.points, data[0], "hmc", width, points)
    }
    settingsList = list
  }

  static func spec(
    _ data: DataSpec, _ method: String, width: Int, points: Int, draws: Int, scale: Scale, seed: UInt64
  ) -> PosteriorSpec {
    let isImages = data == .named("mnist") || data == .named("fashion-mnist")
    var options = TrainingRequest.Options()
    options.architecture = "dense:\(width),relu"
    options.seed = Int(seed)
    options.trainingExamples = points
    options.prior = isImages ? .global : .fanIn
    options.priorScale = isImages ? "0.2" : "4"
    options.evaluationExamples = 500
    var samplerOptions: [String: String] = [:]
    var making = PosteriorSpec.Making.trained(sampler: method)
    switch method {
    case "hmc":
      // So many steps that chains forget where they began: with 40 none on points converges. Moons in more dimensions
      // need twice as many.
      let steps =
        switch data {
        case .embeddedMoons: 400
        case .spheres: 200
        default: isImages ? 40 : 200
        }
      options.start = "map"
      options.mapIterations = 300
      options.chains = 4
      options.draws = scale.pick(12, isImages ? 50 : 125, 250)
      samplerOptions = [
        "mass-matrix": "prior", "warmup": scale.pick("40", isImages ? "150" : "300", "500"),
        "leapfrog-steps": "\(scale.pick(15, steps, isImages ? 50 : steps))",
      ]
    case "vi":
      options.draws = draws
      samplerOptions = ["epochs": "\(scale.pick(60, 100, 200))", "learning-rate": "0.005"]
    case "prior":
      making = .prior
      options.draws = draws
      options.trainingExamples = nil
      options.evaluationExamples = nil
    case "sgd": samplerOptions = ["epochs": "\(scale.pick(40, 40, 40))", "learning-rate": "0.005"]
    default:
      options.members = draws
      samplerOptions = ["epochs": "\(scale.pick(40, isImages ? 15 : 100, 100))", "learning-rate": "0.005"]
    }
    return PosteriorSpec(
      name: "\(data.name)-\(method)-w\(width)-n\(points)", data: data, making: making, options: options,
      samplerOptions: samplerOptions)
  }

  var posteriors: [PosteriorSpec] {
    var seen: Set<PosteriorSpec> = []
    return settingsList.map(\.spec).filter { seen.insert($0).inserted }
  }
  var expectedSeconds: Double { scale.pick(6, 60, 3000) }
  var settings: String { "theorem 3 \(drawCount) \(pointCount) \(settingsList.map(\.series.rawValue).joined())" }

  /// ε of the points off the data, in each data set's own units.
  static func epsilon(_ data: DataSpec) -> Double {
    switch data {
    case .named(let name): name.hasPrefix("half-moons") ? 0.05 : 0.1
    case .embeddedMoons: 0.05
    case .spheres: 0.05
    case .lastBatch: 0.1
    }
  }

  /// Everything that is measured of one scalar at one place.
  struct Row: Sendable {
    var setting: Setting
    var scalar: String
    var place: String
    var signal: SignalInterval
    var flip: SignFlipTest
    /// Draws in a block of the sign flips.
    var blockLength: Int
    var cosine: Double
    var splitHalf: Double
    /// R of the parts along and across the manifold; nil where it is not known, and off the data.
    var tangent: SignalInterval?
    var normal: SignalInterval?
    /// Mean square of a single gradient across the manifold, for each dimension, over that along it; nil likewise.
    var normalToTangent: Double?
    var zeros: Double
    var logitGap: Double
    var draws: Int
  }

  func run(_ context: ExperimentContext) throws -> ExperimentResult {
    var rows: [Row] = []
    for setting in settingsList {
      try context.show(setting.spec.name)
      rows += try measure(setting, try context.open(setting.spec))
    }
    return try result(rows, context)
  }

  private func measure(_ setting: Setting, _ posterior: OpenPosterior) throws -> [Row] {
    let ensemble = try posterior.ensemble()
    let draws = posterior.draws(drawCount)
    let indices = posterior.testIndices(pointCount)
    let examples = posterior.testExamples(pointCount)
    let frames = posterior.data.frames.map { frames in indices.map { frames[$0] } }
    let epsilon = Self.epsilon(setting.data)
    let threat = try ThreatModel(norm: .linf, epsilon: epsilon, box: posterior.file.inputBounds)
    var shifted = threat.randomPerturbations(
      .signs, shape: examples.inputs.shape, identifiers: examples.identifiers, restart: 0,
      random: RandomStreams(seed: seed, purpose: "paper/off-manifold"))
    shifted.add(examples.inputs)
    threat.project(&shifted, around: examples.inputs)
    var rows: [Row] = []
    for (place, points) in [("data", examples), ("distance ε", examples.moved(to: shifted))] {
      let gap = try Self.medianLogitGap(ensemble, points.inputs, draws)
      for (scalar, objective) in [("loss", Objective.expectedLoss), ("margin", .margin)] {
        let gradients = try DrawGradients.collect(
          ensemble, points, objective: objective, draws: draws, chainCount: posterior.chainCount)
        // Which directions are tangents is known on the manifold alone.
        rows.append(row(setting, scalar, place, gradients, place == "data" ? frames : nil, gap, posterior))
      }
    }
    return rows
  }

  private func row(
    _ setting: Setting, _ scalar: String, _ place: String, _ gradients: [DrawGradients], _ frames: [ManifoldFrame]?,
    _ gap: Double, _ posterior: OpenPosterior
  ) -> Row {
    let independent = posterior.hasIndependentDraws
    let groups = independent ? gradients[0].drawCount : posterior.chainCount
    func interval(_ gradients: [DrawGradients]) -> SignalInterval {
      SignalInterval(MeanGradientSignal(pooling: gradients, areDrawsIndependent: independent), groups: groups)
    }
    // Chains too short to know their autocorrelation are one block each.
    let isShort = gradients[0].drawsPerChain < 8
    let block =
      independent
      ? 1
      : isShort ? gradients[0].drawsPerChain : gradients.prefix(10).map { SignFlipTest.blockLength($0) }.max() ?? 1
    let present = gradients.filter { $0.values.contains { $0 != 0 } }
    func average(_ value: (DrawGradients) -> Double) -> Double {
      present.isEmpty ? .nan : present.map(value).reduce(0, +) / Double(present.count)
    }
    let zeros = gradients.map { one in
      Double((0..<one.drawCount).count { draw in one[draw: draw].allSatisfy { $0 == 0 } }) / Double(one.drawCount)
    }
    var result = Row(
      setting: setting, scalar: scalar, place: place, signal: interval(gradients),
      flip: SignFlipTest(
        gradients, blockLength: block,
        random: RandomStreams(seed: seed, purpose: "paper/sign-flips/\(setting.spec.name)")), blockLength: block,
      cosine: average { $0.meanPairwiseCosine(areDrawsIndependent: independent) },
      splitHalf: average { $0.splitHalfSignAgreement }, tangent: nil, normal: nil, normalToTangent: nil,
      zeros: zeros.reduce(0, +) / Double(zeros.count), logitGap: gap, draws: gradients[0].drawCount)
    guard let frames else { return result }
    let parts = zip(gradients, frames).map { gradient, frame in
      let (along, across) = gradient.split(tangents: frame.vectors)
      return frame.isComplement ? (tangent: across, normal: along) : (tangent: along, normal: across)
    }
    let tangent = interval(parts.map(\.tangent))
    let normal = interval(parts.map(\.normal))
    result.tangent = tangent
    result.normal = normal
    let along = Double(frames[0].tangentDimension)
    let across = Double(gradients[0].dimension) - along
    // Mean squares, since the unbiased ones can be negative.
    result.normalToTangent = normal.signal.meanSquareRatio(to: tangent.signal) * along / across
    return result
  }

  /// Median over points and draws of the largest logit minus the second.
  static func medianLogitGap(_ ensemble: NetworkEnsemble, _ inputs: Tensor, _ draws: [Int]) throws -> Double {
    let logits = try ensemble.memberLogits(inputs, draws: .some(draws))
    let classes = logits.shape[2]
    var gaps: [Double] = []
    for start in stride(from: 0, to: logits.elements.count, by: classes) {
      let sorted = logits.elements[start..<start + classes].sorted(by: >)
      gaps.append(sorted[0] - sorted[1])
    }
    gaps.sort()
    return gaps.isEmpty ? .nan : gaps[gaps.count / 2]
  }
}
