/// A whole network by the plain statements of its layers, with how far rounding may have taken each number.
///
/// Products have the deviations of ``ReferencePass``. Every other layer is asked: its inputs are moved by their
/// deviations, up and down at random, and what that does to its result is measured. The moves are the same in every run.
final class ReferenceGraph: Sendable, Hashable {
  private let graph: NetworkGraph
  /// Statements of the layers that are no products.
  private let statements: [any RowFunction]
  /// How often a layer's inputs are moved.
  private static let probes = 6

  init(_ graph: NetworkGraph) {
    self.graph = graph
    statements = graph.nodes.map { $0.kind.statement($0) }
  }

  static func == (left: ReferenceGraph, right: ReferenceGraph) -> Bool { left === right }
  func hash(into hasher: inout Hasher) { hasher.combine(ObjectIdentifier(self)) }

  func logits(
    _ input: ReferencePass.Values, _ weights: [Double], _ model: RoundingModel?, _ pass: ReferencePass
  ) -> ReferencePass.Values {
    var values = [input]
    for (index, node) in graph.nodes.enumerated() {
      let operands = node.inputs.map { values[$0] }
      // One number for two classes is a logit, whatever makes a probability of it.
      let isProbability = index == graph.head && !graph.givesLogits
      switch node.kind {
      case let layer as ActivationLayer where isProbability && layer.function == .sigmoid: values.append(operands[0])
      case let layer as any ProductKind:
        var y = product(layer, node, operands[0], weights, model, pass)
        if layer.activation != .identity, !(isProbability && layer.activation == .sigmoid) {
          pass.activate(&y, ReferenceActivation(layer.activation), model)
        }
        values.append(y)
      case let layer as ActivationLayer:
        var y = operands[0]
        pass.activate(&y, .function(layer.function), model)
        values.append(y)
      default: values.append(measured(index, node, operands, weights, model))
      }
    }
    guard !graph.givesLogits else { return values[values.count - 1] }
    let z = values[values.count - 1]
    return ReferencePass.Values(
      numbers: [0, z.numbers[0]], squares: z.squares.isEmpty ? [] : [0, z.squares[0]])
  }

  // MARK: - Products

  private func product(
    _ kind: any ProductKind, _ node: NetworkGraph.Node, _ x: ReferencePass.Values, _ weights: [Double],
    _ model: RoundingModel?, _ pass: ReferencePass
  ) -> ReferencePass.Values {
    let weight = weights[node.parameters[0].range]
    let bias = node.parameters.count > 1 ? Array(weights[node.parameters[1].range]) : nil
    switch kind {
    case let dense as Dense:
      let tokens = node.shape.dropLast().reduce(1, *)
      let own = Array(weight) + (bias ?? [Double](repeating: 0, count: dense.units))
      let y = pass.product(
        x, rows: tokens, length: node.inputShapes[0].last!, weights: own, offset: 0, units: dense.units, model)
      guard tokens > 1 else { return y }
      let places = (0..<tokens * dense.units).map { $0 % dense.units * tokens + $0 / dense.units }
      return y.gathered(places)
    case let convolution as Convolution:
      let perGroup = convolution.filters / convolution.groups
      let length = weight.count / convolution.filters
      let positions = node.shape[1] * node.shape[2]
      var y = ReferencePass.Values(numbers: [], squares: [])
      for group in 0..<convolution.groups {
        let patches = x.gathered(places(convolution, node, group))
        let filters = group * perGroup..<(group + 1) * perGroup
        let start = weight.startIndex + filters.lowerBound * length
        let own =
          Array(weight[start..<start + perGroup * length])
          + (bias.map { Array($0[filters]) } ?? [Double](repeating: 0, count: perGroup))
        let part = pass.product(
          patches, rows: positions, length: length, weights: own, offset: 0, units: perGroup, model)
        y.numbers += part.numbers
        y.squares += part.squares
      }
      return y
    default: preconditionFailure("there are no other products")
    }
  }

