import ComputeKernels
import Foundation
import RobustnessCore
import TestSupport
import Testing

@testable import NeuralNetworks

/// A layer's plain statement with the arrays that it works on.
private struct StatedLayer: Sendable, CustomTestStringConvertible {
  let testDescription: String
  let node: NetworkGraph.Node

  /// Those of the fixture's networks, each once, and what stands behind a last layer of one number.
  static let all: [StatedLayer] = {
    var seen: Set<String> = []
    var result: [StatedLayer] = []
    for answer in LayerAnswer.all {
      for node in answer.architecture.graph.nodes {
        let settings = node.kind.members.map { "\($0.key) \($0.json)" }.joined(separator: ", ")
        let description = "\(node.kind.typeWord) of \(node.inputShapes)" + (settings.isEmpty ? "" : ", \(settings)")
        if seen.insert(description).inserted { result.append(StatedLayer(testDescription: description, node: node)) }
      }
    }
    let binary = NetworkGraph.Node(
      kind: BinaryLogits(), name: nil, inputs: [1], inputShapes: [[1]], shape: [2], parameters: [])
    return result + [StatedLayer(testDescription: "logits of one number", node: binary)]
  }()

  var statement: any RowFunction { node.kind.statement(node) }
  var inputCounts: [Int] { node.inputShapes.map { $0.reduce(1, *) } }
  var outputCount: Int { node.shape.reduce(1, *) }

  /// Numbers for every input and parameter; variances are positive.
  func arrays(seed: Int, magnitude: Double? = nil) -> [[Double]] {
    var stream = RandomStreams(seed: 11, purpose: testDescription).stream(example: seed)
    let inputs = inputCounts.map { count in
      magnitude.map { magnitude in stream.normals(count).map { max(-1, min(1, 2 * $0)) * magnitude } }
        ?? stream.normals(count).map { 1.3 * $0 }
    }
    var parameters = node.parameters.map { stream.normals($0.count).map { 0.8 * $0 } }
    if node.kind is BatchNorm { parameters[parameters.count - 1] = parameters.last!.map { 0.1 + $0 * $0 } }
    return inputs + parameters
  }

  func value(_ arrays: [[Double]]) -> [Double] {
    let places = Copies(arrays)
    var y = [Double](repeating: .nan, count: outputCount)
    statement.forward(places.inputs(inputCounts.count), places.parameters(inputCounts.count), &y)
    return y
  }

  /// Gradients with respect to the arrays of Σ g y; nil for those that are not wanted.
  func gradient(_ arrays: [[Double]], _ g: [Double], wanted: (Int) -> Bool = { _ in true }) -> [[Double]?] {
    let places = Copies(arrays)
    let sums = Copies(arrays.map { [Double](repeating: 0, count: $0.count) })
    let y = value(arrays)
    let inputs = inputCounts.count
    let wantsParameters = arrays.indices.dropFirst(inputs).contains(where: wanted)
    statement.backward(
      places.inputs(inputs), places.parameters(inputs), y, g,
      (0..<inputs).map { wanted($0) ? sums.pointers[$0] : nil },
      wantsParameters ? Array(sums.pointers[inputs...]) : nil)
    return arrays.indices.map { wanted($0) ? sums.array($0, arrays[$0].count) : nil }
  }
}

extension StatedLayer {
  /// Gradients with respect to the inputs as mantissas, times 2 to the power of the exponent.
  fileprivate func scaledGradient(_ arrays: [[Double]], _ g: [Double]) -> (gradients: [[Double]], exponent: Int) {
    let places = Copies(arrays)
    let inputs = inputCounts.count
    let sums = Copies(inputCounts.map { [Double](repeating: 0, count: $0) })
    let exponent = statement.scaledBackward(
      places.inputs(inputs), places.parameters(inputs), value(arrays), g, sums.pointers.map { $0 }, nil)
    return (inputCounts.enumerated().map { sums.array($0.offset, $0.element) }, exponent)
  }
}

/// Arrays that stay where they are.
private final class Copies {
  let pointers: [UnsafeMutablePointer<Double>]

