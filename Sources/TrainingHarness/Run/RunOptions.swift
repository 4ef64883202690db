import Foundation
import NeuralNetworks
import RobustnessCore

/// The options of `train` that all samplers share, with their defaults.
struct RunOptions: PluginOptions {
  var data = "mnist"
  var dataFolder: String?
  var dataSeed = 0
  var trainingExamples: Int?
  var evaluationExamples = 500
  var architecture = "dense:512,512,relu"
  var prior = PriorForm.global
  var priorScale = "1"
  var temperature = 1.0
  var precision = TrainingPrecision.float32
  var start: String?
  var mapIterations = 500
  var mapLearningRate = 0.01
  var draws: Int?
  var chains: Int?
  var members: Int?
  var seed = 0
  var threads: Int?
  var output = "posterior.h5"
  var compress = false
  var overwrite = false
  var quiet = false

  init() {}

  /// How the prior's standard deviations follow from `--prior-scale`.
  enum PriorForm: String, Codable, Sendable, CaseIterable {
    case global
    case fanIn = "fan-in"
  }

  /// Precision of the products.
  enum TrainingPrecision: String, Codable, Sendable, CaseIterable {
    case float32, bfloat16
  }

  static let describedDefaults = [
    "data-folder": "$BAYES_DATA, else data", "training-examples": "all", "start": "the sampler's own",
    "draws": "250 of a Markov chain, 100 of a fitted distribution", "chains": "4 Markov chains, else 1",
    "members": "10", "threads": "one a core",
  ]

  static let help = [
    "data":
      "mnist, fashion-mnist, half-moons, half-moons-noise-free, or the path of an HDF5 file with inputs and labels",
    "data-folder": "where the files of images are",
    "data-seed": "seed of the choice of training examples, and of generated data",
    "training-examples": "train on this many examples, as many of each class",
    "evaluation-examples":
      "how many test examples go into the file (training inputs where there are none), evenly spaced; 0 for none",
    "architecture":
      "dense:512,512,relu, carbone-conv:512, either behind normalize:MEAN:SCALE/, the JSON of the file format, or the path of a JSON file",
    "prior": "global: one standard deviation; fan-in: divided by √(inputs of a unit) for weights",
    "prior-scale": "standard deviation of every weight and bias, or one for each layer: 0.5,1,1",
    "temperature": "likelihood and prior are raised to the power 1/T; 1 is the Bayesian posterior",
    "precision": "of the products: float32 or bfloat16; accept decisions stay exact",
    "start": "prior, map (the maximum that Adam finds from a small draw), or the path of a posterior file",
    "map-iterations": "steps of Adam towards the start map",
    "map-learning-rate": "the first of these steps' lengths; it falls to 0 along a cosine",
    "draws": "draws of each chain", "chains": "independent chains", "members": "networks of an ensemble",
    "seed": "names all random streams of the run",
    "threads": "worker threads; results do not depend on it",
    "output": "the posterior file; while the run goes on, its journal is the folder FILE.journal",
    "compress": "compress the file: about a sixth smaller, ten times slower to write",
    "overwrite": "replace an existing output, once the new one is complete",
    "quiet": "no progress and no summary",
  ]

  /// Options that change nothing of the result: they are not recorded with it.
  static let unrecorded: Set<String> = ["data-folder", "threads", "output", "overwrite", "quiet", "compress"]
  /// Options that may be given anew when a run is resumed.
  static let renewable: Set<String> = ["threads", "quiet", "overwrite", "compress", "data-folder"]
  /// Options that stand without a value.
  static let flags: Set<String> = ["compress", "overwrite", "quiet"]

  static var names: [String] { ((try? RunOptions().described()) ?? []).map(\.name) }

  /// The prior that the options describe.
  ///
  /// - Throws: `UsageError` for scales that are none.
  func prior(of architecture: Architecture) throws -> GaussianPrior {
    let scales = try priorScale.split(separator: ",", omittingEmptySubsequences: false).map { word in
      guard let value = Double(word.trimmingCharacters(in: .whitespaces)), value.isFinite else {
        throw UsageError("--prior-scale takes a number, or numbers with commas between them, not '\(priorScale)'")
      }
      return value
    }
    guard prior == .global || scales.count == 1 else {
      throw UsageError("--prior fan-in takes one --prior-scale; scales for each layer go with --prior global")
    }
    do {
      return try GaussianPrior(
        prior == .fanIn ? .fanIn(scales[0]) : scales.count == 1 ? .global(scales[0]) : .perLayer(scales),
        architecture: architecture)
    } catch {
      throw UsageError("--prior-scale \(priorScale): \(error)")
    }
  }

  /// What is wrong whatever the sampler is.
  func check() throws {
    func atLeastOne(_ value: Int?, _ name: String) throws {
      if let value, value < 1 { throw UsageError("--\(name) must be at least 1, not \(value)") }
    }
    try atLeastOne(trainingExamples, "training-examples")
    try atLeastOne(draws, "draws")
    try atLeastOne(chains, "chains")
    try atLeastOne(members, "members")
    try atLeastOne(threads, "threads")
    try atLeastOne(mapIterations, "map-iterations")
    guard evaluationExamples >= 0 else {
      throw UsageError("--evaluation-examples cannot be negative: it is \(evaluationExamples)")
    }
    guard seed >= 0, dataSeed >= 0 else { throw UsageError("--seed and --data-seed cannot be negative") }
    guard temperature > 0 else { throw UsageError("--temperature must be positive, not \(temperature)") }
    guard mapLearningRate > 0 else { throw UsageError("--map-learning-rate must be positive, not \(mapLearningRate)") }
    guard !output.isEmpty else { throw UsageError("--output needs the name of a file") }
  }
}
