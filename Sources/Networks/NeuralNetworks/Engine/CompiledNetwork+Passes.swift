internal import CComputeKernels
internal import ComputeKernels

extension CompiledNetwork {
  private func pass(
    _ index: Int, _ draw: PackedDraw, _ space: Workspace, _ noise: PreactivationNoise?
  ) -> StagePass {
    StagePass(
      node: nodes[index], network: self, space: space, draw: draw.base, offsets: draw.offsets[index],
      workspace: space.workspaces[index].base, noise: noise)
  }

  /// Logits of the block in `space.logits`.
  ///
  /// - Parameter noise: For networks of noisy products.
  func forward(_ draw: PackedDraw, _ space: Workspace, noise: PreactivationNoise? = nil) throws {
    for index in nodes.indices where !nodes[index].stage.keepsValue {
      try nodes[index].stage.forward(pass(index, draw, space, noise))
    }
  }

  /// Takes the gradient in `space.logitGradient` back to the input: into `space.part`, where the first product adds it
  /// up, or else into `space.gradients[0]`.
  ///
  /// - Parameter sum: One number for each parameter, to which their gradients are added: float32, or float64 for
  ///   networks in float64. Nil where nobody wants them.
  func backward(
    _ draw: PackedDraw, _ space: Workspace, arithmetic: DerivativeArithmetic,
    addingTo sum: UnsafeMutableRawPointer? = nil, noise: PreactivationNoise? = nil
  ) throws {
    for index in nodes.indices.reversed() where nodes[index].isDifferentiated {
      let node = nodes[index]
      var pass = pass(index, draw, space, noise)
      pass.arithmetic = arithmetic
      pass.incoming = space.gradients[node.output].base
      pass.incomingExponents = space.exponents(ofValue: node.output)
      pass.parameterSum = sum
      for (place, rule) in node.rules.enumerated() {
        switch rule {
        case .none, .inPlace: continue
        case .write, .add:
          guard let target = pass.target(place) else { continue }
          target.exponents.update(from: pass.incomingExponents, count: rows)
          if node.stage.differentiatesInPlace {
            target.gradient.copyMemory(from: pass.incoming, byteCount: gradientBytes(node.output))
          }
        }
      }
      try node.stage.backward(pass)
      for (place, rule) in node.rules.enumerated() {
        guard case .add = rule, let part = pass.target(place) else { continue }
        add(part.gradient, part.exponents, to: node.inputs[place], space, arithmetic)
      }
    }
  }

  /// Where `backward` has left the gradient with respect to the input, in plain rows.
  func inputGradient(
    _ space: Workspace
  ) -> (values: UnsafeMutableRawPointer, exponents: UnsafeMutablePointer<Int32>) {
    if accumulatesInputGradient { return (space.part.base, space.partExponents) }
    return (space.plainInputGradient?.base ?? space.gradients[0].base, space.exponents(ofValue: 0))
  }

  /// Bytes of a gradient: those of the value, in the precision of operands.
  private func gradientBytes(_ value: Int) -> Int {
    let layout = layouts[value]
    return rows * layout.elementsPerRow * precision.bytes
  }

  private func add(
    _ part: UnsafeMutableRawPointer, _ exponents: UnsafeMutablePointer<Int32>, to value: Int, _ space: Workspace,
    _ arithmetic: DerivativeArithmetic
  ) {
    let size = layouts[value].elementsPerRow
    let sum = space.gradients[value].base
    if arithmetic.hasExponents {
      ckn_add_rows(sum, space.exponents(ofValue: value), part, exponents, precision.elementType, rows, size)
    } else {
      ckn_add_plain(sum, part, precision.elementType, rows * size)
    }
  }
}
