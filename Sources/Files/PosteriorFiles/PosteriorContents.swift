import HDF5
public import NeuralNetworks
public import RobustnessCore

/// What goes into a posterior file.
public struct PosteriorContents: Sendable {
  /// The draws, chain by chain; the architecture comes with them.
  public var weights: any WeightSource
  /// Number of chains; the number of draws is a multiple of it.
  public var chainCount: Int
  /// The interval that every input value lies in.
  public var inputBounds: ClosedRange<Double>
  /// The interval of each channel, the first axis of an input, where they differ; ``inputBounds`` becomes the smallest
  /// that holds them all.
  public var boundsPerChannel: [ClosedRange<Double>]? {
    didSet {
      guard let pairs = boundsPerChannel, let first = pairs.first else { return }
      inputBounds = pairs.reduce(first) {
        min($0.lowerBound, $1.lowerBound)...max($0.upperBound, $1.upperBound)
      }
    }
  }
  /// Which of the architecture's parameters are stored once, for all draws: the same in each, or writing fails. Nil
  /// stands for those that the weights say.
  public var sharedParameters: Set<Int>?
  /// How the draws came about.
  public var kind: PosteriorKind?
  /// What the sampler promises about the distribution of the draws.
  public var exactness: Exactness?
  /// What the sampler recorded for every draw.
  public var sampleStatistics: [SampleStatistic]
  /// The distribution that draws of a variational posterior come from.
  public var variational: VariationalParameters?
  /// Labelled inputs to evaluate on.
  public var evaluationData: LabelledData?
  /// What the author's program answers at some inputs; a file with it is of format 1.1.
  public var referenceAnswers: ReferenceAnswers?
  /// Where the posterior comes from: method, settings, seed … The names `kind` and `exactness` are taken by ``kind`` and
  /// ``exactness``.
  public var provenance: [String: ProvenanceValue]
  /// Whether chunks are compressed: about a sixth smaller, for ten times the time.
  public var isCompressed: Bool

  /// What the file says of itself in attributes of `/`, by name.
  var descriptions: [String: String] = [:]
  /// The representation of the bounds, part of the posterior's digest.
  var boundsElement = ElementType.float64
  /// The bounds as they were stored, kept when a file is copied.
  var storedBounds: HDF5Attribute?
  /// Attributes of `/model` that this version does not know, kept when a file is copied.
  var furtherModelAttributes: [HDF5Attribute] = []
  /// An attribute of a file of the first version that has the name of ``exactness`` and no meaning, kept when it is
  /// copied.
  var exactnessOfFirstVersion: ProvenanceValue?

  /// Describes a file; everything but draws and bounds is optional.
  public init(
    weights: any WeightSource, chainCount: Int = 1, inputBounds: ClosedRange<Double>, kind: PosteriorKind? = nil,
    title: String? = nil, createdAt: String? = nil, creationLibrary: String? = "bayesian-robustness",
    creationLibraryVersion: String? = nil, inferenceLibrary: String? = nil, sampleStatistics: [SampleStatistic] = [],
    variational: VariationalParameters? = nil, evaluationData: LabelledData? = nil,
    referenceAnswers: ReferenceAnswers? = nil, provenance: [String: ProvenanceValue] = [:], isCompressed: Bool = false
  ) {
    self.weights = weights
    self.chainCount = chainCount
    self.inputBounds = inputBounds
    self.kind = kind
    self.sampleStatistics = sampleStatistics
    self.variational = variational
    self.evaluationData = evaluationData
    self.referenceAnswers = referenceAnswers
    self.provenance = provenance
    self.isCompressed = isCompressed
    self.title = title
    self.createdAt = createdAt
    self.creationLibrary = creationLibrary
    self.creationLibraryVersion = creationLibraryVersion
    self.inferenceLibrary = inferenceLibrary
  }

  /// Everything that a file holds, so that writing it gives a file of the newest format with the same posterior.
  ///
  /// Data sets that the format does not know are left out.
  public init(copying file: PosteriorFile) throws(PosteriorFileError) {
    self.init(
      weights: file, chainCount: file.chainCount, inputBounds: file.inputBounds, kind: file.kind,
      creationLibrary: nil, sampleStatistics: try file.sampleStatistics(),
      variational: try file.variationalParameters(), evaluationData: try file.evaluationData(),
      referenceAnswers: try file.referenceAnswers())
    descriptions = file.descriptions
    exactness = file.exactness
    boundsPerChannel = file.boundsPerChannel
    for attribute in file.structure.furtherAttributes(of: "/provenance") {
      provenance[attribute.name] = ProvenanceValue(attribute)
    }
    exactnessOfFirstVersion = provenance.removeValue(forKey: "exactness")
    storedBounds = file.structure.attribute("/model@input_bounds")
    if case .number(let element)? = storedBounds?.type { boundsElement = element }
    furtherModelAttributes = file.structure.furtherAttributes(of: "/model")
  }
}

extension PosteriorContents {
  /// A title for people.
  public var title: String? {
    get { descriptions["title"] }
    set { descriptions["title"] = newValue }
  }
  /// When the file was made (ISO 8601); nil stands for the moment of writing.
  public var createdAt: String? {
    get { descriptions["created_at"] }
    set { descriptions["created_at"] = newValue }
  }
  /// The program that writes the file.
  public var creationLibrary: String? {
    get { descriptions["creation_library"] }
    set { descriptions["creation_library"] = newValue }
  }
  /// That program's version.
  public var creationLibraryVersion: String? {
    get { descriptions["creation_library_version"] }
    set { descriptions["creation_library_version"] = newValue }
  }
  /// The library that made the draws.
  public var inferenceLibrary: String? {
    get { descriptions["inference_library"] }
    set { descriptions["inference_library"] = newValue }
  }
}

/// One entry of a file's provenance.
public struct ProvenanceValue: Sendable, Hashable {
  let value: HDF5Attribute.Value
  let shape: [Int]

  private init(value: HDF5Attribute.Value, shape: [Int]) {
    self.value = value
    self.shape = shape
  }

  /// The value of an attribute; nil when it is neither text nor numbers.
  init?(_ attribute: HDF5Attribute) {
    guard attribute.value != .unread, let shape = attribute.shape else { return nil }
    self.init(value: attribute.value, shape: shape)
  }

  /// A text, also JSON.
  public static func text(_ text: String) -> ProvenanceValue { .init(value: .text(text), shape: []) }

  /// A whole number, `<i8`.
  public static func integer(_ number: Int) -> ProvenanceValue {
    .init(value: .numbers(.int64, withUnsafeBytes(of: Int64(number)) { Array($0) }), shape: [])
  }

  /// A number, `<f8`.
  public static func number(_ number: Double) -> ProvenanceValue {
    .init(value: .numbers(.float64, withUnsafeBytes(of: number) { Array($0) }), shape: [])
  }

  /// A list of numbers, `<f8`.
  public static func numbers(_ numbers: [Double]) -> ProvenanceValue {
    .init(value: .numbers(.float64, numbers.withUnsafeBytes { Array($0) }), shape: [numbers.count])
  }
}