  init(_ arrays: [[Double]]) {
    pointers = arrays.map { array in
      let pointer = UnsafeMutablePointer<Double>.allocate(capacity: max(1, array.count))
      pointer.initialize(from: array, count: array.count)
      return pointer
    }
  }

  deinit { for pointer in pointers { pointer.deallocate() } }

  func inputs(_ count: Int) -> [UnsafePointer<Double>] { pointers[..<count].map { UnsafePointer($0) } }
  func parameters(_ first: Int) -> [UnsafePointer<Double>] { pointers[first...].map { UnsafePointer($0) } }
  func array(_ index: Int, _ count: Int) -> [Double] {
    Array(UnsafeBufferPointer(start: pointers[index], count: count))
  }
}

/// The plain statement of every layer by itself: its derivative, and its bound.
@Suite("The statement of every layer", .inTurn)
struct LayerDerivativeTests {
  @Test(arguments: StatedLayer.all) fileprivate func `backward is the central difference of forward`(layer: StatedLayer)
    throws
  {
    let arrays = layer.arrays(seed: 0)
    var stream = RandomStreams(seed: 12, purpose: layer.testDescription).stream(example: 0)
    let g = stream.normals(layer.outputCount)
    let gradient = layer.gradient(arrays, g)
    let step = 1e-5
    for (index, array) in arrays.enumerated() {
      // Statistics of training data are not trained.
      if layer.node.kind is BatchNorm, index >= arrays.count - 2 { continue }
      let largest = max(1, gradient[index]!.reduce(0) { max($0, abs($1)) })
      for place in array.indices {
        var (above, below) = (arrays, arrays)
        above[index][place] += step
        below[index][place] -= step
        let difference = zip(layer.value(above), layer.value(below)).map { ($0 - $1) / (2 * step) }
        let slope = zip(g, difference).reduce(0) { $0 + $1.0 * $1.1 }
        #expect(abs(slope - gradient[index]![place]) <= 1e-7 * largest, "array \(index), element \(place)")
      }
    }
  }

