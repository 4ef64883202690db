/// One ONNX node with what its inputs stand for: what an operator works on.
struct OperatorCall {
  let node: ONNXNode
  let opset: Int
  let inputs: [Value]
  var graph: RowGraph
  /// How many nodes the graph had before.
  let nodeCount: Int
  private var asked: Set<String> = []

  init(node: ONNXNode, opset: Int, inputs: [Value], graph: RowGraph) {
    self.node = node
    self.opset = opset
    self.inputs = inputs
    self.graph = graph
    nodeCount = graph.nodes.count
  }

  /// A refusal that names the node.
  func refusal(_ reason: String) -> ImportError { ImportError("\(node.title) \(reason)") }

  // MARK: - Inputs

  /// An input; absent where the node has fewer.
  subscript(_ index: Int) -> Value { inputs.indices.contains(index) ? inputs[index] : .absent }

  func constant(_ index: Int, _ what: String) throws -> Constant {
    guard let constant = self[index].constant else {
      throw refusal("computes \(what) from the network's input; only a constant is read there")
    }
    return constant
  }

  /// A list of whole numbers that do not depend on the batch.
  func integers(_ index: Int, _ what: String) throws -> [Int] {
    let numbers = try symbolicIntegers(index, what).map(\.fixed)
    guard !numbers.contains(nil) else { throw refusal("has \(what) that depends on the number of examples") }
    return numbers.compactMap(\.self)
  }

  func symbolicIntegers(_ index: Int, _ what: String) throws -> [SymbolicInteger] {
    guard let numbers = try constant(index, what).integers else { throw refusal("has \(what) that is no whole number") }
    return numbers
  }

  /// The shape of what goes through the network.
  func shape(_ index: Int) throws -> RowShape {
    guard let node = graph.node(self[index]) else {
      throw refusal("takes a constant where the network's input must lead to it")
    }
    return node.shape
  }

  // MARK: - Attributes

  mutating func integer(_ name: String, default fallback: Int? = nil) throws -> Int {
    asked.insert(name)
    switch node.attributes[name] {
    case .integer(let value): return value
    case nil:
      guard let fallback else { throw refusal("has no attribute \(name)") }
      return fallback
    default: throw refusal("has an attribute \(name) that is no whole number")
    }
  }

  mutating func float(_ name: String, default fallback: Double) throws -> Double {
    asked.insert(name)
    switch node.attributes[name] {
    case .float(let value): return Double(value)
    case nil: return fallback
    default: throw refusal("has an attribute \(name) that is no number")
    }
  }

  mutating func text(_ name: String, default fallback: String) throws -> String {
    asked.insert(name)
    switch node.attributes[name] {
    case .text(let value): return value
    case nil: return fallback
    default: throw refusal("has an attribute \(name) that is no text")
    }
  }

  mutating func integers(_ name: String) throws -> [Int]? {
    asked.insert(name)
    switch node.attributes[name] {
    case .integers(let values): return values
    case nil: return nil
    default: throw refusal("has an attribute \(name) that is no list of whole numbers")
    }
  }

  mutating func tensor(_ name: String) throws -> Constant? {
    asked.insert(name)
    switch node.attributes[name] {
    case .tensor(let tensor): return try tensor.constant()
    case .float(let value): return Constant(shape: [], values: .floats([value]))
    case .integer(let value): return Constant(shape: [], values: .integers([SymbolicInteger(value)]))
    case .floats(let values): return Constant(shape: [values.count], values: .floats(values))
    case .integers(let values): return Constant(integers: values.map { SymbolicInteger($0) })
    case nil: return nil
    default: throw refusal("has an attribute \(name) that is no tensor")
    }
  }

  /// Attributes that change nothing here.
  mutating func ignore(_ names: String...) { asked.formUnion(names) }

  /// Refuses what nobody asked for: a setting that is not applied would make another network.
  func refuseFurtherAttributes() throws {
    if let name = node.attributes.keys.filter({ !asked.contains($0) }).min() {
      throw refusal("has the attribute \(name.quoted), which is not known here")
    }
  }

  // MARK: - Axes

  /// An axis that may count from the end.
  func axis(_ axis: Int, rank: Int) throws -> Int {
    let resolved = axis < 0 ? axis + rank : axis
    guard (0..<rank).contains(resolved) else { throw refusal("names axis \(axis) of \(rank)") }
    return resolved
  }

  /// Axes that stand in an attribute, or from some opset on in an input; nil where neither says any.
  mutating func axes(input: Int, since: Int, rank: Int) throws -> [Int]? {
    let given: [Int]?
    if opset >= since {
      given = self[input].isAbsent ? nil : try integers(input, "axes")
    } else {
      given = try integers("axes")
    }
    guard let given else { return nil }
    var result: [Int] = []
    for one in given { result.append(try axis(one, rank: rank)) }
    guard Set(result).count == result.count else { throw refusal("names an axis twice") }
    return result.sorted()
  }

  /// The dimension of an example that an axis is.
  func exampleAxis(_ axis: Int, of shape: RowShape) throws -> Int {
    guard let own = shape.exampleAxis(axis) else { throw refusal("works along the examples of a batch") }
    return own
  }

  // MARK: - Results

  mutating func append(_ operation: any RowOperation, _ inputs: [Value], _ shape: RowShape) -> Value {
    graph.append(operation, inputs, shape: shape, title: node.title, name: node.name)
  }

  /// A constant that the graph does not hold itself, if it is not too large.
  func checkSize(_ shape: [Int]) throws {
    var count = 1
    for size in shape {
      guard size >= 0 else { throw refusal("makes a tensor of shape \(shape)") }
      let (product, overflow) = count.multipliedReportingOverflow(by: size)
      guard !overflow, product <= graph.constantLimit else {
        throw refusal("makes a constant of shape \(shape), far more than the file holds")
      }
      count = product
    }
  }
}

/// A family of ONNX operators: what they make of constants, and of what goes through the network.
///
/// A further operator is a case of a family, or a family of its own in a file of its own and a line in ``Operators/all``.
protocol Operator {
  /// ONNX's names.
  static var types: [String] { get }

  /// What the node's outputs stand for; fewer than it has where the others are never there.
  static func apply(_ call: inout OperatorCall) throws -> [Value]
}
