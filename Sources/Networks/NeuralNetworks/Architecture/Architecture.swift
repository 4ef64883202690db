/// A feed-forward network without its weights: the shape of an input, the layers in order, the number of classes.
///
/// A layer takes the result of the layer before it, or of the layers that it names: a graph without cycles, since all of
/// them stand before it. The last layer gives the logits, one per class.
/// A value of this type is always consistent: every layer fits the one before it, and every size and product of sizes
/// fits in `Int`.
public struct Architecture: Sendable {
  /// A weight, a bias, or whatever else a layer has.
  public struct Parameter: Sendable, Hashable {
    /// What it does in its layer.
    public enum Purpose: Sendable, Hashable {
      /// Multiplies inputs that are added up, so many for each unit.
      case weight(fanIn: Int)
      /// Is added.
      case shift
      /// Multiplies one number at a time, and is 1 where it does nothing.
      case factor
      /// A statistic of the training data, such as a running mean: nothing that is trained.
      case statistic
    }

    /// The layer's name and the role, for example `dense1.weight`.
    public let name: String
    /// `(out, in)`, `(out, in, kernel height, kernel width)` or `(out)`, as in PyTorch's `state_dict`.
    public let shape: [Int]
    /// What it does.
    public let purpose: Purpose
    /// Which of `layers` has it.
    public let layer: Int
    /// Product of the shape.
    public var count: Int { shape.reduce(1, *) }

    package init(name: String, shape: [Int], purpose: Purpose = .shift, layer: Int = 0) {
      self.name = name
      self.shape = shape
      self.purpose = purpose
      self.layer = layer
    }
  }

  /// Shape of one input.
  public let inputShape: [Int]
  /// Number of classes, the number of logits.
  public let classCount: Int
  /// The layers, from the input to the logits.
  public let layers: [Layer]
  /// The text as it was read; canonical text when the architecture was made from values.
  public let json: String
  /// What the layers have, in their order: weight before bias, as PyTorch lists them.
  public let parameters: [Parameter]
  /// Shape of one example after each layer: `layerShapes[i]` is the output of `layers[i]`.
  public let layerShapes: [[Int]]
  /// Number of weights and biases together.
  public let parameterCount: Int
  /// The layers with what each takes: all names resolved.
  package let graph: NetworkGraph

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
    let graph = try NetworkGraph(inputShape: inputShape, classCount: classCount, layers: layers)
    self.inputShape = inputShape
    self.classCount = classCount
    self.layers = layers
    self.json = json
    self.graph = graph
    self.parameters = graph.parameters
    self.layerShapes = graph.nodes.map(\.shape)
    self.parameterCount = graph.parameterCount
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
