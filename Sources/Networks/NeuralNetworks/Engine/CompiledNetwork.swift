internal import CComputeKernels
internal import ComputeKernels

/// An architecture lowered to kernels for blocks of a fixed number of rows, in one precision.
///
/// ReLU and leaky ReLU are fused into the product, since their derivative can be read off the output. Other activations
/// are stages of their own, because their derivative comes from the pre-activation: 1 − tanh² rounds to zero in float32
/// beyond |a| = 9. An increasing activation commutes with max-pooling, so it is applied to (and differentiated on) the
/// pooled values.
final class CompiledNetwork: Sendable {
  let architecture: Architecture
  /// Shape of what it takes: that of the architecture, or of what the part before gives.
  let inputShape: [Int]
  let rows: Int
  let precision: Precision
  let library: KernelLibrary
  /// The stages, each behind those whose results it takes.
  let nodes: [CompiledNode]
  /// Layouts of the values: the first is the network's input.
  let layouts: [ActivationLayout]
  /// The value that is the logits.
  let result: Int
  /// Whether the only product that reads the input is dense: then its input gradient adds up in the product.
  let accumulatesInputGradient: Bool
  /// For other networks: from the layout of the input's gradient to plain rows.
  let inputGradientReorder: Reorder?
  /// What gradients are for.
  let purpose: Purpose
  /// Whether the results of products are looked at, one by one.
  let checksFiniteness: Bool

  /// Which gradients a network is compiled for.
  enum Purpose: Sendable {
    /// With respect to the input: attacks.
    case input
    /// With respect to the parameters: training. Nothing is folded.
    case parameters
    /// With respect to means and variances of the parameters, where those of products are Gaussians: variational
    /// inference. Nothing is fused either.
    case distributions

    /// Whether gradients are those of training.
    var isTraining: Bool { self != .input }
  }

  /// Precision of logits and of sums of input gradients.
  var wide: Precision { precision == .float64 ? .float64 : .float32 }

  /// - Parameter fusesActivations: Whether products apply ReLU themselves. Straight-through gradients need what enters
  ///   it.
  convenience init(
    _ architecture: Architecture, rows: Int, precision: Precision, library: KernelLibrary,
    fusesActivations: Bool = true, purpose: Purpose = .input, checksFiniteness: Bool = false
  ) throws {
    // A fused ReLU turns NaN into 0: there would be nothing to look at.
    let options = Lowering.Options(
      fusesActivations: fusesActivations && !checksFiniteness && purpose != .distributions,
      foldsNorms: purpose == .input, isNoisy: purpose == .distributions, checksFiniteness: checksFiniteness)
    try self.init(
      architecture, NetworkPlan(architecture.graph, options), options, rows: rows, precision: precision,
      library: library, purpose: purpose)
  }

  init(
    _ architecture: Architecture, _ plan: NetworkPlan, _ options: Lowering.Options, rows: Int, precision: Precision,
    library: KernelLibrary, purpose: Purpose
  ) throws {
    var lowering = try Lowering(
      inputShape: plan.inputShape, rows: rows, precision: precision, library: library, options: options)
    let result = try lowering.lower(plan, accumulates: purpose == .input)
    self.architecture = architecture
    inputShape = plan.inputShape
    self.rows = rows
    self.precision = precision
    self.library = library
    self.purpose = purpose
    checksFiniteness = options.checksFiniteness
    layouts = lowering.layouts
    self.result = result
    let nodes = GradientRules(lowering.nodes, valueCount: lowering.layouts.count, purpose: purpose).nodes
    self.nodes = nodes
    accumulatesInputGradient = nodes.contains { ($0.stage as? ProductStage)?.addsToSum == true }
    let wide: Precision = precision == .float64 ? .float64 : .float32
    inputGradientReorder =
      accumulatesInputGradient
      ? nil
      : try Reorder.make(
        from: lowering.layouts[0],
        to: .plain(rows: rows, shape: plan.inputShape, precision: wide, library: library), library: library)
  }

  /// The part of a network that all draws share, and the part behind it; nil where there is none worth the name.
  static func parts(
    _ source: any WeightSource, rows: Int, precision: Precision, library: KernelLibrary, fusesActivations: Bool,
    checksFiniteness: Bool
  ) throws -> (trunk: CompiledNetwork, head: CompiledNetwork)? {
    guard !source.sharedParameters.isEmpty else { return nil }
    let options = Lowering.Options(
      fusesActivations: fusesActivations && !checksFiniteness, checksFiniteness: checksFiniteness)
    let graph = source.architecture.graph
    let places = Set(
      graph.nodes.flatMap(\.parameters).enumerated().filter {
        source.sharedParameters.contains($0.offset)
      }.map(\.element))
    guard let (trunk, head) = NetworkPlan(graph, options).split(shared: places) else { return nil }
    func compiled(_ plan: NetworkPlan) throws -> CompiledNetwork {
      try CompiledNetwork(
        source.architecture, plan, options, rows: rows, precision: precision, library: library, purpose: .input)
    }
    return (try compiled(trunk), try compiled(head))
  }

