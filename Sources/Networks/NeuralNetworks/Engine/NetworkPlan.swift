internal import ComputeKernels

/// The layers of a graph as they are computed: activations apart from the products before them, batch normalisations
/// folded, and increasing activations behind the maxima of windows, with which they commute.
struct NetworkPlan {
  struct Step {
    var kind: any LayerKind
    var name: String?
    /// Values: 0 is the input, others are named by whoever gives them.
    var inputs: [Int]
    var inputShapes: [[Int]]
    var output: Int
    var shape: [Int]
    var parameters: [NetworkGraph.Place]
    /// For products: the normalisation behind it, and the rectifier.
    var norm: ProductStage.FoldedNorm?
    var fused: ElementwiseFunction?
    /// For convolutions: what is added before the rectifier, as the last of its inputs.
    var addsResidual = false
    /// For activations: whether the product before has applied it.
    var isApplied = false

    var isProduct: Bool { kind is Dense || kind is Convolution }
    var activation: ElementwiseFunction? { (kind as? ActivationLayer)?.function }
  }

  private(set) var steps: [Step] = []
  /// The value that is the logits.
  private(set) var result = 0

  /// Shape of what the plan takes.
  private(set) var inputShape: [Int]

  private init(steps: [Step], result: Int, inputShape: [Int]) {
    self.steps = steps
    self.result = result
    self.inputShape = inputShape
  }

  /// The part that is the same for all draws, and the part behind it; nil where the first has no product.
  ///
  /// One value only crosses from one to the other: the second part is a network of its own whose input that value is.
  ///
  /// - Parameter shared: Places of the parameters that all draws share.
  func split(shared: Set<NetworkGraph.Place>) -> (trunk: NetworkPlan, head: NetworkPlan)? {
    let isShared = steps.map { step in
      (step.parameters + (step.norm?.places ?? [])).allSatisfy(shared.contains)
    }
    let most = isShared.firstIndex(of: false) ?? steps.count
    for count in stride(from: min(most, steps.count - 1), to: 0, by: -1) {
      let made = Set(steps[..<count].map(\.output) + [0])
      let crossing = Set(steps[count...].flatMap(\.inputs).filter(made.contains))
      guard crossing.count == 1, let value = crossing.first, value != 0,
        steps[..<count].contains(where: \.isProduct), let last = steps[..<count].first(where: { $0.output == value })
      else { continue }
      // Every step of the first part is on the way to that value, since no result is without a taker.
      let head = steps[count...].map { step in
        var step = step
        step.inputs = step.inputs.map { $0 == value ? 0 : $0 }
        return step
      }
      return (
        NetworkPlan(steps: Array(steps[..<count]), result: value, inputShape: inputShape),
        NetworkPlan(steps: head, result: result, inputShape: last.shape)
      )
    }
    return nil
  }

  init(_ graph: NetworkGraph, _ options: Lowering.Options) {
    inputShape = graph.inputShape
    expand(graph)
    if options.foldsNorms { foldNorms() }
    if options.foldsNorms { fuseResiduals() }
    if options.fusesActivations { fuse() }
    insertRescalings()
    moveBehindPools()
  }

  // MARK: - Steps of the making

  private mutating func expand(_ graph: NetworkGraph) {
    var values = [0]
    var shapes = [graph.inputShape]
    func append(
      _ kind: any LayerKind, _ node: NetworkGraph.Node?, _ inputs: [Int], _ shape: [Int],
      into steps: inout [Step], _ shapes: inout [[Int]]
    ) -> Int {
      let output = shapes.count
      steps.append(
        Step(
          kind: kind, name: node?.name, inputs: inputs, inputShapes: inputs.map { shapes[$0] }, output: output,
          shape: shape, parameters: node?.parameters ?? []))
      shapes.append(shape)
      return output
    }
    for (index, node) in graph.nodes.enumerated() {
      let inputs = node.inputs.map { values[$0] }
      // What makes a probability of one number for two classes is left out: its logit is what counts.
      let isHead = index == graph.head && !graph.givesLogits
      switch node.kind {
      case is Normalize:
        values.append(inputs[0])  // applied in double when a block is loaded
      case let layer as ActivationLayer where isHead && layer.function == .sigmoid:
        values.append(inputs[0])
      default:
        var value = append(node.kind, node, inputs, node.shape, into: &steps, &shapes)
        let activation = (node.kind as? any ProductKind)?.activation ?? .identity
        let isProbability = isHead && activation == .sigmoid
        if activation != .identity, !isProbability {
          value = append(ActivationLayer(activation.function), nil, [value], node.shape, into: &steps, &shapes)
        }
        values.append(value)
      }
    }
    result = values.last!
    if !graph.givesLogits {
      result = append(BinaryLogits(), nil, [result], [2], into: &steps, &shapes)
    }
  }

