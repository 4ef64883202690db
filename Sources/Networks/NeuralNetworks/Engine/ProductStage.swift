internal import CComputeKernels
internal import ComputeKernels
import Foundation
import RobustnessCore

/// A product with weights: a dense layer, or a convolution. What it fuses: the scale and shift of a batch normalisation
/// behind it (in its weights), and a rectifier (in its kernel).
struct ProductStage: Stage {
  enum Kernel: Sendable {
    case linear(LinearKernel)
    case convolution(ConvolutionKernel)
  }

  /// Where the parameters are, and what they become.
  struct Parameters: Sendable {
    let name: String
    let weight: NetworkGraph.Place
    /// Nil: nothing is added.
    let bias: NetworkGraph.Place?
    let outputs: Int
    /// Inputs of a unit.
    let columns: Int
    /// Parts in which channels are convolved.
    var groups = 1
    /// The batch normalisation behind it.
    var norm: FoldedNorm?
  }

  /// γ(x − μ)/√(σ² + ε) + β, one of each for a unit.
  struct FoldedNorm: Sendable {
    let weight: NetworkGraph.Place?
    let bias: NetworkGraph.Place?
    let mean: NetworkGraph.Place
    let variance: NetworkGraph.Place
    let epsilon: Double
  }

  let kernel: Kernel
  let parameters: Parameters
  let precision: Precision
  /// Whether its input gradients are added to the sum over a group of draws.
  let addsToSum: Bool

  private var wideBytes: Int { precision == .float64 ? 8 : 4 }

  var isTrainable: Bool { true }
  var title: String { parameters.name }

  var implementations: KernelImplementations? {
    switch kernel {
    case .linear(let kernel): kernel.implementations
    case .convolution(let kernel): kernel.implementations
    }
  }

  var packedSizes: PackedSizes {
    let bias = wideBytes * parameters.outputs
    return switch kernel {
    case .linear(let kernel):
      PackedSizes(forward: kernel.forwardWeightBytes, backward: kernel.backwardWeightBytes, bias: bias)
    case .convolution(let kernel):
      PackedSizes(forward: kernel.forwardWeightBytes, backward: kernel.backwardWeightBytes, bias: bias)
    }
  }

  /// The same with another kernel.
  func replacing(_ kernel: Kernel) -> ProductStage {
    ProductStage(kernel: kernel, parameters: parameters, precision: precision, addsToSum: addsToSum)
  }

  // MARK: - Packing

  func pack(
    _ source: ParameterPointer, _ direction: PackingDirection, into place: UnsafeMutableRawPointer,
    _ offsets: PackedOffsets, worker: KernelWorker
  ) throws {
    let forward = direction.isForward ? place + offsets.forward : nil
    let backward = direction.isBackward ? place + offsets.backward : nil
    if let norm = parameters.norm {
      let factors = (0..<parameters.outputs).map { norm.factor(source, $0) }
      try packFolded(source, factors, forward, backward, worker)
    } else {
      switch source {
      case .float(let shared):
        let weights = shared.pointer + parameters.weight.offset
        switch kernel {
        case .linear(let kernel): try kernel.pack(weights, forward: forward, backward: backward, worker: worker)
        case .convolution(let kernel): try kernel.pack(weights, forward: forward, backward: backward, worker: worker)
        }
      case .double(let shared):
        let weights = shared.pointer + parameters.weight.offset
        switch kernel {
        case .linear(let kernel): try kernel.pack(weights, forward: forward, backward: backward, worker: worker)
        case .convolution(let kernel): try kernel.pack(weights, forward: forward, backward: backward, worker: worker)
        }
      }
    }
    if direction.isForward { packBias(source, into: place + offsets.bias) }
  }

  private func packBias(_ source: ParameterPointer, into place: UnsafeMutableRawPointer) {
    for unit in 0..<parameters.outputs {
      var bias = parameters.bias.map { source.value($0.offset + unit) } ?? 0
      if let norm = parameters.norm { bias = norm.shifted(bias, source, unit) }
      if precision == .float64 {
        place.assumingMemoryBound(to: Double.self)[unit] = bias
      } else {
        place.assumingMemoryBound(to: Float.self)[unit] = Float(bias)
      }
    }
  }

