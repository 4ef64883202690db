internal import CComputeKernels
internal import ComputeKernels
import Foundation

/// Filter response normalisation with its thresholded linear unit (Singh and Krishnan, CVPR 2020): with ν the mean of x²
/// over the positions of a channel, max(γ x/√(ν + ε) + β, τ).
package struct FilterResponseNorm: LayerKind {
  package let epsilon: Double
  /// Whether the maximum with τ is taken.
  package let hasThreshold: Bool

  package static var type: String { "filter_response_norm" }

  package init(_ fields: LayerFields) throws(ArchitectureError) {
    try fields.allowOnly(["eps", "threshold"])
    epsilon = try fields.positive("eps")
    hasThreshold = try fields.boolean("threshold", default: true)
  }

  package var members: [(key: String, json: String)] {
    [("eps", epsilon.description)] + (hasThreshold ? [] : [("threshold", "false")])
  }

  package var words: String? { "FRN" }

  package func trace(_ inputs: [[Int]], _ place: LayerPlace) throws(ArchitectureError) -> LayerTrace {
    let channels = [try place.image(inputs[0])[0]]
    return LayerTrace(
      inputs[0],
      [LayerParameter("weight", channels, .factor), LayerParameter("bias", channels, .shift)]
        + (hasThreshold ? [LayerParameter("tau", channels, .shift)] : []))
  }

  package func statement(_ node: NetworkGraph.Node) -> any RowFunction {
    let channels = node.shape[0]
    return FilterResponseRows(
      channels: channels, positions: node.shape.reduce(1, *) / channels, epsilon: epsilon,
      hasThreshold: hasThreshold)
  }
}

extension FilterResponseNorm {
  package func lower(_ node: NetworkGraph.Node, into lowering: inout Lowering) throws -> Lowering.Value {
    let operand = lowering.operands[0]
    let layout = try lowering.layout(operand)
    guard lowering.precision == .float32, let block = layout.channelBlock, block <= 64 else {
      return try lowering.append(statement(node), node, lowering.operands)
    }
    let channels = ckn_channels(
      channels: node.shape[0], padded: layout.paddedChannels, positions: layout.positions, block: block)
    let stage = FilterResponseStage(
      channels: channels, epsilon: epsilon, parameters: node.parameters, title: node.name ?? "",
      statement: statement(node))
    return lowering.append(stage, [operand], shape: node.shape, layout: layout)
  }
}

/// The same over a block, in the layout that the convolution before it has.
struct FilterResponseStage: Stage {
  let channels: ckn_channels
  let epsilon: Double
  let parameters: [NetworkGraph.Place]
  let title: String
  let statement: any RowFunction

  var isTrainable: Bool { true }
  var differentiatesInPlace: Bool { true }
  var packedSizes: PackedSizes { PackedSizes(forward: 3 * 8 * channels.padded) }

  func pack(
    _ source: ParameterPointer, _ direction: PackingDirection, into place: UnsafeMutableRawPointer,
    _ offsets: PackedOffsets, worker: KernelWorker
  ) throws {
    guard direction.isForward else { return }
    let target = (place + offsets.forward).assumingMemoryBound(to: Double.self)
    for index in 0..<3 * channels.padded { target[index] = index < 2 * channels.padded ? 0 : -.infinity }
    for (index, parameter) in parameters.enumerated() {
      for channel in 0..<parameter.count {
        target[index * channels.padded + channel] = source.value(parameter.offset + channel)
      }
    }
  }

  private func constants(_ pass: StagePass) -> UnsafePointer<Double> { (pass.draw + pass.offsets.forward).bound() }

  func forward(_ pass: StagePass) {
    ckn_filter_response_forward(
      pass.result.bound(), pass.input().bound(), constants(pass), epsilon, channels, pass.rows)
  }

