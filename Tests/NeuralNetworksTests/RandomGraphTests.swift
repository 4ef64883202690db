import ComputeKernels
import Foundation
import RobustnessCore
import TestSupport
import Testing

@testable import NeuralNetworks

/// A graph of random layers, each of which takes any of those before it.
private struct RandomGraph: Sendable, CustomTestStringConvertible {
  let seed: Int
  let architecture: Architecture
  let draws: [[Float]]
  let inputs: Tensor

  var testDescription: String { "graph \(seed)" }

  static let all = (0..<(runsLongTests ? 2000 : 120)).map { RandomGraph(seed: $0) }

  init(seed: Int) {
    self.seed = seed
    var maker = Maker(stream: RandomStreams(seed: 77, purpose: "test/graphs").stream(example: seed))
    let json = maker.make()
    let architecture = try! Architecture(json: json)
    var stream = maker.stream
    func number(_ parameter: Architecture.Parameter, _ z: Double) -> Float {
      switch parameter.purpose {
      case .weight(let fanIn): Float(1.5 * z / Double(fanIn).squareRoot())
      case .shift: Float(0.3 * z)
      case .factor: Float(1 + 0.3 * z)
      case .statistic: parameter.name.hasSuffix("running_var") ? Float(0.5 + z * z) : Float(0.3 * z)
      }
    }
    var draws: [[Float]] = []
    for _ in 0..<2 {
      var draw: [Float] = []
      for parameter in architecture.parameters {
        draw += stream.normals(parameter.count).map { number(parameter, $0) }
      }
      draws.append(draw)
    }
    let elements = stream.uniforms(3 * architecture.inputShape.reduce(1, *)).map { Double(Float($0)) }
    self.architecture = architecture
    self.draws = draws
    inputs = Tensor(shape: [3] + architecture.inputShape, elements: elements)
  }

  /// Writes the text of one graph.
  private struct Maker {
    var stream: RandomStream
    var values: [(name: String, shape: [Int])] = []
    var used: Set<String> = []
    var layers: [String] = []

    init(stream: RandomStream) { self.stream = stream }

    mutating func number(_ range: ClosedRange<Int>) -> Int {
      range.lowerBound + Int(stream.next() % UInt64(range.count))
    }
    mutating func chance(_ one: Int) -> Bool { number(1...one) == 1 }
    mutating func any<T>(_ choices: [T]) -> T { choices[number(0...choices.count - 1)] }

    /// The latest value, or any.
    mutating func operand() -> (name: String, shape: [Int]) { chance(3) ? any(values) : values.last! }