  /// W · γ/√(σ² + ε), in double until the kernel's own format.
  private func packFolded(
    _ source: ParameterPointer, _ factors: [Double], _ forward: UnsafeMutableRawPointer?,
    _ backward: UnsafeMutableRawPointer?, _ worker: KernelWorker
  ) throws {
    let (columns, start) = (parameters.columns, parameters.weight.offset)
    let count = parameters.outputs * columns
    func folded(_ index: Int) -> Double { source.value(start + index) * factors[index / columns] }
    if precision == .float64 {
      let weights = [Double](unsafeUninitializedCapacity: count) { buffer, initialized in
        for index in 0..<count { buffer[index] = folded(index) }
        initialized = count
      }
      switch kernel {
      case .linear(let kernel): try kernel.pack(weights, forward: forward, backward: backward, worker: worker)
      case .convolution(let kernel): try kernel.pack(weights, forward: forward, backward: backward, worker: worker)
      }
    } else {
      let weights = [Float](unsafeUninitializedCapacity: count) { buffer, initialized in
        for index in 0..<count { buffer[index] = Float(folded(index)) }
        initialized = count
      }
      switch kernel {
      case .linear(let kernel): try kernel.pack(weights, forward: forward, backward: backward, worker: worker)
      case .convolution(let kernel): try kernel.pack(weights, forward: forward, backward: backward, worker: worker)
      }
    }
  }

  // MARK: - Passes

  func forward(_ pass: StagePass) throws {
    let input = UnsafeRawPointer(pass.input())
    let weights = UnsafeRawPointer(pass.draw + pass.offsets.forward)
    try multiply(
      input, weights: weights, bias: pass.draw + pass.offsets.bias,
      adding: pass.node.inputs.count > 1 ? UnsafeRawPointer(pass.input(1)) : nil, into: pass.result,
      worker: pass.worker)
    guard pass.network.checksFiniteness, precision == .float32 else { return }
    let layout = pass.outputLayout
    let bad = ckn_count_nonfinite(pass.result.bound(), pass.rows * layout.elementsPerRow)
    guard bad == 0 else {
      throw CoreError(
        "what the layer \(parameters.name) computes is beyond float32 for some inputs: its outputs would mean nothing. "
          + "Use --precision float64")
    }
  }

  /// Whether its kernel adds a residual before the rectifier.
  var addsResidual: Bool {
    if case .convolution(let kernel) = kernel { kernel.addsResidual } else { false }
  }

  /// The product alone.
  func multiply(
    _ input: UnsafeRawPointer, weights: UnsafeRawPointer, bias: UnsafeRawPointer,
    adding residual: UnsafeRawPointer? = nil,
    into output: UnsafeMutableRawPointer, worker: KernelWorker
  ) throws {
    let float = bias.assumingMemoryBound(to: Float.self)
    let double = bias.assumingMemoryBound(to: Double.self)
    switch (kernel, precision == .float64) {
    case (.linear(let kernel), false):
      try kernel.forward(input, weights: weights, bias: float, into: output, worker: worker)
    case (.linear(let kernel), true):
      try kernel.forward(input, weights: weights, bias: double, into: output, worker: worker)
    case (.convolution(let kernel), false):
      try kernel.forward(input, weights: weights, bias: float, adding: residual, into: output, worker: worker)
    case (.convolution(let kernel), true):
      try kernel.forward(input, weights: weights, bias: double, adding: residual, into: output, worker: worker)
    }
  }

  func backward(_ pass: StagePass) throws {
    if let sum = pass.parameterSum {
      try addParameterGradient(pass.input(), pass.incoming, into: sum, worker: pass.worker)
    }
    if pass.node.inputs.count > 1, let residual = pass.target(1) {
      let layout = pass.outputLayout
      residual.gradient.copyMemory(
        from: pass.incoming, byteCount: pass.rows * layout.elementsPerRow * layout.precision.bytes)
    }
    guard let target = pass.target() else { return }
    let weights = UnsafeRawPointer(pass.draw + pass.offsets.backward)
    if addsToSum, pass.arithmetic != .plain {
      let space = pass.space
      ckn_align_rows(
        pass.incoming, precision.elementType, pass.incomingExponents, parameters.outputs,
        space.part.base, space.partExponents, parameters.columns, pass.rows)
      return try takeBack(pass.incoming, weights: weights, into: space.part.base, worker: pass.worker)
    }
    try takeBack(pass.incoming, weights: weights, into: target.gradient, worker: pass.worker)
  }

