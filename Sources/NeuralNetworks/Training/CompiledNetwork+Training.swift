internal import CComputeKernels
internal import ComputeKernels

/// Parameters in the format that a network's sums have: `Double` in float64, else `Float`.
enum ParameterPointer: Sendable {
  case float(SharedPointer<Float>)
  case double(SharedPointer<Double>)
}

extension CompiledNetwork {
  /// Stage of the first product: gradients need not go further back.
  var firstProduct: Int {
    stages.firstIndex { if case .product = $0 { true } else { false } } ?? 0
  }

  /// One piece of packing: a layer's weights in one direction. Independent, so that workers can share them.
  struct PackingTask: Sendable {
    let kernel: Kernel
    let layer: Int
    let isBackward: Bool
  }

  /// All pieces for a pass forward and, for gradients, back to the second product.
  func packingTasks(backward: Bool) -> [PackingTask] {
    stages.flatMap { stage -> [PackingTask] in
      guard case .product(let kernel, let layer) = stage else { return [] }
      let forward = PackingTask(kernel: kernel, layer: layer, isBackward: false)
      return layer == 0 || !backward
        ? [forward] : [forward, PackingTask(kernel: kernel, layer: layer, isBackward: true)]
    }
  }

  /// Packs one piece of the parameters; the forward one brings the bias along.
  func pack(
    _ task: PackingTask, _ parameters: ParameterPointer, into draw: PackedDraw, worker: KernelWorker
  ) throws {
    let place = draw.offsets[task.layer]
    let layer = layers[task.layer]
    let forward = task.isBackward ? nil : draw.base + place.forward
    let backward = task.isBackward ? draw.base + place.backward : nil
    switch parameters {
    case .float(let shared):
      let parameters = shared.pointer
      let weights = parameters + layer.weightOffset
      switch task.kernel {
      case .linear(let kernel): try kernel.pack(weights, forward: forward, backward: backward, worker: worker)
      case .convolution(let kernel): try kernel.pack(weights, forward: forward, backward: backward, worker: worker)
      }
      if !task.isBackward {
        (draw.base + place.bias).copyMemory(from: parameters + layer.biasOffset, byteCount: 4 * layer.outputs)
      }
    case .double(let shared):
      let parameters = shared.pointer
      let weights = parameters + layer.weightOffset
      switch task.kernel {
      case .linear(let kernel): try kernel.pack(weights, forward: forward, backward: backward, worker: worker)
      case .convolution(let kernel): try kernel.pack(weights, forward: forward, backward: backward, worker: worker)
      }
      if !task.isBackward {
        (draw.base + place.bias).copyMemory(from: parameters + layer.biasOffset, byteCount: 8 * layer.outputs)
      }
    }
  }

  /// Takes the gradient in `space.gradients.last` back to the first product, and adds the gradients of all parameters
  /// to `sum`.
  ///
  /// - Parameter sum: One number for each parameter: float32, or float64 for networks in float64.
  func backwardToParameters(_ draw: PackedDraw, _ space: Workspace, into sum: UnsafeMutableRawPointer) throws {
    let first = firstProduct
    for index in stages.indices.reversed() where index >= first {
      let incoming = space.gradients[index + 1].base
      let outgoing = space.gradients[index].base
      switch stages[index] {
      case .product(let kernel, let layer):
        try addParameterGradient(
          of: kernel, layers[layer], space.values[index].base, incoming, into: sum, worker: space.worker)
        guard index > first else { return }
        let weights = UnsafeRawPointer(draw.base + draw.offsets[layer].backward)
        switch kernel {
        case .linear(let kernel):
          try kernel.backwardToInput(incoming, weights: weights, into: outgoing, worker: space.worker)
        case .convolution(let kernel):
          try kernel.backwardToInput(incoming, weights: weights, into: outgoing, worker: space.worker)
        }
      case .pool(let kernel, let workspace):
        try kernel.backward(
          incoming, into: outgoing, workspace: space.poolWorkspaces[workspace].base, worker: space.worker)
      case .mask(let slope), .rectify(let slope):
        let layout = layouts[index + 1]
        ckn_mask_plain(
          incoming, space.values[index + 1].base, layout.precision.elementType, slope, rows * layout.elementsPerRow)
      case .saturating(let logistic):
        let layout = layouts[index + 1]
        ckn_saturating_plain(
          incoming, space.values[index].base, layout.precision.elementType, logistic, rows * layout.elementsPerRow)
      case .flatten(_, let reorder):
        try reorder?.run(incoming, into: outgoing, worker: space.worker)
      }
    }
  }

  /// Adds the gradients of one layer's weights and biases to `sum`, from its input and the gradient of its output.
  func addParameterGradient(
    of kernel: Kernel, _ layer: Layer, _ x: UnsafeRawPointer, _ dy: UnsafeRawPointer,
    into sum: UnsafeMutableRawPointer, worker: KernelWorker
  ) throws {
    let biasOffset = sum + layer.biasOffset * wide.bytes
    if precision == .float64 {
      let dW = sum.assumingMemoryBound(to: Double.self) + layer.weightOffset
      switch kernel {
      case .linear(let kernel):
        try kernel.backwardToWeights(x, dy, into: dW, worker: worker)
        ckn_add_column_sums(biasOffset, dy, precision.elementType, rows, layer.outputs)
      case .convolution(let kernel):
        try kernel.backwardToWeights(
          x, dy, into: dW, biasGradient: biasOffset.assumingMemoryBound(to: Double.self), worker: worker)
      }
    } else {
      let dW = sum.assumingMemoryBound(to: Float.self) + layer.weightOffset
      switch kernel {
      case .linear(let kernel):
        try kernel.backwardToWeights(x, dy, into: dW, worker: worker)
        ckn_add_column_sums(biasOffset, dy, precision.elementType, rows, layer.outputs)
      case .convolution(let kernel):
        try kernel.backwardToWeights(
          x, dy, into: dW, biasGradient: biasOffset.assumingMemoryBound(to: Float.self), worker: worker)
      }
    }
  }
}
