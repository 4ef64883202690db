/// Where a classifier's logits are: before a softmax, or a sigmoid of a single output, which stand at the end of networks
/// that give probabilities.
struct NetworkEnd {
  /// The node that gives the logits.
  let logits: Int
  private(set) var notes: [String] = []
  /// What the graph itself gives.
  private(set) var ending = NetworkEnding.logits
  /// What a logarithm at the end is taken of, where that is no softmax itself.
  private(set) var logarithmArgument: Int?

  init(_ reader: GraphReader) throws {
    let graph = reader.rows
    var id = reader.output
    let count = graph[id].shape.count
    while true {
      let node = graph[id]
      guard node.shape.count == count else { break }
      if node.operation is ReshapeRows, let input = graph.input(id) {
        id = input
        continue
      }
      let isLogarithm = (node.operation as? UnaryRows)?.type == "Log"
      let candidate = isLogarithm ? graph.input(id) ?? id : id
      if let softmax = graph[candidate].operation as? SoftmaxRows, let input = graph.input(candidate),
        !isLogarithm || !softmax.isLogarithm
      {
        let shape = graph[candidate].shape.example
        guard shape[softmax.axis] == count, count > 1 else {
          throw ImportError(
            "\(graph[candidate].title) at the end goes over \(shape[softmax.axis]) of \(count) outputs, which are then no probabilities of classes"
          )
        }
        notes.append(
          "the \(softmax.isLogarithm || isLogarithm ? "log-softmax" : "softmax") at its end (\(graph[candidate].title)) was left out: the last layer gives logits"
        )
        ending = softmax.isLogarithm || isLogarithm ? .logSoftmax : .softmax
        id = input
        break
      }
      if isLogarithm { logarithmArgument = graph.input(id) }
      if graph.activation(id) == .sigmoid, let input = graph.input(id) {
        guard count == 1 else {
          throw ImportError(
            "\(node.title) gives \(count) probabilities that do not sum to 1: several labels at once, which is no classifier here"
          )
        }
        notes.append("the sigmoid at its end (\(node.title)) was left out: its argument is the logit of class 1 of two")
        ending = .sigmoid
        id = input
      }
      break
    }
    logits = id
  }
}

/// What a graph gives at its end, where its layers give logits.
package enum NetworkEnding: Sendable, Hashable {
  /// Logits.
  case logits
  /// Logarithms of probabilities, which are logits but for one number for each input.
  case logSoftmax
  /// Probabilities of all classes.
  case softmax
  /// The probability of class 1 of two.
  case sigmoid
}
