import ArgumentParser
import RobustnessCore

/// The options of every run on the command line.
struct RunArguments: ParsableArguments {
  @Option(
    parsing: .unconditional,
    help: help(
      "data",
      "mnist, fashion-mnist, cifar10, cifar100, half-moons, half-moons-noise-free, or a path: an HDF5, .npz or .csv file "
        + "with inputs and labels, or a folder of PNG images."),
    completion: .file())
  var data: OptionText<String>?

  @Option(
    parsing: .unconditional, help: help("data-folder", "Where the files of images are."), completion: .directory)
  var dataFolder: OptionText<String>?

  @Option(
    parsing: .unconditional,
    help: help("data-seed", "Seed of the choice of training examples, and of generated data."))
  var dataSeed: OptionText<Int>?

  @Option(
    parsing: .unconditional, help: help("training-examples", "Train on this many examples, as many of each class."))
  var trainingExamples: OptionText<Int>?

  @Option(
    parsing: .unconditional,
    help: help(
      "evaluation-examples",
      "How many test examples go into the file (training inputs where there are none), evenly spaced; 0 for none."))
  var evaluationExamples: OptionText<Int>?

  @Option(
    parsing: .unconditional, help: help("architecture", "\(ArchitectureSpecification.forms)."), completion: .file())
  var architecture: OptionText<String>?

  @Option(
    parsing: .unconditional,
    help: help("prior", "global: one standard deviation; fan-in: divided by √(inputs of a unit) for weights."))
  var prior: OptionText<TrainingRequest.PriorForm>?

  @Option(
    parsing: .unconditional,
    help: help(
      "prior-scale",
      "Standard deviation of every weight and bias; or one for each layer: 0.5,1,1; or by name: 1,conv1=0.5."))
  var priorScale: OptionText<String>?

  @Option(
    parsing: .unconditional,
    help: help("temperature", "Likelihood and prior are raised to the power 1/T; 1 is the Bayesian posterior."))
  var temperature: OptionText<Double>?

  @Option(parsing: .unconditional, help: help("precision", "Of the products; accept decisions stay exact."))
  var precision: OptionText<TrainingRequest.Precision>?

  @Option(
    parsing: .unconditional,
    help: help("start", "prior, map (the maximum that Adam finds from a small draw), or the path of a posterior file."),
    completion: .file())
  var start: OptionText<String>?

  @Option(parsing: .unconditional, help: help("map-iterations", "Steps of Adam towards the start map."))
  var mapIterations: OptionText<Int>?

  @Option(
    parsing: .unconditional,
    help: help("map-learning-rate", "The first of these steps' lengths; it falls to 0 along a cosine."))
  var mapLearningRate: OptionText<Double>?

  @Option(parsing: .unconditional, help: help("draws", "Draws of each chain."))
  var draws: OptionText<Int>?

  @Option(parsing: .unconditional, help: help("chains", "Independent chains."))
  var chains: OptionText<Int>?

  @Option(parsing: .unconditional, help: help("members", "Networks of an ensemble."))
  var members: OptionText<Int>?

  @Option(parsing: .unconditional, help: help("seed", "Names all random streams of the run."))
  var seed: OptionText<Int>?

  @Option(parsing: .unconditional, help: help("threads", "Worker threads; results do not depend on it."))
  var threads: OptionText<Int>?

  @Option(
    name: .shortAndLong, parsing: .unconditional,
    help: help("output", "The posterior file; while the run goes on, its journal is the folder FILE.journal."),
    completion: .file(extensions: ["h5"]))
  var output: OptionText<String>?

  @Flag(inversion: .prefixedNo, help: "Compress the file: about a sixth smaller, ten times slower to write.")
  var compress: Bool?

  @Flag(inversion: .prefixedNo, help: "Replace an existing output, once the new one is complete.")
  var overwrite: Bool?

  @Flag(inversion: .prefixedNo, help: "No progress and no summary.")
  var quiet: Bool?

  /// The options that are given, by name.
  var texts: [String: String] {
    [
      "data": data?.text, "data-folder": dataFolder?.text, "data-seed": dataSeed?.text,
      "training-examples": trainingExamples?.text, "evaluation-examples": evaluationExamples?.text,
      "architecture": architecture?.text, "prior": prior?.text, "prior-scale": priorScale?.text,
      "temperature": temperature?.text, "precision": precision?.text, "start": start?.text,
      "map-iterations": mapIterations?.text, "map-learning-rate": mapLearningRate?.text, "draws": draws?.text,
      "chains": chains?.text, "members": members?.text, "seed": seed?.text, "threads": threads?.text,
      "output": output?.text, "compress": compress.map { "\($0)" }, "overwrite": overwrite.map { "\($0)" },
      "quiet": quiet.map { "\($0)" },
    ].compactMapValues(\.self)
  }

  /// A line of help with the default behind it.
  private static func help(_ name: String, _ text: String) -> ArgumentHelp {
    let fallback = defaults[name] ?? RunOptions.describedDefaults[name] ?? "none"
    return ArgumentHelp("\(text) (default: \(fallback))")
  }

  private static let defaults = (try? RunOptions().values) ?? [:]
}
