import HDF5
public import NeuralNetworks
public import RobustnessCore

/// What the author's own program answers at some inputs: with it, whoever reads the file can tell whether it computes
/// the same network.
public struct ReferenceAnswers: Sendable, Hashable {
  /// The inputs one after the other, each in C order.
  public var inputs: StoredNumbers
  /// Logits in the order (chain, draw, input, class).
  public var logits: StoredNumbers?
  /// Logarithm of the mean over all draws of the probabilities, in the order (input, class).
  public var logPredictive: StoredNumbers?
  /// The program that answered, for people: `PyTorch 2.15.0`.
  public var software: String?
  /// The arithmetic that it answered in, which says how far rounding may take the answers from others.
  public var precision: AnswerPrecision
  /// Whether the logits are logarithms of probabilities, as a program gives them that ends in a softmax: one number for
  /// each draw and input away from what the last layer gives.
  public var areLogProbabilities = false

  /// What the attribute `logits_are` says.
  enum Meaning: String, CaseIterable {
    case logits
    case logProbabilities = "log-probabilities"
  }

  /// Attributes that this version does not know, kept when a file is copied.
  var furtherAttributes: [HDF5Attribute] = []

  /// Keeps inputs and answers together.
  public init(
    inputs: StoredNumbers, logits: StoredNumbers? = nil, logPredictive: StoredNumbers? = nil, software: String? = nil,
    precision: AnswerPrecision
  ) {
    self.inputs = inputs
    self.logits = logits
    self.logPredictive = logPredictive
    self.software = software
    self.precision = precision
  }
}

extension ReferenceAnswers {
  /// Three lines of Python that add the group to an open h5py file.
  package static let recipe =
    #"file.attrs["format_version"] = "1.1"; file["reference/inputs"], file["reference/logits"] = inputs, logits; "#
    + #"file["reference"].attrs.update(software="PyTorch", precision="float32")"#
}
