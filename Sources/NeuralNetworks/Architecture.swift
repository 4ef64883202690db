/// A feed-forward network without its weights: the shape of an input, the layers in order, the number of classes.
///
/// The last layer is dense and gives the logits, one per class.
/// A value of this type is always consistent: every layer fits the one before it, and every size and product of sizes
/// fits in `Int`.
public struct Architecture: Sendable {
  /// An element-wise activation.
  public enum Activation: String, Sendable, Hashable, CaseIterable {
    /// max(x, 0).
    case relu
    /// x for x > 0, otherwise 0.01 x.
    case leakyReLU = "leaky_relu"
    /// Hyperbolic tangent.
    case tanh
    /// 1 / (1 + exp(−x)).
    case sigmoid
    /// x.
    case identity
  }

  /// One layer.
  public enum Layer: Sendable, Hashable {
    /// Makes one dimension of all, in C order.
    case flatten
    /// activation(W x + b) with W of shape `(units, inputs)`. Its input has one dimension.
    case dense(name: String, units: Int, activation: Activation)
    /// Cross-correlation with square kernels, stride 1, no padding. Its input is `(channels, height, width)`.
    case convolution(name: String, filters: Int, kernelSize: Int, activation: Activation)
    /// Maximum over square windows. Its input is `(channels, height, width)`; windows that do not fit are left out.
    case maxPool(kernelSize: Int, stride: Int)
    /// (x − mean) / scale with one mean and one scale per channel (per feature of a one-dimensional input). Only as the
    /// first layer.
    case normalize(mean: [Double], scale: [Double])
  }

  /// A weight or a bias.
  public struct Parameter: Sendable, Hashable {
    /// The layer's name and the role, for example `dense1.weight`.
    public let name: String
    /// `(out, in)`, `(out, in, kernel height, kernel width)` or `(out)`, as in PyTorch's `state_dict`.
    public let shape: [Int]
    /// Product of the shape.
    public var count: Int { shape.reduce(1, *) }
  }

  /// Shape of one input.
  public let inputShape: [Int]
  /// Number of classes, the number of logits.
  public let classCount: Int
  /// The layers, from the input to the logits.
  public let layers: [Layer]
  /// The text as it was read; canonical text when the architecture was made from values.
  public let json: String
  /// Weights and biases in the order of the layers, weight before bias.
  public let parameters: [Parameter]
  /// Shape of one example after each layer: `layerShapes[i]` is the output of `layers[i]`.
  public let layerShapes: [[Int]]
  /// Number of weights and biases together.
  public let parameterCount: Int

  /// Reads the description that a posterior file holds.
  ///
  /// Unknown keys at the top level are ignored; unknown layer types and unknown keys inside a layer are refused,
  /// since a setting that is not applied would give a different network without a word.
  ///
  /// - Throws: ``ArchitectureError`` that says where the text is wrong and why.
  public init(json: String) throws(ArchitectureError) {
    let description = try Description(parsing: json)
    try self.init(
      inputShape: description.inputShape, classCount: description.classCount, layers: description.layers, json: json)
  }

  /// Makes an architecture from its layers.
  ///
  /// - Throws: ``ArchitectureError`` when a layer does not fit the one before it.
  public init(inputShape: [Int], classCount: Int, layers: [Layer]) throws(ArchitectureError) {
    try self.init(
      inputShape: inputShape, classCount: classCount, layers: layers,
      json: Self.canonicalJSON(inputShape: inputShape, classCount: classCount, layers: layers))
  }

  private init(inputShape: [Int], classCount: Int, layers: [Layer], json: String) throws(ArchitectureError) {
    let trace = try ShapeTrace(inputShape: inputShape, classCount: classCount, layers: layers)
    self.inputShape = inputShape
    self.classCount = classCount
    self.layers = layers
    self.json = json
    self.parameters = trace.parameters
    self.layerShapes = trace.layerShapes
    self.parameterCount = trace.parameterCount
  }
}

extension Architecture: Hashable {
  /// Two architectures are equal when they describe the same network, however their texts are spelled.
  public static func == (left: Architecture, right: Architecture) -> Bool {
    left.inputShape == right.inputShape && left.classCount == right.classCount && left.layers == right.layers
  }

  /// Hashes what `==` compares.
  public func hash(into hasher: inout Hasher) {
    hasher.combine(inputShape)
    hasher.combine(classCount)
    hasher.combine(layers)
  }
}
