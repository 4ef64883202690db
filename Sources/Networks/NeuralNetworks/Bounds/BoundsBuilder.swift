public import RobustnessCore

/// Turns the layers of one draw, one after the other, into steps with bounds.
package struct BoundsBuilder {
  /// Which of the steps' values holds each value of the graph.
  private var values = [0]
  private(set) var steps: [BoundedNetwork.Step] = []
  private let inputCount: Int
  private let weights: UnsafeBufferPointer<Float>
  /// The layer that is being built.
  private var name = ""

  private init(inputCount: Int, weights: UnsafeBufferPointer<Float>) {
    self.inputCount = inputCount
    self.weights = weights
  }

  /// The whole network of one draw.
  ///
  /// - Throws: `BoundsUnavailable` with the first layer that has no bounds.
  static func network(_ graph: NetworkGraph, weights: UnsafeBufferPointer<Float>) throws -> BoundedNetwork {
    var builder = BoundsBuilder(inputCount: graph.inputShape.reduce(1, *), weights: weights)
    for (index, node) in graph.nodes.enumerated() {
      builder.name = node.name ?? "layers[\(index)]"
      // One number for two classes is a logit, whatever makes a probability of it.
      let isProbability = index == graph.head && !graph.givesLogits
      if isProbability, (node.kind as? ActivationLayer)?.function == .sigmoid {
        builder.values.append(builder.values[node.inputs[0]])
        continue
      }
      let inputs = node.inputs.map { builder.values[$0] }
      guard var value = node.kind.appendBounds(node, inputs, to: &builder) else {
        let word = (node.kind as? any ManyNamedLayer)?.typeWord ?? type(of: node.kind).type
        throw BoundsUnavailable(layer: "\(builder.name) (\(word))")
      }
      if let product = node.kind as? any ProductKind, product.activation != .identity,
        !(isProbability && product.activation == .sigmoid)
      {
        value = builder.append(product.activation.function, value, count: node.shape.reduce(1, *))
      }
      builder.values.append(value)
    }
    let logits = builder.values[builder.values.count - 1]
    if !graph.givesLogits {
      builder.name = "logits"
      _ = builder.append(AffineStep([.init(source: logits, map: GatherMap([-1, 0], inputCount: 1))]), count: 2)
    } else if logits != builder.steps.count || builder.steps.isEmpty {
      let count = graph.nodes[graph.nodes.count - 1].shape.reduce(1, *)
      _ = builder.append(AffineStep([.init(source: logits, map: IdentityMap(inputCount: count))]), count: count)
    }
    return BoundedNetwork(inputCount: builder.inputCount, steps: builder.steps)
  }

  /// The numbers of a parameter.
  func numbers(_ place: NetworkGraph.Place) -> [Double] { place.range.map { Double(weights[$0]) } }

  private mutating func append(_ operation: BoundedNetwork.Operation, _ count: Int) -> Int {
    steps.append(BoundedNetwork.Step(name: name, outputCount: count, operation: operation))
    return steps.count
  }

  /// Appends an affine step; the value that it gives.
  mutating func append(_ affine: AffineStep, count: Int) -> Int { append(.affine(affine), count) }

  /// Appends a function of one value with bounds.
  mutating func append(_ relaxation: any Relaxation, of source: Int) -> Int {
    append(.relaxed(source: source, relaxation), relaxation.outputCount)
  }

  /// Appends a function of each number.
  mutating func append(_ function: ElementwiseFunction, _ source: Int, count: Int) -> Int {
    if function == .identity { return source }
    if let rectifier = RectifierRelaxation(function, count: count) { return append(rectifier, of: source) }
    return append(CurveRelaxation(function, count: count), of: source)
  }

  /// Appends one linear map of one value without an offset.
  mutating func append(_ map: any LinearMap, of source: Int) -> Int {
    append(AffineStep([.init(source: source, map: map)]), count: map.outputCount)
  }
}

extension NetworkEnsemble: BoundedEnsemble {
  /// One draw as steps with bounds, in `Double`.
  public func boundedMember(_ draw: Int) throws -> BoundedNetwork {
    let network = try member(draw)
    return try network.parameters.withUnsafeBufferPointer {
      try BoundsBuilder.network(network.architecture.graph, weights: $0)
    }
  }
}
