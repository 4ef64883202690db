public import HDF5

/// One number per draw that the sampler recorded, under ArviZ's name: `lp`, `energy`, `diverging` …
public struct SampleStatistic: Sendable, Hashable {
  /// ArviZ's name.
  public var name: String
  /// The representation in the file.
  public var element: ElementType
  /// The values in the order of the draws: chain by chain.
  public var values: [Double]

  /// Names, in lower case, of numbers by which draws of importance sampling count differently.
  static let weightNames: Set<String> = [
    "weight", "weights", "log_weight", "log_weights", "logweight", "logweights", "importance_weight",
    "importance_weights", "log_importance_weight", "log_importance_weights",
  ]

  /// Keeps a statistic; `diverging` is stored as one byte, whole numbers best as `int64`.
  public init(name: String, element: ElementType = .float64, values: [Double]) {
    self.name = name
    self.element = element
    self.values = values
  }
}

/// A distribution over weights whose entries are independent and Gaussian.
public struct VariationalParameters: Sendable, Hashable {
  /// Means in the order of the architecture's parameters, each in C order.
  public var mean: [Float]
  /// Standard deviations in the same order; not negative.
  public var scale: [Float]

  /// Keeps means and standard deviations.
  public init(mean: [Float], scale: [Float]) {
    self.mean = mean
    self.scale = scale
  }
}
