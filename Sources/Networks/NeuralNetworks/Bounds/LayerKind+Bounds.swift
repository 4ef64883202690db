internal import RobustnessCore

// What each layer that is affine, or has lines around it, appends. The others have no bounds: normalisations over
// positions or features, softmax, products of two values.

extension Dense {
  package func appendBounds(_ node: NetworkGraph.Node, _ inputs: [Int], to builder: inout BoundsBuilder) -> Int? {
    let tokens = node.shape.dropLast().reduce(1, *)
    let map = DenseMap(
      builder.numbers(node.parameters[0]), outputs: units, inputs: node.inputShapes[0].last!, tokens: tokens)
    let bias = hasBias ? builder.numbers(node.parameters[1]) : []
    let offset = (0..<(bias.isEmpty ? 0 : tokens)).flatMap { _ in bias }
    return builder.append(AffineStep([.init(source: inputs[0], map: map)], offset: offset), count: map.outputCount)
  }
}

extension Convolution {
  package func appendBounds(_ node: NetworkGraph.Node, _ inputs: [Int], to builder: inout BoundsBuilder) -> Int? {
    let map = ConvolutionMap(
      builder.numbers(node.parameters[0]), window: window, groups: groups, shape: node.inputShapes[0],
      output: node.shape)
    let bias = hasBias ? builder.numbers(node.parameters[1]) : []
    let offset = bias.flatMap { [Double](repeating: $0, count: node.shape[1] * node.shape[2]) }
    return builder.append(AffineStep([.init(source: inputs[0], map: map)], offset: offset), count: map.outputCount)
  }
}

extension Normalize {
  package func appendBounds(_ node: NetworkGraph.Node, _ inputs: [Int], to builder: inout BoundsBuilder) -> Int? {
    let positions = node.shape.dropFirst().reduce(1, *)
    return builder.appendChannels(
      inputs[0], factors: scale.map { 1 / $0 }, roundings: 1, offsets: zip(mean, scale).map { -$0 / $1 },
      sizes: zip(mean, scale).map { abs($0 / $1) }, positions: positions)
  }
}

extension BatchNorm {
  package func appendBounds(_ node: NetworkGraph.Node, _ inputs: [Int], to builder: inout BoundsBuilder) -> Int? {
    let all = node.parameters.map(builder.numbers)
    let (mean, variance) = (all[all.count - 2], all[all.count - 1])
    let channels = mean.count
    let weight = isAffine ? all[0] : [Double](repeating: 1, count: channels)
    let bias = isAffine ? all[1] : [Double](repeating: 0, count: channels)
    // γ/√(σ² + ε): a sum, a root, a quotient.
    let factors = (0..<channels).map { weight[$0] / (variance[$0] + epsilon).squareRoot() }
    guard factors.allSatisfy(\.isFinite) else { return nil }
    return builder.appendChannels(
      inputs[0], factors: factors, roundings: 4,
      offsets: (0..<channels).map { bias[$0] - mean[$0] * factors[$0] },
      sizes: (0..<channels).map { abs(bias[$0]) + abs(mean[$0] * factors[$0]) },
      positions: node.shape.reduce(1, *) / channels)
  }
}

extension Rescale {
  package func appendBounds(_ node: NetworkGraph.Node, _ inputs: [Int], to builder: inout BoundsBuilder) -> Int? {
    let count = node.shape.reduce(1, *)
    let offset = shift == 0 ? [] : [Double](repeating: shift, count: count)
    let map = DiagonalMap([factor], positions: count)
    return builder.append(AffineStep([.init(source: inputs[0], map: map)], offset: offset), count: count)
  }
}

extension ScaleLayer {
  package func appendBounds(_ node: NetworkGraph.Node, _ inputs: [Int], to builder: inout BoundsBuilder) -> Int? {
    let factors = builder.numbers(node.parameters[0])
    return builder.append(
      DiagonalMap(factors, positions: node.shape.reduce(1, *) / factors.count), of: inputs[0])
  }
}

extension ParameterLayer {
  package func appendBounds(_ node: NetworkGraph.Node, _ inputs: [Int], to builder: inout BoundsBuilder) -> Int? {
    builder.append(AffineStep([], offset: builder.numbers(node.parameters[0])), count: node.parameters[0].count)
  }
}

extension Add {
  package func appendBounds(_ node: NetworkGraph.Node, _ inputs: [Int], to builder: inout BoundsBuilder) -> Int? {
    let count = node.shape.reduce(1, *)
    return builder.append(
      AffineStep(inputs.map { .init(source: $0, map: IdentityMap(inputCount: count)) }), count: count)
  }
}

