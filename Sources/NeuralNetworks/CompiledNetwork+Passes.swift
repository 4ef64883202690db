internal import CComputeKernels
internal import ComputeKernels

/// The weights of one draw in the layouts that the kernels want.
///
/// `Sendable` without a check, because it points into memory that its owner keeps alive: a store or an engine, which
/// serves one pass at a time. Workers write disjoint parts of it while they pack, and wait for each other; then they
/// read.
struct PackedDraw: @unchecked Sendable {
  let base: UnsafeMutableRawPointer
  /// Byte offsets of forward weights, backward weights and bias of each layer.
  let offsets: [PackedOffsets]
  /// Whether biases are in double precision; only for networks in float64.
  var hasDoubleBiases = false
}

struct PackedOffsets: Sendable {
  let forward: Int
  let backward: Int
  let bias: Int
}

extension CompiledNetwork {
  /// Where each layer lies in a packed draw, and the size of the whole.
  func packing(backward: Bool) -> (offsets: [PackedOffsets], bytes: Int) {
    var end = 0
    func take(_ bytes: Int) -> Int {
      defer { end += (bytes + 63) / 64 * 64 }
      return end
    }
    let offsets = layers.map { layer in
      PackedOffsets(
        forward: take(layer.forwardBytes), backward: take(backward ? layer.backwardBytes : 0),
        bias: take(wide.bytes * layer.outputs))
    }
    return (offsets, (end + 4095) / 4096 * 4096)
  }

  /// Packs plain parameters (in the order of the architecture) into `draw`.
  func pack(_ parameters: UnsafePointer<Float>, into draw: PackedDraw, backward: Bool, worker: KernelWorker) throws {
    for case .product(let kernel, let layer) in stages {
      let place = draw.offsets[layer]
      let weights = parameters + layers[layer].weightOffset
      let transposed = backward ? draw.base + place.backward : nil
      switch kernel {
      case .linear(let kernel):
        try kernel.pack(weights, forward: draw.base + place.forward, backward: transposed, worker: worker)
      case .convolution(let kernel):
        try kernel.pack(weights, forward: draw.base + place.forward, backward: transposed, worker: worker)
      }
      (draw.base + place.bias).copyMemory(
        from: parameters + layers[layer].biasOffset, byteCount: 4 * layers[layer].outputs)
    }
  }

  /// Largest magnitude that any value of this draw's network can reach for inputs up to `inputMagnitude` (before the
  /// first product).
  ///
  /// A fused ReLU turns NaN into 0, so an overflow in a hidden layer could end in finite, meaningless logits. Bounding
  /// it from the weights finds it before.
  func largestActivation(_ parameters: UnsafePointer<Float>, inputMagnitude: Double) -> Double {
    var magnitude = inputMagnitude
    var largest = magnitude
    for layer in layers {
      var bias = 0.0
      for index in 0..<layer.outputs { bias = max(bias, abs(Double(parameters[layer.biasOffset + index]))) }
      magnitude =
        ckn_largest_row_sum(parameters + layer.weightOffset, layer.outputs, layer.columns) * magnitude + bias
      largest = max(largest, magnitude)
      if let bound = layer.bound { magnitude = bound }
    }
    return largest
  }

  // MARK: - Passes of one block through one draw

  /// Logits of the block in `space.values.last`.
  func forward(_ draw: PackedDraw, _ space: Workspace) throws {
    for (index, stage) in stages.enumerated() {
      let input = UnsafeRawPointer(space.values[index].base)
      let output = space.values[index + 1].base
      switch stage {
      case .product(let kernel, let layer):
        let place = draw.offsets[layer]
        let weights = UnsafeRawPointer(draw.base + place.forward)
        let bias = UnsafeRawPointer(draw.base + place.bias)
        let float = bias.assumingMemoryBound(to: Float.self)
        let double = bias.assumingMemoryBound(to: Double.self)
        switch (kernel, draw.hasDoubleBiases) {
        case (.linear(let kernel), false):
          try kernel.forward(input, weights: weights, bias: float, into: output, worker: space.worker)
        case (.linear(let kernel), true):
          try kernel.forward(input, weights: weights, bias: double, into: output, worker: space.worker)
        case (.convolution(let kernel), false):
          try kernel.forward(input, weights: weights, bias: float, into: output, worker: space.worker)
        case (.convolution(let kernel), true):
          try kernel.forward(input, weights: weights, bias: double, into: output, worker: space.worker)
        }
      case .pool(let kernel, let workspace):
        try kernel.forward(input, into: output, workspace: space.poolWorkspaces[workspace].base, worker: space.worker)
      case .mask:
        break  // fused into the product
      case .rectify(let slope):
        let layout = layouts[index]
        ckn_rectify_forward(output, input, layout.precision.elementType, slope, layout.elementsPerRow * rows)
      case .saturating(let logistic):
        let layout = layouts[index]
        ckn_saturating_forward(output, input, layout.precision.elementType, logistic, layout.elementsPerRow * rows)
      case .flatten(let reorder, _):
        try reorder?.run(input, into: output, worker: space.worker)
      }
    }
  }

