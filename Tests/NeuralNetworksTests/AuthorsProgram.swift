import Foundation
import NeuralNetworks
import RobustnessCore

/// Another program than this package, in plain loops, with the mistakes and the arithmetic that such programs have:
/// Double, with operands, partial sums and results rounded as the arithmetic rounds them.
struct AuthorsProgram {
  enum Arithmetic: String, CaseIterable {
    case float64
    case float32
    case tf32
    /// TF32 by cutting digits off.
    case tf32Cut
    case bfloat16
  }

  var arithmetic = Arithmetic.float64
  /// Whether dense layers have it too; frameworks have a switch for convolutions, and another one for the rest.
  var isOfDense = true
  /// How often it normalises, and by what; nil for the file's own.
  var normalizations = 1
  var ownNormalization: (mean: Double, scale: Double)?
  /// Names of layers whose weight it has transposed.
  var transposed: Set<String> = []
  /// Whether it flattens (height, width, channel).
  var flattensChannelsLast = false
  /// What it has in place of an activation.
  var activations: [Architecture.Activation: (Double) -> Double] = [:]
  /// What it does to every weight on loading.
  var weight: (Double) -> Double = { $0 }
  /// What becomes of a layer's outputs at last.
  var output: ([Double]) -> [Double] = { $0 }
  /// Whether products are summed from the last to the first.
  var sumsBackwards = false

  func logits(_ architecture: Architecture, _ input: [Double], _ parameters: [Float]) -> [Double] {
    var x = input
    var shape = architecture.inputShape
    var weights = parameters.map { weight(Double($0)) }[...]
    func take(_ count: Int) -> [Double] {
      defer { weights = weights.dropFirst(count) }
      return Array(weights.prefix(count))
    }
    if let (mean, scale) = ownNormalization { x = x.map { result(result($0 - mean) / scale) } }
    for (layer, after) in zip(architecture.layers, architecture.layerShapes) {
      switch layer.kind {
      case let normalize as Normalize:
        let (mean, scale) = (normalize.mean, normalize.scale)
        let size = x.count / mean.count
        for _ in 0..<normalizations {
          x = x.indices.map { result(result(x[$0] - mean[$0 / size]) / scale[$0 / size]) }
        }
      case is Flatten:
        if flattensChannelsLast, shape.count == 3 {
          let (channels, pixels) = (shape[0], shape[1] * shape[2])
          x = (0..<x.count).map { x[$0 % channels * pixels + $0 / channels] }
        }
      case let dense as Dense:
        let (name, units, activation) = (layer.name ?? "", dense.units, dense.activation)
        let w = take(units * x.count)
        let b = take(units)
        x = (0..<units).map { unit in
          let row = x.indices.map { transposed.contains(name) ? w[$0 * units + unit] : w[unit * x.count + $0] }
          return activated(dot(row, x, b[unit], isRounded: isOfDense), activation)
        }
      case let convolution as Convolution:
        let (filters, size, activation) = (convolution.filters, convolution.window.kernel[0], convolution.activation)
        let (channels, height, width) = (shape[0], shape[1], shape[2])
        let w = take(filters * channels * size * size)
        let b = take(filters)
        var y: [Double] = []
        for filter in 0..<filters {
          for row in 0...height - size {
            for column in 0...width - size {
              var patch: [Double] = []
              for channel in 0..<channels {
                for i in 0..<size {
                  for j in 0..<size { patch.append(x[(channel * height + row + i) * width + column + j]) }
                }
              }
              let kernel = Array(w[filter * patch.count..<(filter + 1) * patch.count])
              y.append(activated(dot(kernel, patch, b[filter]), activation))
            }
          }
        }
        x = y
      case let pool as MaxPool:
        let (size, stride) = (pool.window.kernel[0], pool.window.stride[0])
        let (height, width) = (shape[1], shape[2])
        var y: [Double] = []
        for channel in 0..<shape[0] {
          for row in 0..<after[1] {
            for column in 0..<after[2] {
              y.append(
                (0..<size * size).map {
                  x[(channel * height + row * stride + $0 / size) * width + column * stride + $0 % size]
                }.max()!)
            }
          }
        }
        x = y
      default: preconditionFailure("the layers of format 1.0")
      }
      shape = after
    }
    return output(x)
  }