extension Concatenate {
  package func appendBounds(_ node: NetworkGraph.Node, _ inputs: [Int], to builder: inout BoundsBuilder) -> Int? {
    let runs = node.inputShapes.map { $0[axis...].reduce(1, *) }
    let outer = node.shape[..<axis].reduce(1, *)
    let count = node.shape.reduce(1, *)
    var start = 0
    let terms = zip(inputs, runs).map { input, run in
      var places = [Int](repeating: -1, count: count)
      for block in 0..<outer {
        let first = block * runs.reduce(0, +) + start
        for index in 0..<run { places[first + index] = block * run + index }
      }
      start += run
      return AffineStep.Term(source: input, map: GatherMap(places, inputCount: outer * run))
    }
    return builder.append(AffineStep(terms), count: count)
  }
}

extension Flatten {
  package func appendBounds(_ node: NetworkGraph.Node, _ inputs: [Int], to builder: inout BoundsBuilder) -> Int? {
    inputs[0]
  }
}

extension Reshape {
  package func appendBounds(_ node: NetworkGraph.Node, _ inputs: [Int], to builder: inout BoundsBuilder) -> Int? {
    inputs[0]
  }
}

/// Layers whose plain statement takes elements from other places.
protocol GatheringLayer: LayerKind {}
extension Transpose: GatheringLayer {}
extension Slice: GatheringLayer {}
extension Pad: GatheringLayer {}

extension GatheringLayer {
  package func appendBounds(_ node: NetworkGraph.Node, _ inputs: [Int], to builder: inout BoundsBuilder) -> Int? {
    guard let rows = statement(node) as? GatherRows else { return nil }
    return builder.append(GatherMap(rows.places, inputCount: node.inputShapes[0].reduce(1, *)), of: inputs[0])
  }
}

/// Layers whose plain statement is a mean over runs of places.
protocol MeanLayer: LayerKind {}
extension Mean: MeanLayer {}
extension GlobalAveragePool: MeanLayer {}

extension MeanLayer {
  package func appendBounds(_ node: NetworkGraph.Node, _ inputs: [Int], to builder: inout BoundsBuilder) -> Int? {
    guard let rows = statement(node) as? MeanRows else { return nil }
    let windows = stride(from: 0, to: rows.places.count, by: rows.count).map {
      Array(rows.places[$0..<$0 + rows.count])
    }
    let divisors = [Int](repeating: rows.count, count: windows.count)
    return builder.append(
      MeanMap(windows, divisors: divisors, inputCount: node.inputShapes[0].reduce(1, *)), of: inputs[0])
  }
}

extension AveragePool {
  package func appendBounds(_ node: NetworkGraph.Node, _ inputs: [Int], to builder: inout BoundsBuilder) -> Int? {
    guard let rows = statement(node) as? PoolRows else { return nil }
    let windows = rows.allWindows
    let size = window.kernel[0] * window.kernel[1]
    return builder.append(
      MeanMap(
        windows, divisors: windows.map { countsPadding ? size : $0.count },
        inputCount: node.inputShapes[0].reduce(1, *)), of: inputs[0])
  }
}

extension MaxPool {
  package func appendBounds(_ node: NetworkGraph.Node, _ inputs: [Int], to builder: inout BoundsBuilder) -> Int? {
    guard let rows = statement(node) as? PoolRows else { return nil }
    return builder.append(
      MaximumRelaxation(rows.allWindows, inputCount: node.inputShapes[0].reduce(1, *)), of: inputs[0])
  }
}

extension ActivationLayer {
  package func appendBounds(_ node: NetworkGraph.Node, _ inputs: [Int], to builder: inout BoundsBuilder) -> Int? {
    builder.append(function, inputs[0], count: node.shape.reduce(1, *))
  }
}

extension BoundsBuilder {
  /// factor · x + offset with one of each for a channel.
  ///
  /// - Parameters:
  ///   - roundings: in a factor.
  ///   - sizes: magnitudes of what was added up for each offset, in as many roundings and a few.
  fileprivate mutating func appendChannels(
    _ source: Int, factors: [Double], roundings: Int, offsets: [Double], sizes: [Double], positions: Int
  ) -> Int {
    let map = DiagonalMap(factors, positions: positions, roundings: roundings)
    func spread(_ numbers: [Double]) -> [Double] { numbers.flatMap { [Double](repeating: $0, count: positions) } }
    let unit = Double(roundings + 4) * 0x1p-52
    return append(
      AffineStep(
        [.init(source: source, map: map)], offset: spread(offsets), offsetError: spread(sizes.map { unit * $0 })),
      count: map.outputCount)
  }
}
