import ComputeKernels
import NeuralNetworks

/// The layer with the most operations of a network, and nothing else: packed weights, all workers at once, forward and
/// to the input. What an attack on it could reach at best.
///
/// A layer that takes the network's input takes the same numbers in every draw, so that the weights of several draws
/// are one product as well; the fastest way counts.
struct LargestProduct {
  private let node: NetworkGraph.Node
  private let isFirst: Bool
  let draws: Int
  let precision: Precision
  let workers: Int

  init(_ architecture: Architecture, draws: Int, precision: Precision, workers: Int) {
    let nodes = architecture.graph.nodes
    node = nodes.max { $0.kind.operations($0) < $1.kind.operations($1) }!
    isFirst = node.inputs == [0]
    (self.draws, self.precision, self.workers) = (draws, precision, workers)
  }

  /// GFLOP/s.
  func rate(repetitions: Int) throws -> Double {
    guard let dense = node.kind as? Dense else {
      return try PackedProduct(convolution(), workers: workers).rate(repetitions: repetitions)
    }
    let joined = isFirst ? [1, min(8, draws), min(draws, max(1, 4096 / dense.units))] : [1]
    return try Set(joined.map { $0 * dense.units }).map { outputs in
      let kernel = try LinearKernel(
        rows: 250, inputs: node.inputShapes[0].last!, outputs: outputs, precision: precision,
        forwardDestination: precision, backwardDestination: isFirst ? wide : precision, activation: .relu,
        accumulatesInputGradient: isFirst, library: library)
      return try PackedProduct(.linear(kernel), workers: workers).rate(repetitions: repetitions)
    }.max()!
  }

  private func convolution() throws -> PackedProduct.Kernel {
    let layer = node.kind as! Convolution
    let (window, sides) = (layer.window, layer.window.padding)
    let geometry = ConvolutionGeometry(
      rows: 16, inputShape: node.inputShapes[0], filters: layer.filters,
      kernel: ImageExtent(height: window.kernel[0], width: window.kernel[1]),
      stride: ImageExtent(height: window.stride[0], width: window.stride[1]),
      padding: ImagePadding(top: sides[0], bottom: sides[1], left: sides[2], right: sides[3]),
      dilation: ImageExtent(height: window.dilation[0], width: window.dilation[1]), groups: layer.groups)
    let kernel = try ConvolutionKernel(
      geometry, precision: precision, activation: .relu, plainSource: isFirst, library: library)
    return .convolution(kernel, geometry)
  }

  private var wide: Precision { precision == .bfloat16 ? .float32 : precision }
  private var library: KernelLibrary { precision == .float64 ? .portable : .preferred }
}