  /// Where derivatives are below the smallest double there is nothing to compare with, but gradients go on being linear
  /// in what comes in; and up to there they are those of `backward`.
  @Test(arguments: StatedLayer.all) fileprivate func `gradients with an exponent are linear, and the plain ones`(
    layer: StatedLayer
  ) {
    for (seed, magnitude) in ([nil, 30, 300, 650, 1400, 5000] as [Double?]).enumerated() {
      let arrays = layer.arrays(seed: 20 + seed, magnitude: magnitude)
      guard layer.value(arrays).allSatisfy(\.isFinite) else { continue }
      var stream = RandomStreams(seed: 13, purpose: layer.testDescription).stream(example: seed)
      let one = stream.normals(layer.outputCount)
      let other = stream.normals(layer.outputCount)
      let sum = zip(one, other).map { $0 + $1 }
      let parts = [one, other, sum].map { layer.scaledGradient(arrays, $0) }
      let exponent = parts.reduce(Int.min) { max($0, $1.exponent) }
      let plain = layer.gradient(arrays, one, wanted: { $0 < layer.inputCounts.count })
      for index in layer.inputCounts.indices {
        let aligned = parts.map { part in part.gradients[index].map { scalbn($0, part.exponent - exponent) } }
        let largest = aligned.flatMap { $0 }.reduce(0) { max($0, abs($1)) }
        for place in aligned[0].indices {
          let difference = abs(aligned[0][place] + aligned[1][place] - aligned[2][place])
          #expect(difference <= 1e-6 * largest, "input \(index), element \(place), magnitude \(magnitude ?? 1)")
        }
        let found = parts[0].gradients[index].map { scalbn($0, parts[0].exponent) }
        let top = found.reduce(0) { max($0, abs($1)) }
        for (place, value) in found.enumerated() {
          let difference = abs(value - plain[index]![place])
          #expect(
            difference <= 1e-6 * top + 1e-300, "input \(index), element \(place), magnitude \(magnitude ?? 1)")
        }
      }
    }
  }

  @Test(arguments: StatedLayer.all) fileprivate func `a gradient does not depend on which others are wanted`(
    layer: StatedLayer
  ) {
    let arrays = layer.arrays(seed: 1)
    var stream = RandomStreams(seed: 12, purpose: layer.testDescription).stream(example: 1)
    let g = stream.normals(layer.outputCount)
    let all = layer.gradient(arrays, g)
    for input in layer.inputCounts.indices {
      #expect(layer.gradient(arrays, g) { $0 == input }[input] == all[input])
    }
    let inputs = layer.inputCounts.count
    #expect(Array(layer.gradient(arrays, g) { $0 >= inputs }[inputs...]) == Array(all[inputs...]))
  }

  @Test(arguments: StatedLayer.all) fileprivate func `no result is beyond its bound`(layer: StatedLayer) {
    for (seed, magnitude) in [1e-3, 0.5, 1, 4, 50, 50].enumerated() {
      let arrays = layer.arrays(seed: seed, magnitude: magnitude)
      let copies = Copies(arrays)
      let inputs = layer.inputCounts.count
      let parameters = arrays.indices.dropFirst(inputs).map {
        UnsafeBufferPointer(start: UnsafePointer(copies.pointers[$0]), count: arrays[$0].count)
      }
      let bound = layer.statement.bound(layer.inputCounts.map { _ in magnitude }, parameters)
      let largest = layer.value(arrays).reduce(0) { max($0, abs($1)) }
      #expect(largest <= bound * (1 + 1e-12), "inputs up to \(magnitude)")
      withExtendedLifetime(copies) {}
    }
  }

  /// Overflow is found by these bounds, before a rectifier makes 0 of it.
  @Test(arguments: LayerAnswer.all) func `no value of a network is beyond the bound of its stage`(answer: LayerAnswer)
    throws
  {
    let network = try CompiledNetwork(answer.architecture, rows: 5, precision: .float64, library: .portable)
    let space = try Workspace(network, backward: false)
    let (offsets, bytes) = network.packing(backward: false)
    let memory = AlignedMemory(bytes: bytes)
    let draw = PackedDraw(base: memory.base, offsets: offsets)
    for parameters in answer.weights.draws {
      try network.pack(parameters, into: draw, backward: false, worker: space.worker)
      space.load(
        answer.examples.inputs.elements, labels: [], rows: 5, network: network,
        normalization: Normalization(answer.architecture))
      try network.forward(draw, space)
      func largest(_ value: Int) -> Double {
        let count = 5 * network.layouts[value].elementsPerRow
        let elements = UnsafeBufferPointer(
          start: space.values[value].base.assumingMemoryBound(to: Double.self), count: count)
        return elements.reduce(0) { max($0, abs($1)) }
      }
      var bounds = [Double](repeating: 0, count: network.layouts.count)
      bounds[0] = largest(0)
      for (index, node) in network.nodes.enumerated() {
        bounds[node.output] = node.stage.bound(node.inputs.map { bounds[$0] }, parameters)
        #expect(
          largest(node.output) <= bounds[node.output] * (1 + 1e-12), "stage \(index), \(type(of: node.stage))")
      }
      #expect(network.largestActivation(parameters, inputMagnitude: bounds[0]) >= bounds.max()!)
    }
  }
}

@Suite("Bounds of what a network computes", .inTurn)
struct BoundTests {
  /// Where a product applies the function itself, where nothing does, and behind a pool.
  @Test(arguments: [
    #"{"type":"leaky_relu","negative_slope":3}"#,
    #"{"type":"dense","name":"d","units":1,"activation":"identity","bias":false},{"type":"leaky_relu","negative_slope":3}"#,
    #"{"type":"reshape","shape":[1,1,1]},{"type":"max_pool2d","kernel_size":1,"stride":1},{"type":"leaky_relu","negative_slope":3},{"type":"flatten"}"#,
    #"{"type":"leaky_relu","negative_slope":-3}"#,
  ]) func `a slope above one counts`(layers: String) throws {
    let architecture = try Architecture(
      json:
        #"{"input_shape":[1],"class_count":2,"layers":[\#(layers),{"type":"tanh"},{"type":"dense","name":"o","units":2,"activation":"identity"}]}"#
    )
    let network = try CompiledNetwork(architecture, rows: 1, precision: .float32, library: .portable)
    let parameters = [Float](repeating: 1, count: architecture.parameterCount)
    // From −1 comes −3, or 3.
    #expect(network.largestActivation(parameters, inputMagnitude: 1) >= 3)
  }
}