  private func activated(_ a: Double, _ activation: Architecture.Activation) -> Double {
    if let other = activations[activation] { return result(other(a)) }
    switch activation {
    case .relu: return max(a, 0)
    case .leakyReLU: return a > 0 ? a : result(0.01 * a)
    case .tanh: return result(tanh(a))
    case .sigmoid: return result(1 / (1 + exp(-a)))
    case .identity: return a
    default: preconditionFailure("the activations of format 1.0")
    }
  }

  private func dot(_ w: [Double], _ x: [Double], _ b: Double, isRounded: Bool = true) -> Double {
    let products = zip(w, x).map { isRounded ? operand($0) * operand($1) : $0 * $1 }
    return result(sum((sumsBackwards ? products.reversed() : products).reduce(0) { sum($0 + sum($1)) } + b))
  }

  private func operand(_ x: Double) -> Double {
    switch arithmetic {
    case .float64: x
    case .float32: Double(Float(x))
    case .tf32: Self.rounded(x, bits: 11)
    case .tf32Cut: Self.rounded(x, bits: 11, .towardZero)
    case .bfloat16: Self.rounded(x, bits: 8)
    }
  }

  private func sum(_ x: Double) -> Double { arithmetic == .float64 ? x : Double(Float(x)) }

  private func result(_ x: Double) -> Double {
    arithmetic == .bfloat16 ? Self.rounded(x, bits: 8) : sum(x)
  }

  static func rounded(
    _ x: Double, bits: Int, _ rule: FloatingPointRoundingRule = .toNearestOrEven
  ) -> Double {
    guard x != 0 else { return 0 }
    let unit = Double(sign: .plus, exponent: Int(x.exponent) - bits + 1, significand: 1)
    return (x / unit).rounded(rule) * unit
  }
}

/// Three kinds of networks with random weights.
enum AuthorsNetwork: String, CaseIterable, Sendable {
  case dense
  case convolution
  case leaky

  static let chains = 2
  static let draws = 3
  static let inputs = 6

  func architecture() throws -> Architecture {
    switch self {
    case .dense:
      try Architecture(
        inputShape: [10], classCount: 4,
        layers: [
          .dense(name: "first", units: 24, activation: .relu), .dense(name: "square", units: 24, activation: .tanh),
          .dense(name: "output", units: 4, activation: .identity),
        ])
    case .convolution:
      try Architecture(
        inputShape: [1, 9, 9], classCount: 5,
        layers: [
          .normalize(mean: [0.3], scale: [0.4]),
          .convolution(name: "conv1", filters: 4, kernelSize: 3, activation: .relu), .maxPool(kernelSize: 2, stride: 2),
          .flatten, .dense(name: "hidden", units: 16, activation: .relu),
          .dense(name: "square", units: 16, activation: .relu),
          .dense(name: "output", units: 5, activation: .identity),
        ])
    case .leaky:
      try Architecture(
        inputShape: [3], classCount: 3,
        layers: [
          .dense(name: "first", units: 20, activation: .leakyReLU),
          .dense(name: "square", units: 20, activation: .leakyReLU),
          .dense(name: "output", units: 3, activation: .identity),
        ])
    }
  }

  /// Weights of variance 1/fan-in, biases of 0.04.
  func weights() throws -> InMemoryWeights {
    let architecture = try architecture()
    let streams = RandomStreams(seed: 3, purpose: "test/author/\(rawValue)")
    let draws = (0..<Self.chains * Self.draws).map { draw in
      var stream = streams.stream(example: draw)
      return architecture.parameters.flatMap { parameter in
        let fan = Double(parameter.shape.dropFirst().reduce(1, *))
        let scale = parameter.shape.count == 1 ? 0.2 : (2 / fan).squareRoot()
        return stream.normals(parameter.count).map { Float($0 * scale) }
      }
    }
    return InMemoryWeights(architecture: architecture, draws: draws)
  }

  func inputs() throws -> [[Double]] {
    let size = try architecture().inputShape.reduce(1, *)
    let streams = RandomStreams(seed: 4, purpose: "test/author/inputs")
    return (0..<Self.inputs).map { row in
      var stream = streams.stream(example: row)
      // As they would be stored, in single precision.
      return stream.uniforms(size).map { Double(Float($0)) }
    }
  }
}
