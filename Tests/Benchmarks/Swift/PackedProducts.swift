import ComputeKernels

/// Packed products of the shapes that a member-gradient of 784-512-512-10 is made of, and nothing else: what the
/// machine can do.
struct PackedProducts {
  static let rows = 250
  static let widths = [784, 512, 512, 10]

  let precision: Precision
  let workers: Int
  let repetitions: Int

  /// GFLOP/s of each product, and of all six one after the other in proportion to their work.
  func measure() throws -> (lines: [Measurement], composite: Double) {
    var lines: [Measurement] = []
    var seconds = 0.0
    var operations = 0.0
    for layer in 0..<3 {
      let product = try PackedProduct(.linear(kernel(layer)), workers: workers)
      for direction in [PackedProduct.Direction.forward, .toInput] {
        let (inputs, outputs) = (Self.widths[layer], Self.widths[layer + 1])
        let (timings, calls) = product.measure(direction, repetitions: repetitions)
        let line = Measurement(
          row: "packed-\(precision)-" + (direction == .forward ? "\(inputs)x\(outputs)" : "\(outputs)x\(inputs)"),
          timings: timings, operations: product.operations * Double(calls))
        // One repetition is as many calls as fill the time; a block of a member-gradient has one call of each.
        seconds += product.operations / line.rate
        operations += product.operations
        lines.append(line)
      }
    }
    return (lines, operations / seconds)
  }

  private func kernel(_ layer: Int) throws -> LinearKernel {
    let isFirst = layer == 0
    let isLast = layer == 2
    let wide = precision == .bfloat16 ? Precision.float32 : precision
    return try LinearKernel(
      rows: Self.rows, inputs: Self.widths[layer], outputs: Self.widths[layer + 1], precision: precision,
      forwardDestination: isLast ? wide : precision, backwardDestination: isFirst ? wide : precision,
      activation: isLast ? .none : .relu, accumulatesInputGradient: isFirst, library: .preferred)
  }
}
