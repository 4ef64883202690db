/// In which order the nodes of a graph are read.
///
/// Exporters may write the nodes of one network in several orders. Read back from the output, input by input, they have
/// one, whatever order the file has: draws of one network are then the same layers.
struct NodeOrder {
  private let graph: ONNXGraph
  /// Which node gives a value.
  private let makers: [String: Int]

  /// - Throws: ``ImportError`` where two nodes, or a node and the graph itself, give a value of one name.
  init(_ graph: ONNXGraph) throws {
    self.graph = graph
    let tensors = Set(graph.initializers.map(\.name))
    let inputs = Set(graph.inputs.map(\.name))
    var makers: [String: Int] = [:]
    for (index, node) in graph.nodes.enumerated() {
      for name in node.outputs where !name.isEmpty {
        guard makers.updateValue(index, forKey: name) == nil else {
          throw ImportError("computes \(name.quoted) twice")
        }
        guard !tensors.contains(name), !inputs.contains(name) else {
          throw ImportError(
            "\(node.title) gives \(name.quoted), which is \(tensors.contains(name) ? "a tensor" : "an input") of the graph as well"
          )
        }
      }
    }
    self.makers = makers
  }

  /// The nodes that lead to a value, each behind those that it takes something from.
  ///
  /// - Throws: ``ImportError`` where a node takes what a later one gives, or what follows from itself.
  func leading(to output: String) throws -> [Int] {
    guard let last = makers[output] else { return [] }
    var order: [Int] = []
    var isKnown = [Bool](repeating: false, count: graph.nodes.count)
    isKnown[last] = true
    // Nodes whose inputs are looked at, and which is next.
    var open = [(node: last, next: 0)]
    while let (index, next) = open.last {
      let node = graph.nodes[index]
      guard next < node.inputs.count else {
        order.append(index)
        open.removeLast()
        continue
      }
      open[open.count - 1].next += 1
      guard let maker = makers[node.inputs[next]] else { continue }
      // The file has them in an order in which they can be computed, so that nothing goes round in circles.
      guard maker < index else {
        throw ImportError("\(node.title) takes \(node.inputs[next].quoted), which nothing before it computes")
      }
      guard !isKnown[maker] else { continue }
      isKnown[maker] = true
      open.append((maker, 0))
    }
    return order
  }
}