  func backward(_ pass: StagePass) {
    // In training the input's gradient may not be wanted; the parameters' are made on the way all the same.
    let target = pass.target()
    let gradient = target?.gradient ?? pass.incoming!
    let sums = pass.space.rowScratch(3 * channels.padded)
    ckn_zero(sums, 3 * 8 * channels.padded)
    ckn_filter_response_backward(
      gradient.bound(), pass.input().bound(), constants(pass), epsilon, pass.parameterSum == nil ? nil : sums,
      pass.arithmetic.hasExponents ? target?.exponents : nil, pass.space.scratch.base.bound(), channels, pass.rows)
    if let parameterSum = pass.parameterSum {
      for (index, parameter) in parameters.enumerated() {
        ckn_add_to_sum(
          parameterSum + 4 * parameter.offset, CKN_FLOAT32, sums + index * channels.padded, parameter.count)
      }
    }
  }

  func bound(_ magnitudes: [Double], _ source: UnsafePointer<Float>) -> Double {
    let root = Double(channels.positions).squareRoot()
    return (0..<channels.channels).reduce(0) { largest, channel in
      let numbers = parameters.map { abs(Double(source[$0.offset + channel])) }
      return max(largest, numbers[0] * root + numbers[1], numbers.count > 2 ? numbers[2] : 0)
    }
  }
}

/// One channel after the other.
struct FilterResponseRows: RowFunction {
  let channels: Int
  let positions: Int
  let epsilon: Double
  let hasThreshold: Bool

  /// 1/√(ν + ε).
  private func inverse(_ x: UnsafePointer<Double>) -> Double {
    var sum = 0.0
    for index in 0..<positions { sum += x[index] * x[index] }
    return 1 / (sum / Double(positions) + epsilon).squareRoot()
  }

  func forward(
    _ inputs: [UnsafePointer<Double>], _ parameters: [UnsafePointer<Double>], _ y: UnsafeMutablePointer<Double>
  ) {
    for channel in 0..<channels {
      let x = inputs[0] + channel * positions
      let r = inverse(x)
      let (weight, bias) = (parameters[0][channel], parameters[1][channel])
      let threshold = hasThreshold ? parameters[2][channel] : -.infinity
      for index in 0..<positions {
        let a = weight * (x[index] * r) + bias
        // Written so that NaN stays.
        y[channel * positions + index] = a <= threshold ? threshold : a
      }
    }
  }

  func backward(
    _ inputs: [UnsafePointer<Double>], _ parameters: [UnsafePointer<Double>], _ y: UnsafePointer<Double>,
    _ g: UnsafePointer<Double>, _ dx: [UnsafeMutablePointer<Double>?], _ dp: [UnsafeMutablePointer<Double>]?
  ) {
    for channel in 0..<channels {
      let (x, dy) = (inputs[0] + channel * positions, g + channel * positions)
      let r = inverse(x)
      let (weight, bias) = (parameters[0][channel], parameters[1][channel])
      let threshold = hasThreshold ? parameters[2][channel] : -.infinity
      func passes(_ index: Int) -> Bool { !(weight * (x[index] * r) + bias <= threshold) }
      var (along, squares) = (0.0, 0.0)
      for index in 0..<positions {
        let passed = passes(index) ? dy[index] : 0
        along += weight * passed * x[index]
        squares += x[index] * x[index]
        guard let dp else { continue }
        dp[0][channel] += passed * x[index] * r
        dp[1][channel] += passed
        if hasThreshold { dp[2][channel] += dy[index] - passed }
      }
      guard let target = dx[0] else { continue }
      // h = γ g is split into what is parallel to x, of which (1 − ν r²) = ε r² is left, and the rest: where they are
      // nearly parallel, the difference of r h and its projection would lose every digit.
      let slope = squares > 0 ? along / squares : 0
      for index in 0..<positions {
        let h = passes(index) ? weight * dy[index] : 0
        target[channel * positions + index] +=
          r * (h - slope * x[index]) + epsilon * r * r * r * slope * x[index]
      }
    }
  }

  func bound(_ magnitudes: [Double], _ parameters: [UnsafeBufferPointer<Double>]) -> Double {
    let root = Double(positions).squareRoot()
    return (0..<channels).reduce(0) { largest, channel in
      let value = abs(parameters[0][channel]) * root + abs(parameters[1][channel])
      return max(largest, value, hasThreshold ? abs(parameters[2][channel]) : 0)
    }
  }
}
