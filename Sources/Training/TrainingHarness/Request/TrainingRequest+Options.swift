public import RobustnessCore

extension TrainingRequest {
  /// What a training can be asked for whatever the sampler is. An option that is nil has its default.
  ///
  /// Equal options give the same draws on one machine; `threads`, `dataFolder`, `output`, `compress`, `overwrite` and
  /// `quiet` change nothing of them.
  public struct Options: PluginOptions, Hashable {
    /// `mnist` (the default), `fashion-mnist`, `half-moons`, `half-moons-noise-free`, or the path of an HDF5 file.
    public var data: String?
    /// Where the files of images are; `$BAYES_DATA`, else `data`.
    public var dataFolder: String?
    /// Chooses the training examples, and generates generated data; 0.
    public var dataSeed: Int?
    /// Train on so many examples, as many of each class; all.
    public var trainingExamples: Int?
    /// Examples that go into the file, evenly spaced over the test part; 500.
    public var evaluationExamples: Int?
    /// A short form such as `dense:512,512,relu` (the default), the JSON of the file format, or the path of a file with
    /// it.
    public var architecture: String?
    /// How standard deviations follow from `priorScale`; `global`.
    public var prior: PriorForm?
    /// A standard deviation, or one for each layer with commas between them; `1`.
    public var priorScale: String?
    /// T: likelihood and prior are raised to the power 1/T; 1.
    public var temperature: Double?
    /// Of the products of gradients; `float32`.
    public var precision: Precision?
    /// Where chains begin: `prior`, `map`, or the path of a posterior file; what the sampler begins at.
    public var start: String?
    /// Steps of Adam towards the start `map`; 500.
    public var mapIterations: Int?
    /// The first of these steps' lengths; 0.01.
    public var mapLearningRate: Double?
    /// Draws of each chain; 250 of a Markov chain, 100 of a fitted distribution.
    public var draws: Int?
    /// Markov chains; 4.
    public var chains: Int?
    /// Networks of an ensemble; 10.
    public var members: Int?
    /// Names all random streams of the run; 0.
    public var seed: Int?
    /// Worker threads; one a core.
    public var threads: Int?
    /// The posterior file; `posterior.h5`. While the run goes on, its journal is the folder beside it.
    public var output: String?
    /// Deflate the file; false.
    public var compress: Bool?
    /// Replace an existing output once the new one is complete; false.
    public var overwrite: Bool?
    /// No progress and no summary; false.
    public var quiet: Bool?

    /// Nothing but defaults.
    public init() {}

    /// The options that have a value, as text under the names that they have on the command line.
    public var texts: [String: String] {
      guard let texts = try? values else {
        preconditionFailure("options are numbers, text and names, which are described without an error")
      }
      return texts
    }

    /// Those that a run which goes on may be given anew.
    public var renewable: Options {
      var options = Options()
      options.threads = threads
      options.dataFolder = dataFolder
      options.compress = compress
      options.overwrite = overwrite
      options.quiet = quiet
      return options
    }
  }

  /// How the prior's standard deviations follow from a scale.
  public enum PriorForm: String, Codable, Sendable, CaseIterable {
    /// The same for every weight and bias.
    case global
    /// For weights divided by √(inputs of a unit).
    case fanIn = "fan-in"
  }

  /// Precision of products.
  public enum Precision: String, Codable, Sendable, CaseIterable {
    /// Single.
    case float32
    /// Half the bits, on processors that multiply them.
    case bfloat16
  }
}

/// The same options with every default: what a run works with, and what its journal and its file record.
struct RunOptions: PluginOptions {
  var data = "mnist"
  var dataFolder: String?
  var dataSeed = 0
  var trainingExamples: Int?
  var evaluationExamples = 500
  var architecture = "dense:512,512,relu"
  var prior = TrainingRequest.PriorForm.global
  var priorScale = "1"
  var temperature = 1.0
  var precision = TrainingRequest.Precision.float32
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

  static let describedDefaults = [
    "data-folder": "$BAYES_DATA, else data", "training-examples": "all", "start": "the sampler's own",
    "draws": "250 of a Markov chain, 100 of a fitted distribution", "chains": "4 Markov chains, else 1",
    "members": "10", "threads": "one a core",
  ]

  /// Options that change nothing of the result: they are not recorded with it.
  static let unrecorded: Set<String> = ["data-folder", "threads", "output", "overwrite", "quiet", "compress"]
  /// Options that may be given anew when a run is resumed.
  static let renewable: Set<String> = ["threads", "quiet", "overwrite", "compress", "data-folder"]
  /// Options that stand without a value.
  static let flags: Set<String> = ["compress", "overwrite", "quiet"]

  static let names = ((try? RunOptions().described()) ?? []).map(\.name)
}

extension RunOptions {
  /// The options of a request.
  ///
  /// - Throws: `CoreError` for numbers that are not finite.
  init(_ requested: TrainingRequest.Options) throws { try self.init(assignments: requested.texts) }
}