    mutating func append(_ type: String, _ inputs: [String], _ settings: String, _ shape: [Int]) {
      let name = "v\(layers.count)"
      let list = inputs.map { "\"\($0)\"" }.joined(separator: ",")
      layers.append(
        #"{"type":"\#(type)","name":"\#(name)","inputs":[\#(list)]\#(settings.isEmpty ? "" : ",")\#(settings)}"#)
      used.formUnion(inputs)
      values.append((name, shape))
    }

    mutating func make() -> String {
      let shape = [number(1...5), number(3...7), number(3...7)]
      values = [("input", shape)]
      for _ in 0..<number(3...10) { step() }
      // Everything that nobody has taken goes into the logits.
      let rest = values.filter { !used.contains($0.name) }
      var ends: [(String, Int)] = []
      for value in rest {
        if value.shape.count == 1 {
          ends.append((value.name, value.shape[0]))
        } else {
          append("flatten", [value.name], "", [value.shape.reduce(1, *)])
          ends.append((values.last!.name, values.last!.shape[0]))
        }
      }
      if ends.count > 1 { append("concat", ends.map(\.0), "", [ends.reduce(0) { $0 + $1.1 }]) }
      append("dense", [values.last!.name], #""units":3,"activation":"identity""#, [3])
      let sizes = shape.map(String.init).joined(separator: ",")
      return #"{"input_shape":[\#(sizes)],"class_count":3,"layers":[\#(layers.joined(separator: ","))]}"#
    }

    mutating func step() {
      let (name, shape) = operand()
      let activation = any(["identity", "identity", "relu", "leaky_relu", "tanh", "sigmoid", "silu", "gelu", "elu"])
      if shape.count == 1 { return vectorStep(name, shape[0], activation) }
      let (channels, height, width) = (shape[0], shape[1], shape[2])
      let (kernel, stride) = ([min(height, number(1...3)), min(width, number(1...3))], [number(1...2), number(1...2)])
      let padding = chance(2) ? [0, 0, 0, 0] : (0..<4).map { number(0...kernel[$0 / 2] - 1) }
      let extent = (0..<2).map { axis -> Int in
        let room: Int = shape[axis + 1] + padding[2 * axis] + padding[2 * axis + 1]
        return (room - kernel[axis]) / stride[axis] + 1
      }
      let window = #""kernel_size":\#(kernel),"stride":\#(stride),"padding":\#(padding)"#
      switch number(0...19) {
      case 0, 1, 2, 3:
        let groups = any((1...channels).filter { channels % $0 == 0 })
        let filters = groups * number(1...(chance(4) ? 17 : 4))
        append(
          "conv2d", [name],
          #"\#(window),"filters":\#(filters),"groups":\#(groups),"activation":"\#(activation)","bias":\#(chance(3) ? "false" : "true")"#,
          [filters] + extent)
      case 4: append("max_pool2d", [name], window, [channels] + extent)
      case 5: append("average_pool2d", [name], window + #","count_include_padding":\#(chance(2))"#, [channels] + extent)
      case 6: append("global_average_pool2d", [name], "", [channels])
      case 7: append(any(["relu", "tanh", "silu", "hardsigmoid", "selu"]), [name], "", shape)
      case 8, 9:
        let partners = values.filter { $0.shape == shape }.map(\.name)
        append("add", [name] + (0..<number(1...2)).map { _ in any(partners) }, "", shape)
      case 10: append("multiply", [name, any(values.filter { $0.shape == shape }.map(\.name))], "", shape)
      case 11:
        let partners = values.filter { $0.shape.count == 3 && $0.shape.dropFirst() == shape.dropFirst() }
        let other = any(partners)
        append("concat", [name, other.name], "", [channels + other.shape[0], height, width])
      case 12: append("batch_norm", [name], #""eps":1e-3"#, shape)
      case 13: append("filter_response_norm", [name], #""eps":1e-2"#, shape)
      case 14: append("group_norm", [name], #""groups":1,"eps":1e-2"#, shape)
      case 15: append("layer_norm", [name], #""normalized_shape":[\#(width)],"eps":1e-1"#, shape)
      case 16: append("transpose", [name], #""axes":[1,2,0]"#, [height, width, channels])
      case 17: append("reshape", [name], #""shape":[\#(height),\#(channels),\#(width)]"#, [height, channels, width])
      case 18: append("flatten", [name], "", [shape.reduce(1, *)])
      default:
        append(
          "dense", [name], #""units":5,"activation":"\#(activation)","over_last_axis":true"#, [channels, height, 5])
      }
    }

    private mutating func vectorStep(_ name: String, _ count: Int, _ activation: String) {
      switch number(0...5) {
      case 0, 1:
        let units = number(2...9)
        append("dense", [name], #""units":\#(units),"activation":"\#(activation)""#, [units])
      case 2: append("reshape", [name], #""shape":[\#(count),1,1]"#, [count, 1, 1])
      case 3: append("tanh", [name], "", [count])
      case 4: append("add", [name, any(values.filter { $0.shape == [count] }.map(\.name))], "", [count])
      default: append("batch_norm", [name], #""eps":1e-3"#, [count])
      }
    }
  }

  // MARK: - What the statements of the layers say

  /// Logits of an input, and the gradients with respect to it and to the parameters of Σ slope(logits) · logits, one
  /// layer after the other.
  func stated(
    _ draw: Int, _ input: [Double], _ slope: ([Double]) -> [Double]
  ) -> (logits: [Double], gradient: [Double], byParameter: [Double]) {
    let parameters = draws[draw].map(Double.init)
    return parameters.withUnsafeBufferPointer { parameters in
      let nodes = architecture.graph.nodes
      let sizes = [input.count] + nodes.map { $0.shape.reduce(1, *) }
      let values = sizes.map { UnsafeMutablePointer<Double>.allocate(capacity: $0) }
      let gradients = sizes.map { size in
        let pointer = UnsafeMutablePointer<Double>.allocate(capacity: size)
        pointer.initialize(repeating: 0, count: size)
        return pointer
      }
      let sums = UnsafeMutablePointer<Double>.allocate(capacity: parameters.count)
      sums.initialize(repeating: 0, count: parameters.count)
      defer { for pointer in values + gradients + [sums] { pointer.deallocate() } }
      values[0].initialize(from: input, count: input.count)
      for (index, node) in nodes.enumerated() {
        node.kind.statement(node).forward(
          node.inputs.map { UnsafePointer(values[$0]) }, node.parameters.map { parameters.baseAddress! + $0.offset },
          values[index + 1])
      }
      let logits = Array(UnsafeBufferPointer(start: values[nodes.count], count: sizes[nodes.count]))
      for (index, g) in slope(logits).enumerated() { gradients[nodes.count][index] = g }
      for (index, node) in nodes.enumerated().reversed() {
        // One place for each input: the same value may come twice.
        let parts = node.inputs.map { value in
          let pointer = UnsafeMutablePointer<Double>.allocate(capacity: sizes[value])
          pointer.initialize(repeating: 0, count: sizes[value])
          return pointer
        }
        node.kind.statement(node).backward(
          node.inputs.map { UnsafePointer(values[$0]) }, node.parameters.map { parameters.baseAddress! + $0.offset },
          UnsafePointer(values[index + 1]), UnsafePointer(gradients[index + 1]), parts,
          node.parameters.map { sums + $0.offset })
        for (value, part) in zip(node.inputs, parts) {
          for element in 0..<sizes[value] { gradients[value][element] += part[element] }
          part.deallocate()
        }
      }
      return (
        logits, Array(UnsafeBufferPointer(start: gradients[0], count: input.count)),
        Array(UnsafeBufferPointer(start: sums, count: parameters.count))
      )
    }
  }

  /// The gradient of −log of the softmax of class 1, averaged over the draws.
  func expectedLossGradient(_ row: Int) -> [Double] {
    let parts = draws.indices.map { stated($0, Array(inputs[row: row]), Self.slope).gradient }
    return parts[0].indices.map { index in parts.reduce(0) { $0 + $1[index] } / Double(draws.count) }
  }

  /// Of −log of the softmax of class 1.
  static func slope(_ z: [Double]) -> [Double] {
    let top = z.max()!
    let weights = z.map { exp($0 - top) }
    let sum = weights.reduce(0, +)
    return weights.enumerated().map { $1 / sum - ($0 == 1 ? 1 : 0) }
  }

  var hasStatistics: Bool { architecture.parameters.contains { $0.purpose == .statistic } }
}

/// The engines against the statements of the layers, in whatever order these stand.
@Suite("Any graph of layers", .inTurn)
struct RandomGraphTests {
  @Test(arguments: RandomGraph.all) fileprivate func `the engines compute what the layers state`(graph: RandomGraph)
    throws
  {
    let source = InMemoryWeights(architecture: graph.architecture, draws: graph.draws)
    let examples = Examples(inputs: graph.inputs, labels: [1, 1, 1])
    let expected = (0..<3).map { graph.expectedLossGradient($0) }
    var engines: [(Precision, KernelLibrary)] = [(.float64, .portable), (.float32, .portable)]
    if KernelLibrary.preferred == .oneDNN { engines.append((.float32, .oneDNN)) }
    for (precision, library) in engines {
      let ensemble = try NetworkEnsemble(
        source, configuration: .init(precision: precision, threads: 1, library: library))
      let logits = try ensemble.memberLogits(graph.inputs, draws: .all)
      let found = try ensemble.lossAndGradient(examples, objective: .expectedLoss, draws: .all).gradient.plain
      for row in 0..<3 {
        for draw in 0..<2 {
          let stated = graph.stated(draw, Array(graph.inputs[row: row])) { $0.map { _ in 0 } }.logits
          let largest = stated.reduce(0) { max($0, abs($1)) }
          let start = (draw * 3 + row) * 3
          let own = Array(logits.elements[start..<start + 3])
          #expect(
            largestDifference(own, stated) <= (precision == .float64 ? 1e-11 : 1e-5) * largest,
            "\(precision) \(library)")
        }
        // A normalisation of few numbers leaves nothing but rounding.
        let largest = expected[row].reduce(1e-3) { max($0, abs($1)) }
        let difference = largestDifference(Array(found[row: row]), expected[row])
        #expect(
          difference <= (precision == .float64 ? 1e-9 : 1e-4) * largest,
          "\(precision) \(library), example \(row): \(graph.architecture.json)")
      }
    }
  }

  @Test(arguments: RandomGraph.all) fileprivate func `training's gradients are those that the layers state`(
    graph: RandomGraph
  ) throws {
    guard !graph.hasStatistics else { return }
    let position = graph.draws[0].map(Double.init)
    let rows = (0..<3).map { graph.stated(0, Array(graph.inputs[row: $0]), RandomGraph.slope).byParameter }
    let expected = position.indices.map { index in -rows.reduce(0) { $0 + $1[index] } }
    let largest = expected.reduce(1e-3) { max($0, abs($1)) }
    for precision in [Precision.float64, .float32] {
      let network = try BayesianNetwork(
        architecture: graph.architecture, prior: try GaussianPrior(.global(1e4), architecture: graph.architecture),
        examples: TrainingExamples(
          doubles: graph.inputs.elements, inputShape: graph.architecture.inputShape, labels: [1, 1, 1]),
        configuration: .init(precision: precision))
      var gradient = [Double](repeating: .nan, count: position.count)
      _ = try position.withUnsafeBufferPointer { position in
        try gradient.withUnsafeMutableBufferPointer { try network.evaluate(position, gradient: $0) }
      }
      let likelihood = zip(gradient, position).map { $0 + $1 / 1e8 }
      let difference = largestDifference(likelihood, expected)
      #expect(difference <= (precision == .float64 ? 1e-9 : 1e-4) * largest, "\(precision): \(graph.architecture.json)")
    }
  }
}