/// What follows an ε that keeps a denominator from zero.
@Suite("Directions in which a normalisation does not change", .inTurn)
struct InvariantDirectionTests {
  /// y = γ x/√(ν + ε): with h = γ u, the derivative along x of Σ u y is ε/(ν + ε)^{3/2} Σ h x, which the difference of
  /// two terms of the size of h/√ν would lose.
  @Test(arguments: [1e-3, 1e-6, 1e-9]) func `filter response normalisation keeps the slope along its input`(
    epsilon: Double
  ) throws {
    let (channels, positions) = (3, 20)
    let function = FilterResponseRows(channels: channels, positions: positions, epsilon: epsilon, hasThreshold: false)
    var stream = RandomStreams(seed: 5, purpose: "test/frn").stream(example: 0)
    let x = stream.normals(channels * positions)
    let (weight, bias) = (stream.normals(channels), stream.normals(channels))
    // Once any gradient, once one along x, of which nothing else is left.
    for u in [stream.normals(x.count), x] {
      let dx = gradient(function, [x], [weight, bias], u)
      for channel in 0..<channels {
        let range = channel * positions..<(channel + 1) * positions
        let mean = x[range].reduce(0) { $0 + $1 * $1 } / Double(positions)
        let along = zip(dx[range], x[range]).reduce(0) { $0 + $1.0 * $1.1 }
        let inner = weight[channel] * zip(u[range], x[range]).reduce(0) { $0 + $1.0 * $1.1 }
        let expected = epsilon / pow(mean + epsilon, 1.5) * inner
        if u == x || epsilon > 1e-8 { #expect(abs(along - expected) <= 1e-6 * abs(expected)) }
        guard u == x else { continue }
        for index in range {
          let exact = weight[channel] * x[index] * epsilon / pow(mean + epsilon, 1.5)
          #expect(dx[index] != 0)
          #expect(abs(dx[index] - exact) <= 1e-6 * abs(exact), "element \(index)")
        }
      }
    }
  }

  @Test func `layer normalisation keeps the slope along its centred input`() {
    let function = Standardization(
      groups: 2, size: 9, epsilon: 1e-6, isCentred: true, hasWeight: false, hasBias: false, run: 1, count: 9)
    var stream = RandomStreams(seed: 5, purpose: "test/layer-norm").stream(example: 0)
    let x = stream.normals(18).map { 0.7 + $0 }
    var centred = x
    for group in 0..<2 {
      let mean = x[group * 9..<group * 9 + 9].reduce(0, +) / 9
      for index in group * 9..<group * 9 + 9 { centred[index] -= mean }
    }
    let dx = gradient(function, [x], [], centred)
    for group in 0..<2 {
      let range = group * 9..<group * 9 + 9
      let variance = centred[range].reduce(0) { $0 + $1 * $1 } / 9
      for index in range {
        let exact = centred[index] * 1e-6 / pow(variance + 1e-6, 1.5)
        #expect(abs(dx[index] - exact) <= 1e-6 * abs(exact), "element \(index)")
      }
    }
  }

  private func gradient(
    _ function: some RowFunction, _ inputs: [[Double]], _ parameters: [[Double]], _ g: [Double]
  ) -> [Double] {
    let copies = Copies(inputs + parameters)
    var y = [Double](repeating: 0, count: g.count)
    let (x, p) = (copies.inputs(inputs.count), copies.parameters(inputs.count))
    function.forward(x, p, &y)
    var dx = [Double](repeating: 0, count: inputs[0].count)
    dx.withUnsafeMutableBufferPointer { function.backward(x, p, y, g, [$0.baseAddress!], nil) }
    withExtendedLifetime(copies) {}
    return dx
  }
}
