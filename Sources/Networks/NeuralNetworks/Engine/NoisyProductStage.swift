internal import CComputeKernels
internal import ComputeKernels

/// Noise on pre-activations, in the place of that of the weights: what a pass with it needs to know (Kingma, Salimans
/// and Welling, NIPS 2015, equation 6).
struct PreactivationNoise {
  /// The packed variances of the weights, at the same offsets as the means.
  let variances: UnsafeMutableRawPointer
  let key: UInt64
  /// Rows that are examples, by their place in the batch; the rest of the block is padding.
  let rows: Range<Int>
  /// Products of the network: row r reads the stream r · layers + l in the layer l.
  let layers: Int
  /// Sums of the gradients with respect to variances; nil where nobody wants them.
  var varianceSum: UnsafeMutableRawPointer?
}

/// A product whose weights are independent Gaussians: x·M + b, and noise of the variance x²·S² + s_b² for each example
/// and unit. In float32, and without anything fused, since the noise comes first.
struct NoisyProductStage: Stage {
  let product: ProductStage
  /// Which of the network's products it is, from the input on.
  let layer: Int
  /// Numbers of a block that enter it, and that leave it.
  let inputs: Int
  let outputs: Int

  var isTrainable: Bool { true }
  var title: String { product.title }
  var implementations: KernelImplementations? { product.implementations }
  var packedSizes: PackedSizes { product.packedSizes }
  /// The squares of the input; the variances of the output, which become the factors of their gradient; the gradient
  /// with respect to the squares.
  var workspaceBytes: Int { 2 * padded(inputs) + padded(outputs) }

  private func padded(_ count: Int) -> Int { (4 * count + 63) / 64 * 64 }
  private func squares(_ pass: StagePass) -> UnsafeMutablePointer<Float> { pass.workspace.bound() }
  private func factors(_ pass: StagePass) -> UnsafeMutablePointer<Float> { (pass.workspace + padded(inputs)).bound() }
  private func squaredGradient(_ pass: StagePass) -> UnsafeMutablePointer<Float> {
    (pass.workspace + padded(inputs) + padded(outputs)).bound()
  }

  func pack(
    _ parameters: ParameterPointer, _ direction: PackingDirection, into place: UnsafeMutableRawPointer,
    _ offsets: PackedOffsets, worker: KernelWorker
  ) throws {
    try product.pack(parameters, direction, into: place, offsets, worker: worker)
  }

  func forward(_ pass: StagePass) throws {
    guard let noise = pass.noise else { preconditionFailure("a noisy product needs to be told its noise") }
    let (squares, factors) = (squares(pass), factors(pass))
    ckn_squares(squares, pass.input().bound(), inputs)
    for (x, draw, y) in [
      (UnsafeRawPointer(pass.input()), pass.draw, pass.result),
      (UnsafeRawPointer(squares), noise.variances, UnsafeMutableRawPointer(factors)),
    ] {
      try product.multiply(
        x, weights: draw + pass.offsets.forward, bias: draw + pass.offsets.bias, into: y, worker: pass.worker)
    }
    let size = pass.outputLayout.elementsPerRow
    let output: UnsafeMutablePointer<Float> = pass.result.bound()
    for row in 0..<noise.rows.count {
      let stream = UInt64(noise.rows.lowerBound + row) * UInt64(noise.layers) + UInt64(layer)
      ckn_add_noise(output + row * size, factors + row * size, noise.key, stream, size)
    }
  }

  func backward(_ pass: StagePass) throws {
    guard let noise = pass.noise, let means = pass.parameterSum, let variances = noise.varianceSum else {
      preconditionFailure("a noisy product has gradients with respect to its distribution")
    }
    let factors = factors(pass)
    try product.addParameterGradient(pass.input(), pass.incoming, into: means, worker: pass.worker)
    ckn_multiply(factors, pass.incoming.bound(), outputs)
    try product.addParameterGradient(squares(pass), factors, into: variances, worker: pass.worker)
    guard let target = pass.target() else { return }
    let squared = squaredGradient(pass)
    try product.takeBack(
      pass.incoming, weights: pass.draw + pass.offsets.backward, into: target.gradient, worker: pass.worker)
    try product.takeBack(factors, weights: noise.variances + pass.offsets.backward, into: squared, worker: pass.worker)
    ckn_add_doubled_products(target.gradient.bound(), pass.input().bound(), squared, inputs)
  }

  func bound(_ magnitudes: [Double], _ parameters: UnsafePointer<Float>) -> Double {
    product.bound(magnitudes, parameters)
  }
}
