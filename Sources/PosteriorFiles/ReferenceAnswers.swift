import HDF5
public import NeuralNetworks

/// What the author's own program answers at some inputs: with it, whoever reads the file can tell whether it computes
/// the same network.
public struct ReferenceAnswers: Sendable, Hashable {
  /// Numbers in the representation of the file.
  public enum Numbers: Sendable, Hashable {
    /// Inputs only: each byte means its value divided by 255.
    case bytes([UInt8])
    /// Single precision.
    case floats([Float])
    /// Double precision.
    case doubles([Double])

    /// Number of values.
    public var count: Int {
      switch self {
      case .bytes(let values): values.count
      case .floats(let values): values.count
      case .doubles(let values): values.count
      }
    }

    /// What the numbers mean.
    public var values: [Double] {
      switch self {
      case .bytes(let values): values.map { Double($0) / 255 }
      case .floats(let values): values.map(Double.init)
      case .doubles(let values): values
      }
    }

    /// How they are stored.
    var element: ElementType {
      switch self {
      case .bytes: .uint8
      case .floats: .float32
      case .doubles: .float64
      }
    }
  }

  /// The inputs one after the other, each in C order.
  public var inputs: Numbers
  /// Logits in the order (chain, draw, input, class).
  public var logits: Numbers?
  /// Logarithm of the mean over all draws of the probabilities, in the order (input, class).
  public var logPredictive: Numbers?
  /// The program that answered, for people: `PyTorch 2.15.0`.
  public var software: String?
  /// The arithmetic that it answered in, which says how far rounding may take the answers from others.
  public var precision: AnswerPrecision

  /// Attributes that this version does not know, kept when a file is copied.
  var furtherAttributes: [HDF5Attribute] = []

  /// Keeps inputs and answers together.
  public init(
    inputs: Numbers, logits: Numbers? = nil, logPredictive: Numbers? = nil, software: String? = nil,
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
