internal import ComputeKernels

/// Which code computes one product of a network: what is needed to explain a difference of last bits between machines.
public struct KernelUse: Sendable, Hashable, Codable {
  /// A direction through a layer.
  public enum Pass: String, Sendable, Hashable, Codable {
    /// To the layer's output.
    case forward
    /// To the gradient with respect to its input.
    case toInput = "to-input"
    /// To the gradient with respect to its weights.
    case toWeights = "to-weights"
  }

  /// The layer's name in the architecture; a pooling's is that of the layer before it with `.pool`.
  public var layer: String
  /// Direction.
  public var pass: Pass
  /// Format of the operands: `float32`, `bfloat16` or `float64`.
  public var precision: String
  /// Examples in a block.
  public var rows: Int
  /// oneDNN's own word, such as `brg:avx512_core_bf16`; `portable` for the loops of this package.
  public var implementation: String
}

extension CompiledNetwork {
  /// What its passes run, from the first layer on.
  func kernelUses(_ passes: Set<KernelUse.Pass>) -> [KernelUse] {
    var uses: [KernelUse] = []
    var name = "input"
    for node in nodes {
      guard let implementations = node.stage.implementations else { continue }
      let isProduct = node.stage is ProductStage
      if isProduct { name = node.stage.title }
      let layer = isProduct ? name : name + node.stage.title
      let found: [(KernelUse.Pass, String?)] = [
        (.forward, implementations.forward), (.toInput, implementations.toInput),
        (.toWeights, implementations.toWeights),
      ]
      for case (let pass, let implementation?) in found where passes.contains(pass) {
        uses.append(
          KernelUse(
            layer: layer, pass: pass, precision: precision.rawValue, rows: rows, implementation: implementation))
      }
    }
    return uses
  }
}