  /// Takes the gradient in `space.gradients.last` (with `space.exponents`) back to the input and adds it to
  /// `space.part`.
  func backward(_ draw: PackedDraw, _ space: Workspace, arithmetic: DerivativeArithmetic) throws {
    for index in stages.indices.reversed() {
      let incoming = space.gradients[index + 1].base
      let outgoing = space.gradients[index].base
      switch stages[index] {
      case .product(let kernel, let layer):
        let weights = UnsafeRawPointer(draw.base + draw.offsets[layer].backward)
        switch kernel {
        case .linear(let kernel) where index == 0 && accumulatesInputGradient:
          let inputs = layers[layer].columns
          ckn_align_rows(
            incoming, precision.elementType, space.exponents, layers[layer].outputs,
            space.part.base.assumingMemoryBound(to: Float.self), space.partExponents, inputs, rows)
          try kernel.backwardToInput(incoming, weights: weights, into: space.part.base, worker: space.worker)
        case .linear(let kernel):
          try kernel.backwardToInput(incoming, weights: weights, into: outgoing, worker: space.worker)
        case .convolution(let kernel):
          try kernel.backwardToInput(incoming, weights: weights, into: outgoing, worker: space.worker)
        }
      case .pool(let kernel, let workspace):
        try kernel.backward(
          incoming, into: outgoing, workspace: space.poolWorkspaces[workspace].base, worker: space.worker)
      case .mask(let slope):
        differentiateMask(incoming, space.values[index + 1].base, slope, layouts[index + 1], space, arithmetic)
      case .rectify(let slope):
        differentiateRectifier(
          incoming, before: space.values[index].base, after: space.values[index + 1].base, slope, layouts[index + 1],
          space, arithmetic)
      case .saturating(let logistic):
        differentiateSaturating(
          incoming, before: space.values[index].base, after: space.values[index + 1].base, logistic, layouts[index + 1],
          space, arithmetic)
      case .flatten(_, let reorder):
        try reorder?.run(incoming, into: outgoing, worker: space.worker)
      }
    }
  }

  private func differentiateMask(
    _ gradient: UnsafeMutableRawPointer, _ value: UnsafeMutableRawPointer, _ slope: Float, _ layout: ActivationLayout,
    _ space: Workspace, _ arithmetic: DerivativeArithmetic
  ) {
    switch arithmetic {
    case .scaled, .straightThrough:
      ckn_mask_backward(
        gradient, value, layout.precision.elementType, slope, space.exponents, rows, layout.elementsPerRow)
    case .naive:
      if slope != 1 {
        ckn_mask_backward_naive(
          gradient.assumingMemoryBound(to: Float.self), value.assumingMemoryBound(to: Float.self), slope,
          rows * layout.elementsPerRow)
      }
    }
  }

  private func differentiateRectifier(
    _ gradient: UnsafeMutableRawPointer, before: UnsafeMutableRawPointer, after: UnsafeMutableRawPointer,
    _ slope: Float, _ layout: ActivationLayout, _ space: Workspace, _ arithmetic: DerivativeArithmetic
  ) {
    guard arithmetic == .straightThrough else {
      return differentiateMask(gradient, after, slope, layout, space, arithmetic)
    }
    ckn_wide_backward(
      gradient, before, layout.precision.elementType, CKN_WIDE_RECTIFIER, slope, space.exponents, rows,
      layout.elementsPerRow)
  }

  private func differentiateSaturating(
    _ gradient: UnsafeMutableRawPointer, before: UnsafeMutableRawPointer, after: UnsafeMutableRawPointer,
    _ logistic: Bool, _ layout: ActivationLayout, _ space: Workspace, _ arithmetic: DerivativeArithmetic
  ) {
    switch arithmetic {
    case .scaled:
      ckn_saturating_backward(
        gradient, before, layout.precision.elementType, logistic, space.exponents,
        space.scratch.base.assumingMemoryBound(to: Double.self), rows, layout.elementsPerRow)
    case .straightThrough:
      ckn_wide_backward(
        gradient, before, layout.precision.elementType, logistic ? CKN_WIDE_LOGISTIC : CKN_WIDE_TANH, 0,
        space.exponents, rows, layout.elementsPerRow)
    case .naive:
      ckn_saturating_backward_naive(
        gradient.assumingMemoryBound(to: Float.self), after.assumingMemoryBound(to: Float.self), logistic,
        rows * layout.elementsPerRow)
    }
  }
}

/// How derivatives of activations are multiplied in.
enum DerivativeArithmetic: Sendable {
  /// With an exponent for each row.
  case scaled
  /// With an exponent for each row, and wide derivatives in the place of the activations' own.
  case straightThrough
  /// Plainly, from the activation's value.
  case naive
}
