import Datasets
import EvaluationHarness
import JointBounds
import LinearBounds
import NeuralNetworks
import PosteriorFiles
import RobustnessCore
import TrainingHarness

/// What of the robustness that attacks leave is provable, and whether a posterior certifies more than one network.
///
/// The networks are all alike, with the prior and the data of table 1's HMC posterior on MNIST.
struct Certificates: Experiment {
  static let name = "certificates"
  static let title = "What can be proven: certified radii of posteriors and of one network"

  /// What is certified: all draws of a posterior, or one network.
  struct Subject: Sendable, Hashable {
    var name: String
    var spec: PosteriorSpec
    /// A network of an ensemble; nil for all draws.
    var member: Int?
    /// Whether it is what the claim is about.
    var isBayesian: Bool
  }

  let scale: Scale
  let seed: UInt64
  let exampleCount: Int
  /// Draws that are attacked, certified and decide.
  let drawCount: Int
  /// Images that `joint` is asked about, evenly spaced among the others: it takes many times what `linear` does.
  let jointCount: Int
  /// Radii at which images are attacked, ascending; certified radii are looked for up to the last one.
  let epsilons: [Double]
  /// Steps of PGD, and its objectives.
  let steps: Int
  let objectives: [Objective] = [.predictive, .margin, .expectedLoss]
  let subjects: [Subject]
  /// Networks of the ensemble.
  let memberCount: Int

  static let oneNetwork = "one-network"

  init(scale: Scale, seed: UInt64) {
    self.scale = scale
    self.seed = seed
    exampleCount = scale.pick(32, 160, 96)
    drawCount = scale.pick(20, 100, 100)
    jointCount = scale.pick(2, 32, 16)
    epsilons = scale.pick([0.02, 0.05], [0.01, 0.03, 0.05, 0.1], [0.01, 0.03, 0.05, 0.1])
    steps = scale.pick(10, 40, 100)
    let ensemble = Self.ensemble(scale, seed)
    memberCount = ensemble.options.members ?? 1
    subjects = [
      Subject(name: "mnist-hmc", spec: ImagePosteriors.hmc("mnist", scale, seed), isBayesian: true),
      Subject(name: "mnist-vi", spec: Self.vi(scale, seed), isBayesian: true),
      Subject(name: "mnist-ensemble", spec: ensemble, isBayesian: false),
      Subject(name: Self.oneNetwork, spec: ensemble, member: 0, isBayesian: false),
    ]
  }

  /// Network, prior and data of the HMC posterior, and nothing that only a chain has.
  private static func matched(_ name: String, _ sampler: String, _ scale: Scale, _ seed: UInt64) -> PosteriorSpec {
    var spec = ImagePosteriors.hmc("mnist", scale, seed)
    spec.name = name
    spec.making = .trained(sampler: sampler)
    spec.samplerOptions = [:]
    spec.options.start = nil
    spec.options.mapIterations = nil
    spec.options.chains = nil
    spec.options.draws = nil
    return spec
  }

  static func vi(_ scale: Scale, _ seed: UInt64) -> PosteriorSpec {
    var spec = matched("mnist-vi-matched", "vi", scale, seed)
    spec.options.draws = scale.pick(20, 100, 100)
    spec.samplerOptions = [
      "epochs": scale.pick("30", "200", "200"), "learning-rate": scale.pick("0.005", "0.001", "0.001"),
    ]
    return spec
  }

  static func ensemble(_ scale: Scale, _ seed: UInt64) -> PosteriorSpec {
    var spec = matched("mnist-ensemble-matched", "ensemble", scale, seed)
    spec.options.members = scale.pick(5, 10, 10)
    spec.samplerOptions = [
      "epochs": scale.pick("20", "40", "40"), "learning-rate": scale.pick("0.005", "0.001", "0.001"),
    ]
    return spec
  }

  var posteriors: [PosteriorSpec] {
    var seen: Set<PosteriorSpec> = []
    return subjects.map(\.spec).filter { seen.insert($0).inserted }
  }
  var expectedSeconds: Double { scale.pick(6, 450, 380_000) }
  var settings: String {
    "certificates 1 \(exampleCount) \(drawCount) \(jointCount) \(epsilons) \(steps) \(objectives)"
  }

  /// Everything that is measured of one subject; images are in one order for all.
  struct Row: Sendable {
    var name: String
    var isBayesian: Bool
    /// Whether a verdict may rest on it: its draws are no Markov chain, or one that has converged.
    var carriesVerdict: Bool
    /// Whether each image is decided as its label.
    var clean: [Bool]
    /// The same after all attacks within each ε, ascending: what falls within one has fallen within the next.
    var attacked: [[Bool]]
    /// Radius that `linear` certifies, image by image.
    var radii: [Double]
    /// The same where dead pixels are kept from the adversary.
    var radiiOfLive: [Double]
    /// What `joint` certifies, of some of the images.
    var jointRadii: [Double]
    var norm: FirstLayerNorm
    /// Median radii that `linear` certifies of each network of the ensemble alone; of others empty.
    var medians: [Double] = []