  /// The elements of each patch of a group's channels; −1 beyond the image.
  private func places(_ convolution: Convolution, _ node: NetworkGraph.Node, _ group: Int) -> [Int] {
    let (window, shape) = (convolution.window, node.inputShapes[0])
    let perGroup = shape[0] / convolution.groups
    var places: [Int] = []
    for row in 0..<node.shape[1] {
      for column in 0..<node.shape[2] {
        for channel in group * perGroup..<(group + 1) * perGroup {
          for u in 0..<window.kernel[0] {
            let i = row * window.stride[0] + u * window.dilation[0] - window.padding[0]
            for v in 0..<window.kernel[1] {
              let j = column * window.stride[1] + v * window.dilation[1] - window.padding[2]
              let isInside = (0..<shape[1]).contains(i) && (0..<shape[2]).contains(j)
              places.append(isInside ? (channel * shape[1] + i) * shape[2] + j : -1)
            }
          }
        }
      }
    }
    return places
  }

  // MARK: - Other layers

  private func measured(
    _ index: Int, _ node: NetworkGraph.Node, _ operands: [ReferencePass.Values], _ weights: [Double],
    _ model: RoundingModel?
  ) -> ReferencePass.Values {
    let count = node.shape.reduce(1, *)
    let numbers = apply(index, node, operands.map(\.numbers), weights, count)
    guard let model else { return ReferencePass.Values(numbers: numbers, squares: []) }
    var squares = numbers.map { model.result * model.result * $0 * $0 }
    for probe in 0..<Self.probes {
      let moved = operands.enumerated().map { place, x in
        x.numbers.indices.map { element in
          let deviation = x.squares[element].squareRoot()
          return x.numbers[element] + (Self.isUp(index, probe, place, element) ? deviation : -deviation)
        }
      }
      let other = apply(index, node, moved, weights, count)
      for element in squares.indices {
        let difference = other[element] - numbers[element]
        squares[element] += difference * difference / Double(Self.probes)
      }
    }
    return ReferencePass.Values(numbers: numbers, squares: squares)
  }

  private func apply(
    _ index: Int, _ node: NetworkGraph.Node, _ inputs: [[Double]], _ weights: [Double], _ count: Int
  ) -> [Double] {
    let statement = statements[index]
    return weights.withUnsafeBufferPointer { weights in
      let parameters = node.parameters.map { weights.baseAddress! + $0.offset }
      return Self.withPointers(inputs[...], []) { pointers in
        [Double](unsafeUninitializedCapacity: count) { buffer, initialized in
          statement.forward(pointers, parameters, buffer.baseAddress!)
          initialized = count
        }
      }
    }
  }

  private static func withPointers<Result>(
    _ rest: ArraySlice<[Double]>, _ done: [UnsafePointer<Double>], _ body: ([UnsafePointer<Double>]) -> Result
  ) -> Result {
    guard let first = rest.first else { return body(done) }
    return first.withUnsafeBufferPointer { withPointers(rest.dropFirst(), done + [$0.baseAddress!], body) }
  }

  /// A coin for every number of every probe.
  private static func isUp(_ layer: Int, _ probe: Int, _ place: Int, _ element: Int) -> Bool {
    var z = UInt64(truncatingIfNeeded: ((layer * 7 + probe) * 3 + place) &* 0x1_0000_0001 &+ element)
    z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
    return (z ^ (z >> 31)) & 1 == 1
  }
}

extension ReferencePass.Values {
  /// Elements from other places; −1 is an exact zero.
  func gathered(_ places: [Int]) -> ReferencePass.Values {
    ReferencePass.Values(
      numbers: places.map { $0 < 0 ? 0 : numbers[$0] },
      squares: squares.isEmpty ? [] : places.map { $0 < 0 ? 0 : squares[$0] })
  }
}
