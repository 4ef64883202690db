import EvaluationHarness
import Foundation
import NeuralNetworks
import PosteriorFiles
import RobustnessCore

/// Table 1 of the paper: adversarial accuracy under random signs, FGSM and PGD, in three versions, and under the
/// portfolio `standard`.
struct Table1: Experiment {
  static let name = "table1"
  static let title = "Table 1: random signs against FGSM and PGD"

  /// What the paper's table says, in its order; ε is missing from the text that this work is based on.
  static let published: [(posterior: String, random: Double, fgsm: Double, pgd: Double)] = [
    ("mnist-hmc", 0.850, 0.960, 0.970), ("mnist-vi", 0.956, 0.936, 0.938),
    ("fashion-mnist-hmc", 0.812, 0.848, 0.826), ("fashion-mnist-vi", 0.744, 0.834, 0.916),
  ]

  let scale: Scale
  let seed: UInt64
  let images: ImagePosteriors
  let exampleCount: Int
  let drawCount: Int
  /// Images that `standard` is run on, evenly spaced among the others: it takes hundreds of gradients for an image that
  /// stands.
  let standardCount: Int
  let epsilons = [0.1, 0.3]
  /// Steps of the strongest version, and its objectives.
  let convergedSteps: Int
  let objectives: [Objective] = [.predictive, .margin, .expectedLoss]

  init(scale: Scale, seed: UInt64) {
    self.scale = scale
    self.seed = seed
    images = ImagePosteriors(scale: scale, seed: seed)
    exampleCount = scale.pick(100, 500, 500)
    drawCount = scale.pick(100, 250, 250)
    standardCount = scale.pick(100, 500, 100)
    convergedSteps = scale.pick(20, 40, 100)
  }

  var posteriors: [PosteriorSpec] { images.all }
  var expectedSeconds: Double { scale.pick(28, 1030, 28_500) }
  var settings: String {
    "table1 6 \(exampleCount) \(drawCount) \(standardCount) \(epsilons) \(convergedSteps) \(objectives)"
  }

  /// One row of the table.
  struct Cell: Sendable {
    var posterior: String
    var attack: String
    var version: String
    var epsilon: Double
    /// Whether each image is decided as its label.
    var correct: [Bool]
    var zeroGradients: Double?
    /// Positions of these images among all; nil for all of them.
    var images: [Int]?

    /// One entry for each of `count` images: what was not attacked counts as decided as its label, since nobody has
    /// found a point that fools it.
    func correct(among count: Int) -> [Bool] {
      guard let images else { return correct }
      var all = Array(repeating: true, count: count)
      for (image, isCorrect) in zip(images, correct) { all[image] = isCorrect }
      return all
    }
  }

  func run(_ context: ExperimentContext) throws -> ExperimentResult {
    var cells: [Cell] = []
    var clean: [String: [Bool]] = [:]
    for spec in posteriors {
      let posterior = try context.open(spec)
      let (own, cleanCorrect) = try measure(posterior, context)
      cells += own
      clean[spec.name] = cleanCorrect
    }
    return try result(cells, clean, context)
  }

  private func measure(_ posterior: OpenPosterior, _ context: ExperimentContext) throws -> ([Cell], [Bool]) {
    let examples = posterior.testExamples(exampleCount)
    let draws = DrawSelection.some(posterior.draws(drawCount))
    let exact = try posterior.ensemble()
    let naive = try posterior.ensemble(.naiveFloat32)
    let box = posterior.file.inputBounds
    let name = posterior.spec.name
    var cells: [Cell] = []
    func run(_ recipe: AttackRecipe, _ epsilon: Double) throws -> AttackRun {
      try AttackRun(
        recipe, on: examples, epsilon: epsilon, box: box, attacked: recipe.arithmetic == .logDomain ? exact : naive,
        judge: exact, draws: draws, seed: seed)
    }
    func add(
      _ attack: String, _ version: String, _ epsilon: Double, _ correct: [Bool], _ zeros: Double?,
      images: [Int]? = nil
    ) {
      cells.append(
        Cell(
          posterior: name, attack: attack, version: version, epsilon: epsilon, correct: correct, zeroGradients: zeros,
          images: images))
    }
    let chosen = evenlySpaced(min(standardCount, examples.count), of: examples.count)
    for epsilon in epsilons {
      try context.show("\(name), ε = \(epsilon)")
      add("random", "random", epsilon, try run(.init(.randomSigns), epsilon).correct, nil)
      for (attack, steps) in [("fgsm", AttackRecipe.Steps.fgsm), ("pgd", .authorsPGD(steps: 15))] {
        let outcome = try run(.init(steps, .doubleSoftmax, .naiveFloat32), epsilon)
        add(attack, "authors' code", epsilon, outcome.correct, outcome.zeroGradients)
      }
      for (attack, steps) in [("fgsm", AttackRecipe.Steps.fgsm), ("pgd", .pgd(steps: 15, restarts: 1))] {
        let outcome = try run(.init(steps, .expectedLoss), epsilon)
        add(attack, "paper's text", epsilon, outcome.correct, outcome.zeroGradients)
      }
      for (attack, steps) in [
        ("fgsm", AttackRecipe.Steps.fgsm), ("pgd", .pgd(steps: convergedSteps, restarts: 1)),
      ] {
        let outcomes = try objectives.map { try run(.init(steps, $0), epsilon) }
        add(
          attack, "strongest", epsilon, WorstCase(outcomes.map(\.correct)).correct,
          outcomes.map(\.zeroGradients).max())
      }
      let half = try objectives.map { try run(.init(.pgd(steps: convergedSteps / 2, restarts: 1), $0), epsilon) }
      add("pgd", Self.halfTheSteps, epsilon, WorstCase(half.map(\.correct)).correct, half.map(\.zeroGradients).max())
      let part = "\(name), ε = \(epsilon), standard"
      try context.show(part)
      let standard = try context.standard(
        part, on: examples.subset(chosen), epsilon: epsilon, box: box, ensemble: exact, draws: draws)
      add(
        Self.standard.attack, Self.standard.version, epsilon, standard.correct, nil,
        images: chosen.count < examples.count ? chosen : nil)
      // Every point inside the ball counts, whoever found it: the best attack on average is not the best on each image.
      let all = cells.filter { $0.epsilon == epsilon }.map { $0.correct(among: examples.count) }
      add("all", "together", epsilon, WorstCase(all).correct, nil)
    }
    let prediction = try exact.predict(examples.inputs, draws: draws)
    return (cells, zip(prediction.classes(.predictive), examples.labels).map { $0 == $1 })
  }
}