    /// Fraction decided as the label.
    var accuracy: Estimate { .proportion(clean.count { $0 }, of: clean.count) }

    /// Whether each image is certified within `epsilon`.
    static func isCertified(_ radii: [Double], _ epsilon: Double) -> [Bool] { radii.map { $0 > 0 && $0 >= epsilon } }

    /// Images that are certified and fooled at once: there must be none.
    func contradictions(_ epsilons: [Double]) -> Int {
      clean.indices.count { image in
        zip(epsilons, attacked).contains { $0 <= radii[image] && radii[image] > 0 && !$1[image] }
      }
    }
  }

  func run(_ context: ExperimentContext) throws -> ExperimentResult {
    let dead = try deadInputs(context)
    return try result(try subjects.map { try measure($0, dead, context) }, dead, context)
  }

  /// Those of the images that all posteriors here are trained on.
  private func deadInputs(_ context: ExperimentContext) throws -> DeadInputs {
    let spec = subjects[0].spec
    let dataset = try context.open(spec).data.dataset
    guard let count = spec.options.trainingExamples, count < dataset.train.count else {
      return DeadInputs(dataset.train)
    }
    let seed = UInt64(spec.options.dataSeed ?? 0)
    return DeadInputs(try dataset.train.classBalanced(count, classCount: dataset.classCount, seed: seed))
  }

  private func measure(_ subject: Subject, _ dead: DeadInputs, _ context: ExperimentContext) throws -> Row {
    let posterior = try context.open(subject.spec)
    let ensemble = try posterior.ensemble()
    let box = posterior.file.inputBounds
    let examples = posterior.testExamples(exampleCount)
    let draws = subject.member.map { [$0] } ?? posterior.draws(drawCount)
    let largest = epsilons.last ?? 0
    func radii(
      _ certificate: any RobustnessCertificate.Type, _ examples: Examples, fixed: [Bool]? = nil, draws: [Int]
    ) throws -> [Double] {
      let part = "\(subject.name), \(certificate.name)\(fixed == nil ? "" : ", dead pixels fixed")"
      try context.show(part)
      return try context.certifiedRadii(
        part, by: certificate, of: examples, upTo: largest, fixed: fixed, box: box, ensemble: ensemble,
        draws: .some(draws))
    }
    let (clean, attacked) = try attack(subject.name, ensemble, examples, box: box, draws: draws, context)
    let all = try radii(LinearBounds.self, examples, draws: draws)
    let joint = examples.subset(evenlySpaced(min(jointCount, examples.count), of: examples.count))
    return Row(
      name: subject.name, isBayesian: subject.isBayesian,
      carriesVerdict: try context.carriesVerdict(subject.spec), clean: clean, attacked: attacked, radii: all,
      radiiOfLive: try radii(LinearBounds.self, examples, fixed: dead.isDead, draws: draws),
      jointRadii: try radii(JointBounds.self, joint, draws: draws),
      norm: try FirstLayerNorm(posterior.file, draws: draws, dead: dead),
      medians: subject.member == nil
        ? []
        : try (0..<posterior.file.drawCount).map {
          PairedRadii.median(try radii(LinearBounds.self, examples, draws: [$0]))
        })
  }

  /// What is left of the images without an attack and, within each ε, by PGD along each objective and `standard`.
  private func attack(
    _ name: String, _ ensemble: NetworkEnsemble, _ examples: Examples, box: ClosedRange<Double>, draws: [Int],
    _ context: ExperimentContext
  ) throws -> (clean: [Bool], attacked: [[Bool]]) {
    let draws = DrawSelection.some(draws)
    let prediction = try ensemble.predict(examples.inputs, draws: draws)
    let clean = zip(prediction.classes(.predictive), examples.labels).map { $0 == $1 }
    var stands = clean
    var attacked: [[Bool]] = []
    for epsilon in epsilons {
      let part = "\(name), ε = \(epsilon)"
      /// A point in a ball is in every larger one, so that only what stands is attacked.
      func strike(_ attack: (Examples) throws -> [Bool]) throws {
        let rows = stands.indices.filter { stands[$0] }
        guard !rows.isEmpty else { return }
        for (row, isCorrect) in zip(rows, try attack(examples.subset(rows))) where !isCorrect { stands[row] = false }
      }
      for objective in objectives {
        try context.show(part)
        try strike {
          try AttackRun(
            .init(.pgd(steps: steps, restarts: 1), objective), on: $0, epsilon: epsilon, box: box, attacked: ensemble,
            judge: ensemble, draws: draws, seed: seed
          ).correct
        }
      }
      try context.show("\(part), standard")
      try strike {
        try context.standard(part, on: $0, epsilon: epsilon, box: box, ensemble: ensemble, draws: draws).correct
      }
      attacked.append(stands)
    }
    return (clean, attacked)
  }
}
