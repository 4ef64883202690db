import FGSM
import PGD
import RandomNoise
import RobustnessCore

/// An attack of the paper's tables, with whose arithmetic, which step, and which derivatives of the activations.
struct AttackRecipe: Sendable {
  /// What steps are taken.
  enum Steps: Sendable, Hashable {
    /// One step of ε.
    case fgsm
    /// Projected gradient steps from a random point of the ball, the best point kept.
    case pgd(steps: Int, restarts: Int)
    /// As the authors' code has it: steps of 2/max(image) from the image itself, the last point returned.
    case authorsPGD(steps: Int)
    /// A random sign for every pixel.
    case randomSigns
  }

  var steps: Steps
  var objective: Objective
  var arithmetic: Arithmetic
  /// What gradients are made of; straight-through ones exist in the log domain only.
  var derivative: ActivationDerivative

  init(
    _ steps: Steps, _ objective: Objective = .expectedLoss, _ arithmetic: Arithmetic = .logDomain,
    _ derivative: ActivationDerivative = .exact
  ) {
    self.steps = steps
    self.objective = objective
    self.arithmetic = arithmetic
    self.derivative = derivative
  }
}

/// What an attack did to some examples.
struct AttackRun: Sendable {
  /// Whether each example is still decided as its label, by the log-domain predictive of all draws.
  let correct: [Bool]
  /// The points.
  let points: Tensor
  /// The predictive at the points.
  let prediction: Prediction
  /// Fraction of examples whose first gradient was exactly zero: a step along it goes nowhere.
  let zeroGradients: Double

  /// Runs a recipe.
  ///
  /// - Parameters:
  ///   - attacked: The ensemble in the recipe's arithmetic.
  ///   - judge: The ensemble in the log domain.
  ///   - draws: Those that are attacked and that judge.
  init(
    _ recipe: AttackRecipe, on examples: Examples, epsilon: Double, box: ClosedRange<Double>,
    attacked: any PosteriorEnsemble, judge: any PosteriorEnsemble, draws: DrawSelection = .all, seed: UInt64
  ) throws {
    let threat = try ThreatModel(norm: .linf, epsilon: epsilon, box: box)
    var oracle = EnsembleOracle(
      ensemble: attacked, examples: examples, objective: recipe.objective, draws: draws,
      derivative: recipe.derivative)
    switch recipe.steps {
    case .fgsm:
      points = try FastGradientSignMethod().perturb(
        examples, within: threat, oracle: &oracle, random: RandomStreams(seed: seed, purpose: "attack/fgsm"))
    case .pgd(let steps, let restarts):
      var options = ProjectedGradientDescent.Options()
      options.steps = steps
      options.restarts = restarts
      points = try ProjectedGradientDescent(options).perturb(
        examples, within: threat, oracle: &oracle, random: RandomStreams(seed: seed, purpose: "attack/pgd"))
    case .authorsPGD(let steps):
      var options = ProjectedGradientDescent.Options()
      options.steps = steps
      options.restarts = 1
      options.step = 2 / max(examples.inputs.elements.max() ?? 1, 1e-6)
      options.randomStart = false
      options.keep = .last
      points = try ProjectedGradientDescent(options).perturb(
        examples, within: threat, oracle: &oracle, random: RandomStreams(seed: seed, purpose: "attack/pgd"))
    case .randomSigns:
      var options = RandomPerturbation.Options()
      options.draws = 1
      points = try RandomPerturbation(options).perturb(
        examples, within: threat, oracle: &oracle, random: RandomStreams(seed: seed, purpose: "attack/random"))
    }
    prediction = try judge.predict(points, draws: draws)
    correct = zip(prediction.classes(.predictive), examples.labels).map { $0 == $1 }
    zeroGradients = Double(oracle.zeroGradients.count) / Double(max(1, examples.count))
  }
}
