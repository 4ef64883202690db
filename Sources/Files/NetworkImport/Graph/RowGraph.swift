/// What a name of an ONNX graph stands for.
enum Value: Sendable {
  case constant(Constant)
  /// What goes through the network: which node of the ``RowGraph``.
  case rows(Int)
  /// Whole numbers that differ from example to example: `multiple · n + offset`.
  case indices(BatchIndices)
  /// An input that is left out.
  case absent
}

/// One step of what goes through the network.
struct RowNode: Sendable {
  let operation: any RowOperation
  let inputs: [Value]
  let shape: RowShape
  /// The ONNX node that it comes from, for people; and its name.
  let title: String
  let name: String
}

/// What a step computes. Some are layers; others are only parts of patterns.
protocol RowOperation: Sendable {
  /// How layers compute it; nil where none does.
  func plan(_ node: RowNode, _ graph: RowGraph) throws -> LayerPlan?
}

extension RowOperation {
  func plan(_ node: RowNode, _ graph: RowGraph) throws -> LayerPlan? { nil }
}

/// Which values some layers take, and how they are made from them.
struct LayerPlan {
  var inputs: [Int]
  var make: (inout LayerBuilder, [LayerValue]) throws -> LayerValue

  init(_ inputs: [Int], _ make: @escaping (inout LayerBuilder, [LayerValue]) throws -> LayerValue) {
    self.inputs = inputs
    self.make = make
  }
}

/// Everything between the input and the output that depends on the input, in an order in which it can be computed.
struct RowGraph: Sendable {
  private(set) var nodes: [RowNode] = []
  /// How many examples the graph was made for; nil for any number.
  let batch: Int?
  /// Elements that a constant may have which the graph does not hold itself.
  let constantLimit: Int

  init(batch: Int?, constantLimit: Int) {
    self.batch = batch
    self.constantLimit = constantLimit
  }

  /// A value of a shape, and nothing else.
  static func one(of shape: RowShape) -> RowGraph {
    var graph = RowGraph(batch: nil, constantLimit: 0)
    _ = graph.append(InputRows(), [], shape: shape, title: "", name: "")
    return graph
  }

  mutating func append(
    _ operation: any RowOperation, _ inputs: [Value], shape: RowShape, title: String, name: String
  ) -> Value {
    nodes.append(RowNode(operation: operation, inputs: inputs, shape: shape, title: title, name: name))
    return .rows(nodes.count - 1)
  }

  subscript(_ id: Int) -> RowNode { nodes[id] }

  func node(_ value: Value) -> RowNode? { if case .rows(let id) = value { nodes[id] } else { nil } }

  /// The operation of a value, if it is of a type.
  func operation<T: RowOperation>(_ value: Value, _ type: T.Type = T.self) -> T? { node(value)?.operation as? T }
}

extension Value {
  var rowID: Int? { if case .rows(let id) = self { id } else { nil } }
  var constant: Constant? { if case .constant(let constant) = self { constant } else { nil } }
  var isAbsent: Bool { if case .absent = self { true } else { false } }
  /// The only number of a constant.
  var scalar: Double? { constant?.scalar }
}

/// The network's input.
struct InputRows: RowOperation {
  func plan(_ node: RowNode, _ graph: RowGraph) -> LayerPlan? {
    LayerPlan([]) { builder, _ in builder.input }
  }
}