  /// The same network with other kernels in some of its stages.
  init(_ other: CompiledNetwork, stages: [any Stage]) {
    precondition(stages.count == other.nodes.count)
    architecture = other.architecture
    inputShape = other.inputShape
    rows = other.rows
    precision = other.precision
    library = other.library
    purpose = other.purpose
    checksFiniteness = other.checksFiniteness
    nodes = zip(other.nodes, stages).map { node, stage in
      var node = node
      node.stage = stage
      return node
    }
    layouts = other.layouts
    result = other.result
    accumulatesInputGradient = other.accumulatesInputGradient
    inputGradientReorder = other.inputGradientReorder
  }

  /// The products with weights, from the input on, with their places among the nodes.
  var products: [(node: Int, stage: ProductStage)] {
    nodes.enumerated().compactMap { index, node in
      (node.stage as? ProductStage ?? (node.stage as? NoisyProductStage)?.product).map { (index, $0) }
    }
  }

  /// Whether draws packed for `other` serve this network as well.
  func packsLike(_ other: CompiledNetwork) -> Bool {
    guard nodes.count == other.nodes.count, packing(backward: true).bytes == other.packing(backward: true).bytes
    else { return false }
    return zip(nodes, other.nodes).allSatisfy { node, otherNode in
      guard let product = node.stage as? ProductStage else { return true }
      guard case .linear(let linear) = product.kernel,
        case .linear(let otherLinear)? = (otherNode.stage as? ProductStage)?.kernel
      else { return false }
      return linear.packsLike(otherLinear)
    }
  }

  /// Whether bfloat16 products can run this architecture: the logits must come straight out of the last product.
  static func supportsBFloat16(_ architecture: Architecture) -> Bool {
    guard let last = architecture.layers.last?.kind as? Dense, architecture.graph.givesLogits else { return false }
    return last.activation == .identity
  }

  /// Largest magnitude that any value of this draw's network can reach for inputs up to `inputMagnitude` (before the
  /// first product).
  ///
  /// A fused ReLU turns NaN into 0, so an overflow in a hidden layer could end in finite, meaningless logits. Bounding
  /// it from the weights finds it before.
  func largestActivation(_ parameters: UnsafePointer<Float>, inputMagnitude: Double) -> Double {
    bounds(parameters, inputMagnitude: inputMagnitude).largest
  }

  /// The same, and that of the result.
  func bounds(
    _ parameters: UnsafePointer<Float>, inputMagnitude: Double
  ) -> (largest: Double, result: Double) {
    var magnitudes = [Double](repeating: 0, count: layouts.count)
    magnitudes[0] = inputMagnitude
    var largest = inputMagnitude
    for node in nodes {
      let bound = node.stage.bound(node.inputs.map { magnitudes[$0] }, parameters)
      magnitudes[node.output] = bound
      largest = max(largest, bound)
    }
    return (largest, magnitudes[result])
  }
}

/// How gradients reach every value: written by the first stage that has one, counted from the logits, added by others.
private struct GradientRules {
  var nodes: [CompiledNode]

  init(_ nodes: [CompiledNode], valueCount: Int, purpose: CompiledNetwork.Purpose) {
    self.nodes = nodes
    var uses = [Int](repeating: 0, count: valueCount)
    for node in nodes { for input in node.inputs { uses[input] += 1 } }
    var wanted = [Bool](repeating: false, count: valueCount)
    wanted[0] = purpose == .input
    for node in nodes {
      let isTrained = purpose.isTraining && node.stage.isTrainable
      wanted[node.output] = isTrained || node.inputs.contains { wanted[$0] }
    }
    var isWritten = [Bool](repeating: false, count: valueCount)
    for index in self.nodes.indices.reversed() {
      let node = self.nodes[index]
      var rules: [CompiledNode.GradientRule] = []
      for input in node.inputs {
        guard wanted[input], wanted[node.output] else {
          rules.append(.none)
          continue
        }
        if isWritten[input] {
          rules.append(.add)
        } else if node.stage.differentiatesInPlace, uses[input] == 1 {
          rules.append(.inPlace)
        } else {
          rules.append(.write)
        }
        isWritten[input] = true
      }
      self.nodes[index].rules = rules
      self.nodes[index].isDifferentiated = wanted[node.output]
    }
  }
}