  /// The gradient with respect to the input.
  func takeBack(
    _ gradient: UnsafeRawPointer, weights: UnsafeRawPointer, into target: UnsafeMutableRawPointer, worker: KernelWorker
  ) throws {
    switch kernel {
    case .linear(let kernel): try kernel.backwardToInput(gradient, weights: weights, into: target, worker: worker)
    case .convolution(let kernel): try kernel.backwardToInput(gradient, weights: weights, into: target, worker: worker)
    }
  }

  /// Adds the gradients of weights and biases to `sum`, from the input and the gradient of the output.
  ///
  /// - Parameter sum: One number for each parameter of the network: float32, or float64 for networks in float64.
  func addParameterGradient(
    _ x: UnsafeRawPointer, _ dy: UnsafeRawPointer, into sum: UnsafeMutableRawPointer, worker: KernelWorker
  ) throws {
    precondition(parameters.norm == nil, "training does not fold normalisations")
    let bias = parameters.bias.map { sum + $0.offset * wideBytes }
    switch (kernel, precision == .float64) {
    case (.linear(let kernel), true):
      let dW = sum.assumingMemoryBound(to: Double.self) + parameters.weight.offset
      try kernel.backwardToWeights(x, dy, into: dW, worker: worker)
    case (.linear(let kernel), false):
      let dW = sum.assumingMemoryBound(to: Float.self) + parameters.weight.offset
      try kernel.backwardToWeights(x, dy, into: dW, worker: worker)
    case (.convolution(let kernel), true):
      let dW = sum.assumingMemoryBound(to: Double.self) + parameters.weight.offset
      try kernel.backwardToWeights(
        x, dy, into: dW, biasGradient: bias?.assumingMemoryBound(to: Double.self), worker: worker)
    case (.convolution(let kernel), false):
      let dW = sum.assumingMemoryBound(to: Float.self) + parameters.weight.offset
      try kernel.backwardToWeights(
        x, dy, into: dW, biasGradient: bias?.assumingMemoryBound(to: Float.self), worker: worker)
    }
    if case .linear(let kernel) = kernel, let bias {
      ckn_add_column_sums(bias, dy, precision.elementType, kernel.rows, parameters.outputs)
    }
  }

  // MARK: - Bounds

  func bound(_ magnitudes: [Double], _ source: UnsafePointer<Float>) -> Double {
    productBound(magnitudes, source) + (magnitudes.count > 1 ? magnitudes[1] : 0)
  }

  private func productBound(_ magnitudes: [Double], _ source: UnsafePointer<Float>) -> Double {
    let weights = source + parameters.weight.offset
    guard let norm = parameters.norm else {
      var bias = 0.0
      if let place = parameters.bias {
        for unit in 0..<place.count { bias = max(bias, abs(Double(source[place.offset + unit]))) }
      }
      return ckn_largest_row_sum(weights, parameters.outputs, parameters.columns) * magnitudes[0] + bias
    }
    let shared = ParameterPointer.float(.init(source))
    var largest = 0.0
    for unit in 0..<parameters.outputs {
      let own = parameters.bias.map { Double(source[$0.offset + unit]) } ?? 0
      let sum = ckn_largest_row_sum(weights + unit * parameters.columns, 1, parameters.columns)
      let factor = abs(norm.factor(shared, unit))
      // The product and the shift each, before the sum can cancel: both are computed.
      largest = max(largest, factor * sum * magnitudes[0] + abs(norm.shifted(own, shared, unit)))
    }
    return largest
  }
}

extension ProductStage.FoldedNorm {
  /// Where its parameters are.
  var places: [NetworkGraph.Place] { [weight, bias, mean, variance].compactMap(\.self) }

  func factor(_ source: ParameterPointer, _ unit: Int) -> Double {
    (weight.map { source.value($0.offset + unit) } ?? 1) / (source.value(variance.offset + unit) + epsilon).squareRoot()
  }

  func shifted(_ own: Double, _ source: ParameterPointer, _ unit: Int) -> Double {
    (own - source.value(mean.offset + unit)) * factor(source, unit) + (bias.map { source.value($0.offset + unit) } ?? 0)
  }
}
