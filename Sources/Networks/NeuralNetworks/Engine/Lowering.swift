internal import ComputeKernels
import RobustnessCore

/// Turns the layers of an architecture, one after the other, into the stages of a network for blocks of a fixed number
/// of rows.
package struct Lowering {
  /// A result in the making.
  package struct Value: Sendable, Hashable {
    /// Which of the network's values.
    let index: Int
    /// Shape of one example, which may be another than where it was made: the same numbers in C order.
    let shape: [Int]
  }

  /// What is wanted of a network.
  struct Options: Sendable {
    /// Whether products apply rectifiers themselves. Straight-through gradients need what enters them.
    var fusesActivations = true
    /// Whether batch normalisations become part of the product before them. Training needs them apart.
    var foldsNorms = true
    /// Whether weights are Gaussians, whose noise products add to what they give.
    var isNoisy = false
    /// Whether the results of products are looked at: for networks so deep that no bound from their weights says that
    /// nothing overflows.
    var checksFiniteness = false
  }

  let rows: Int
  let precision: Precision
  let library: KernelLibrary
  let options: Options
  private(set) var nodes: [CompiledNode] = []
  private(set) var layouts: [ActivationLayout]
  private var plainOf: [Int: Value] = [:]
  private var noisyProducts = 0
  /// Whether the node that is being lowered gives the logits.
  var isLast = false

  init(
    inputShape: [Int], rows: Int, precision: Precision, library: KernelLibrary, options: Options
  ) throws {
    self.rows = rows
    self.precision = precision
    self.library = library
    self.options = options
    layouts = [try .plain(rows: rows, shape: inputShape, precision: precision, library: library)]
    input = Value(index: 0, shape: inputShape)
  }

  /// Precision of logits and of sums of input gradients.
  var wide: Precision { precision == .float64 ? .float64 : .float32 }

  /// The network's input.
  let input: Value

  /// How a value lies in memory.
  func layout(_ value: Value) throws -> ActivationLayout {
    let made = layouts[value.index]
    return made.shape == value.shape ? made : try plain(value.shape, made.precision)
  }

  /// The same numbers under another shape, in C order.
  mutating func reshaped(_ value: Value, to shape: [Int]) throws -> Value {
    if value.shape == shape { return value }
    return Value(index: try plainValue(value).index, shape: shape)
  }

  /// C order.
  func plain(_ shape: [Int], _ precision: Precision? = nil) throws -> ActivationLayout {
    try .plain(rows: rows, shape: shape, precision: precision ?? self.precision, library: library)
  }

  /// Appends a stage.
  mutating func append(
    _ stage: any Stage, _ inputs: [Value], shape: [Int], layout: ActivationLayout
  ) -> Value {
    let value = Value(index: layouts.count, shape: shape)
    nodes.append(CompiledNode(stage: stage, inputs: inputs.map(\.index), output: value.index))
    layouts.append(layout)
    return value
  }

  /// Appends a product, with noise where weights are Gaussians.
  mutating func append(
    product: ProductStage, _ inputs: [Value], shape: [Int], layout: ActivationLayout
  ) -> Value {
    guard options.isNoisy else { return append(product, inputs, shape: shape, layout: layout) }
    defer { noisyProducts += 1 }
    let sizes = [layouts[inputs[0].index], layout].map { rows * $0.elementsPerRow }
    return append(
      NoisyProductStage(product: product, layer: noisyProducts, inputs: sizes[0], outputs: sizes[1]), inputs,
      shape: shape, layout: layout)
  }

  /// The value in another layout.
  mutating func value(_ value: Value, in target: ActivationLayout) throws -> Value {
    let source = try layout(value)
    guard let there = try Reorder.make(from: source, to: target, library: library) else { return value }
    let back = try Reorder.make(from: target, to: source, library: library)
    return append(ReorderStage(there: there, back: back), [value], shape: value.shape, layout: target)
  }

  /// The value in C order; made once for all who want it.
  mutating func plainValue(_ value: Value) throws -> Value {
    if layouts[value.index].isPlain { return value }
    if let known = plainOf[value.index] { return known }
    let made = try self.value(value, in: plain(value.shape, layouts[value.index].precision))
    plainOf[value.index] = made
    return made
  }

  /// A layer that is a function of one example.
  mutating func append<Function: RowFunction>(
    _ function: Function, _ node: NetworkGraph.Node, _ inputs: [Value], isTrainable: Bool = true
  ) throws -> Value {
    let plainInputs = try inputs.map { try plainValue($0) }
    let stage = RowStage(
      function, inputSizes: node.inputShapes.map { $0.reduce(1, *) }, outputSize: node.shape.reduce(1, *),
      parameters: node.parameters, title: node.name ?? "", isTrainable: isTrainable && !node.parameters.isEmpty)
    return append(stage, plainInputs, shape: node.shape, layout: try plain(node.shape))
  }

  /// Lowers every step of a plan; gives the index of the logits.
  mutating func lower(_ plan: NetworkPlan, accumulates: Bool) throws -> Int {
    var values: [Int: Value] = [0: input]
    let inputUses = plan.inputUses
    for step in plan.steps {
      let inputs = step.inputs.map { values[$0]! }
      isLast = step.output == plan.result
      addsToSum = accumulates && inputUses == 1
      current = step
      let node = NetworkGraph.Node(
        kind: step.kind, name: step.name, inputs: step.inputs, inputShapes: step.inputShapes, shape: step.shape,
        parameters: step.parameters)
      operands = inputs
      if let activation = step.kind as? ActivationLayer {
        values[step.output] = try activation.lower(step, inputs[0], into: &self)
      } else {
        values[step.output] = try step.kind.lower(node, into: &self)
      }
    }
    let logits = try plainValue(values[plan.result]!)
    return logits.index
  }

  /// What the layer that is being lowered takes.
  private(set) var operands: [Value] = []
  /// The step that is being lowered.
  private(set) var current: NetworkPlan.Step!
  /// Whether a dense layer that reads the input adds to the sum of input gradients.
  private(set) var addsToSum = false

  /// Whether a value is the network's input.
  func isInput(_ value: Value) -> Bool { value.index == 0 }
}
