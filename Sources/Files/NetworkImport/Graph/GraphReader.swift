/// An ONNX graph with everything computed that does not depend on the network's input.
struct GraphReader {
  let rows: RowGraph
  /// The node that gives the output.
  let output: Int
  /// The output's name.
  let outputName: String
  /// What its reader must know.
  private(set) var notes: [String] = []

  /// What is said of a graph whose input is of bytes.
  static let takesBytes =
    "the graph takes bytes 0 to 255; here a byte means its value divided by 255, which is multiplied again"

  /// - Parameters:
  ///   - model: A file.
  ///   - replacements: Tensors of the graph whose numbers come from elsewhere.
  ///   - learned: Tensors whose numbers differ between draws: parameters, also where they are one number.
  init(_ model: ONNXModel, replacements: [String: Constant] = [:], learned: Set<String> = []) throws {
    let graph = model.graph
    var tensors: [String: ONNXTensor] = [:]
    for tensor in graph.initializers {
      guard tensors.updateValue(tensor, forKey: tensor.name) == nil else {
        throw ImportError("has two tensors called \(tensor.name.quoted)")
      }
    }
    let inputs = graph.inputs.filter { tensors[$0.name] == nil }
    guard let input = inputs.first, inputs.count == 1 else {
      throw ImportError(
        inputs.isEmpty
          ? "has a graph without an input"
          : "has \(inputs.count) inputs (\(inputs.map(\.name.quoted).joined(separator: ", "))); a classifier here has one"
      )
    }
    guard let last = graph.outputs.first, graph.outputs.count == 1 else {
      throw ImportError(
        graph.outputs.isEmpty
          ? "has a graph without an output"
          : "has \(graph.outputs.count) outputs (\(graph.outputs.map(\.name.quoted).joined(separator: ", "))); export the network with its logits alone"
      )
    }
    let (shape, batch) = try Self.shape(of: input)
    var rows = RowGraph(batch: batch, constantLimit: max(1 << 22, model.file.bytes.count))
    let operation: any RowOperation
    switch ONNXTensor.Element(rawValue: input.type) {
    case .float32: operation = InputRows()
    case .float64:
      operation = InputRows()
      notes.append(
        "the graph computes in float64: its weights are rounded to float32, with which networks are computed here")
    case .uint8:
      operation = ByteInput()
      notes.append(Self.takesBytes)
    case .float16, .bfloat16:
      throw ImportError("input \(input.name.quoted) is of half precision: export the network in float32")
    default:
      throw ImportError(
        "input \(input.name.quoted) has the element type \(input.type) of ONNX; a classifier here takes float32")
    }
    var values: [String: Value] = [
      "": .absent,
      input.name: rows.append(operation, [], shape: shape, title: "the input \(input.name.quoted)", name: ""),
    ]
    // Elements of constants that the graph computes, all together.
    var budget = (1 << 26) + 4 * model.file.bytes.count
    let order = try NodeOrder(graph)
    for index in try order.leading(to: last.name) {
      let node = graph.nodes[index]
      try Self.apply(node, model.opset, &values, &rows, tensors, replacements, learned, &budget)
    }
    guard let result = values[last.name] else {
      throw ImportError("never computes its output \(last.name.quoted)")
    }
    guard case .rows(let id) = result else {
      throw ImportError("gives an output \(last.name.quoted) that does not depend on the input")
    }
    self.rows = rows
    output = id
    outputName = last.name
  }

  /// The input with its batch; and how many examples the graph was made for, nil for any number.
  private static func shape(of input: ONNXValue) throws -> (RowShape, Int?) {
    guard let dimensions = input.shape else { throw ImportError("input \(input.name.quoted) has no shape") }
    guard dimensions.count >= 2, dimensions.count <= 8 else {
      throw ImportError(
        "input \(input.name.quoted) has \(dimensions.count) dimensions; the first is the batch, and 1 to 7 follow")
    }
    let rest = try dimensions.dropFirst().enumerated().map { index, dimension in
      guard case .fixed(let size) = dimension else {
        throw ImportError(
          "input \(input.name.quoted) has a dimension \(index + 1) of any size; only the first, the batch, may be so: export the network with the others fixed"
        )
      }
      return size
    }
    guard RowShape(example: rest).isWithinLimit else {
      throw ImportError("input \(input.name.quoted) has the shape \(rest), larger than any example")
    }
    if case .fixed(let batch) = dimensions[0] {
      guard batch <= 1 << 20 else { throw ImportError("input \(input.name.quoted) is for batches of \(batch)") }
      return (RowShape(example: rest), batch)
    }
    return (RowShape(example: rest), nil)
  }

  // MARK: - Nodes

  private static func apply(
    _ node: ONNXNode, _ opset: Int, _ values: inout [String: Value], _ rows: inout RowGraph,
    _ tensors: [String: ONNXTensor], _ replacements: [String: Constant], _ learned: Set<String>, _ budget: inout Int
  ) throws {
    if let name = node.constantName, var replacement = replacements[name] {
      replacement.origins.isLearned = learned.contains(name)
      values[name] = .constant(replacement)
      return
    }
    guard node.isStandard, let family = Operators.named[node.type] else {
      let why =
        node.isStandard
        ? Operators.reason(node.type) : "is of the domain \(node.domain.quoted), not one of ONNX's own operators"
      throw ImportError("\(node.title)\(feeders(node, values, rows)) \(why)")
    }
    let inputs = try node.inputs.map { name in
      if let value = values[name] { return value }
      guard let tensor = tensors[name] else {
        throw ImportError("\(node.title) takes \(name.quoted), which nothing before it computes")
      }
      var constant = try replacements[name] ?? tensor.constant(origins: [name])
      constant.origins.isLearned = learned.contains(name)
      return Value.constant(constant)
    }
    if let most = OperatorInputs.most[node.type], node.inputs.count > most {
      throw ImportError("\(node.title) has \(node.inputs.count) inputs, and \(node.type) takes \(most) at most")
    }
    // Handed over, not copied.
    let graph = rows
    rows = RowGraph(batch: nil, constantLimit: 0)
    var call = OperatorCall(node: node, opset: opset, inputs: inputs, graph: graph)
    let results = try family.apply(&call)
    try call.refuseFurtherAttributes()
    for added in call.graph.nodes[call.nodeCount...] where !added.shape.isWithinLimit {
      throw call.refusal("gives more numbers for an example than any network that is read (\(added.shape.extents))")
    }
    rows = call.graph
    for (index, name) in node.outputs.enumerated() where !name.isEmpty {
      guard results.indices.contains(index) else { continue }
      values[name] = results[index]
      guard case .constant(var constant) = results[index] else { continue }
      budget -= constant.count
      guard budget >= 0 else { throw call.refusal("makes more constants together than any network that is read") }
      // A single number is a setting; several are a tensor, whose draws may have others. Whole numbers are shapes and
      // indices.
      if node.constantName != nil, constant.isReal || node.constant?.isTruths == true, constant.count > 1 {
        constant.origins = [name]
        constant.origins.isLearned = learned.contains(name)
        values[name] = .constant(constant)
      }
    }
  }

  /// What an operator takes, for people: `, which takes "/conv1/Conv_output_0" from node "/conv1/Conv" (Conv),`.
  private static func feeders(_ node: ONNXNode, _ values: [String: Value], _ rows: RowGraph) -> String {
    let words = node.inputs.compactMap { name -> String? in
      guard case .rows(let id)? = values[name] else { return nil }
      return "\(name.quoted) from \(rows[id].title)"
    }
    return words.isEmpty ? "" : ", which takes \(words.joined(separator: " and ")),"
  }
}
