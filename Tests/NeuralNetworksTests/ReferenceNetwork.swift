import Foundation
import NeuralNetworks

/// A network with noise on its pre-activations, or on its weights, in Double and in plain loops: independent of every
/// kernel.
struct ReferenceNetwork {
  let architecture: Architecture

  /// Logits of one input under local reparametrisation.
  ///
  /// - Parameter noise: Standard normal numbers of a layer, one for each of its outputs in C order.
  func logits(
    _ input: [Double], means: [Double], logScales: [Double], noise: (_ layer: Int, _ count: Int) -> [Float]
  ) -> [Double] {
    pass(input) { layer, x, linear in
      let mean = linear(x, means)
      let variance = linear(x.map { $0 * $0 }, logScales.map { exp(2 * $0) })
      let noise = noise(layer, mean.count)
      return mean.indices.map { mean[$0] + variance[$0].squareRoot() * Double(noise[$0]) }
    }
  }

  /// Logits of one input with the given weights.
  func logits(_ input: [Double], weights: [Double]) -> [Double] {
    pass(input) { _, x, linear in linear(x, weights) }
  }

  /// log softmax of the label.
  static func logProbability(_ logits: [Double], _ label: Int) -> Double {
    let top = logits.max()!
    return logits[label] - top - log(logits.reduce(0) { $0 + exp($1 - top) })
  }

  private func pass(
    _ input: [Double],
    _ product: (_ layer: Int, _ x: [Double], _ linear: (_ x: [Double], _ w: [Double]) -> [Double]) -> [Double]
  ) -> [Double] {
    var x = input
    var shape = architecture.inputShape
    var (layer, offset) = (0, 0)
    for (index, each) in architecture.layers.enumerated() {
      switch each.kind {
      case is Flatten: break
      case let normalize as Normalize:
        let (mean, scale) = (normalize.mean, normalize.scale)
        let size = x.count / mean.count
        x = x.indices.map { (x[$0] - mean[$0 / size]) / scale[$0 / size] }
      case let dense as Dense:
        let (units, activation) = (dense.units, dense.activation)
        let (inputs, from) = (x.count, offset)
        x = product(layer, x) { x, w in
          (0..<units).map { unit in
            x.indices.reduce(w[from + units * inputs + unit]) { $0 + w[from + unit * inputs + $1] * x[$1] }
          }
        }.map(activation.value)
        layer += 1
        offset += units * (inputs + 1)
      case let convolution as Convolution:
        let (filters, size, activation) = (convolution.filters, convolution.window.kernel[0], convolution.activation)
        let (from, channels, height, width) = (offset, shape[0], shape[1], shape[2])
        x = product(layer, x) { x, w in
          (0..<filters).flatMap { f in
            (0...height - size).flatMap { i in
              (0...width - size).map { j in
                var sum = w[from + filters * channels * size * size + f]
                for c in 0..<channels {
                  for u in 0..<size {
                    for v in 0..<size {
                      sum +=
                        w[from + ((f * channels + c) * size + u) * size + v] * x[(c * height + i + u) * width + j + v]
                    }
                  }
                }
                return sum
              }
            }
          }
        }.map(activation.value)
        layer += 1
        offset += filters * (channels * size * size + 1)
      case let pool as MaxPool:
        let (size, stride) = (pool.window.kernel[0], pool.window.stride[0])
        let (height, width) = (shape[1], shape[2])
        let source = x
        x = (0..<shape[0]).flatMap { c in
          (0...(height - size) / stride).flatMap { i in
            (0...(width - size) / stride).map { j in
              (0..<size * size).map { source[(c * height + i * stride + $0 / size) * width + j * stride + $0 % size] }
                .max()!
            }
          }
        }
      default: preconditionFailure("the layers of format 1.0")
      }
      shape = architecture.layerShapes[index]
    }
    return x
  }
}

extension Architecture.Activation {
  fileprivate func value(_ a: Double) -> Double {
    switch self {
    case .relu: max(a, 0)
    case .leakyReLU: a > 0 ? a : 0.01 * a
    case .tanh: Foundation.tanh(a)
    case .sigmoid: 1 / (1 + exp(-a))
    case .identity: a
    default: preconditionFailure("the activations of format 1.0")
    }
  }
}