  /// How often layers take the network's input, under whatever shape.
  var inputUses: Int {
    var isInput: Set<Int> = [0]
    var uses = 0
    for step in steps {
      let taken = step.inputs.count { isInput.contains($0) }
      if step.kind is Flatten || step.kind is Reshape, taken > 0 {
        isInput.insert(step.output)
      } else {
        uses += taken
      }
    }
    return uses
  }

  private func users(_ value: Int) -> [Int] { steps.indices.filter { steps[$0].inputs.contains(value) } }

  private func producer(_ value: Int) -> Int? { steps.firstIndex { $0.output == value } }

  /// Who takes each value, and who gives it, as long as steps neither come nor go.
  private var links: (users: [Int: [Int]], producers: [Int: Int]) {
    var users: [Int: [Int]] = [:]
    var producers: [Int: Int] = [:]
    for (index, step) in steps.enumerated() {
      producers[step.output] = index
      for input in Set(step.inputs) { users[input, default: []].append(index) }
    }
    return (users, producers)
  }

  private mutating func replace(_ old: Int, with new: Int) {
    for index in steps.indices { steps[index].inputs = steps[index].inputs.map { $0 == old ? new : $0 } }
    if result == old { result = new }
  }

  private mutating func foldNorms() {
    var index = 0
    while index < steps.count {
      defer { index += 1 }
      guard let norm = steps[index].kind as? BatchNorm, let before = producer(steps[index].inputs[0]),
        steps[before].isProduct, steps[before].norm == nil,
        // One normalisation a unit: of a layer over tokens, the first dimension is the tokens.
        steps[before].kind is Convolution || steps[before].shape.count == 1,
        users(steps[before].output).count == 1, result != steps[before].output
      else { continue }
      steps[before].norm = norm.folded(steps[index].parameters)
      let removed = steps.remove(at: index)
      replace(removed.output, with: steps[before].output)
      index -= 1
    }
  }

  /// The end of a residual block: the later of the two convolutions that are added takes the other one's result along.
  private mutating func fuseResiduals() {
    var index = 0
    while index < steps.count {
      defer { index += 1 }
      let add = steps[index]
      guard add.kind is Add, add.inputs.count == 2, add.inputs[0] != add.inputs[1] else { continue }
      let producers = add.inputs.map { producer($0) ?? -1 }
      let last = producers[0] > producers[1] ? 0 : 1
      guard producers[last] >= 0, steps[producers[last]].kind is Convolution,
        users(add.inputs[last]).count == 1
      else { continue }
      let product = producers[last]
      steps[product].inputs.append(add.inputs[1 - last])
      steps[product].inputShapes.append(add.shape)
      steps[product].addsResidual = true
      steps.remove(at: index)
      replace(add.output, with: steps[product].output)
      index -= 1
    }
  }

  private mutating func fuse() {
    let (users, producers) = links
    for index in steps.indices {
      guard let function = steps[index].activation, function.fused != .none,
        let before = producers[steps[index].inputs[0]], steps[before].isProduct,
        users[steps[before].output]?.count == 1
      else { continue }
      steps[before].fused = function
      steps[index].isApplied = true
    }
  }

  /// Behind a product or an addition that no activation follows the rows of gradients are rescaled, so that they stay
  /// where numbers are dense. A product that is only added leaves it to the addition; layers that compute in double
  /// rescale by themselves.
  private mutating func insertRescalings() {
    let users = links.users
    var names: [Int: Int] = [:]
    var next = (steps.map(\.output).max() ?? 0) + 1
    var result: [Step] = []
    for var step in steps {
      step.inputs = step.inputs.map { names[$0] ?? $0 }
      result.append(step)
      guard step.isProduct || step.kind is Add, step.output != self.result else { continue }
      if let own = users[step.output], own.count == 1 {
        let user = steps[own[0]]
        if user.kind is ActivationLayer || step.isProduct && user.kind is Add { continue }
      }
      result.append(
        Step(
          kind: ActivationLayer(.identity), name: nil, inputs: [step.output], inputShapes: [step.shape], output: next,
          shape: step.shape, parameters: [], isApplied: true))
      names[step.output] = next
      next += 1
    }
    steps = result
  }

  /// An increasing function commutes with a maximum: a quarter of the elements, and no ties between saturated values.
  private mutating func moveBehindPools() {
    var isDone = false
    while !isDone {
      isDone = true
      var users = links.users
      for index in steps.indices {
        guard let function = steps[index].activation, function.isIncreasing else { continue }
        guard let own = users[steps[index].output], own.count == 1, let pool = own.first, steps[pool].kind is MaxPool,
          result != steps[index].output
        else { continue }
        // a = f(x), p = pool(a) becomes q = pool(x), p = f(q), with p's name for what follows.
        let activation = steps[index]
        var moved = steps[pool]
        moved.inputs = activation.inputs
        let name = moved.output
        moved.output = activation.output
        var behind = activation
        behind.inputs = [moved.output]
        behind.inputShapes = [moved.shape]
        behind.shape = moved.shape
        behind.output = name
        steps[index] = moved
        steps[pool] = behind
        users = links.users
        isDone = false
      }
    }
  }
}
