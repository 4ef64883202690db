package import NeuralNetworks

/// The network of an ONNX graph as layers, with the parameters that the graph holds.
package struct NetworkTranslation {
  /// The layers, checked.
  package let architecture: Architecture
  /// The parameters in the order of `architecture.parameters`.
  package let parameters: [[Float]]
  /// The graph's tensors that each parameter follows from.
  package let origins: [Set<String>]
  /// What was left out or is to be known, a sentence each without a full stop.
  package let notes: [String]
  /// What the graph gives where its layers give logits.
  package let ending: NetworkEnding
  /// The graph's tensors that meet nothing but the input, which they normalise.
  let inputConstants: Set<String>
  /// Layer by layer what it is, to be compared with that of another draw.
  let structure: [String]

  /// Translates a file.
  ///
  /// - Throws: ``ImportError`` that names the file, the node, and what feeds it.
  package init(_ path: String, learned: Set<String> = []) throws {
    do {
      try self.init(try ONNXModel(path), learned: learned)
    } catch let error as ImportError {
      throw error.of(path)
    }
  }

  /// A network that is described, with its parameters.
  init(_ architecture: Architecture, parameters: [[Float]]) {
    self.architecture = architecture
    self.parameters = parameters
    origins = architecture.parameters.map { [$0.name] }
    notes = Self.endNotes(architecture)
    ending = .logits
    inputConstants = []
    structure = []
  }

  /// - Parameters:
  ///   - model: A file.
  ///   - replacements: Tensors of the graph whose numbers come from elsewhere.
  ///   - learned: Tensors whose numbers differ between draws: parameters, also where they are one number.
  init(_ model: ONNXModel, replacements: [String: Constant] = [:], learned: Set<String> = []) throws {
    let reader = try GraphReader(model, replacements: replacements, learned: learned)
    let end = try NetworkEnd(reader)
    if let argument = end.logarithmArgument { try Self.refuseMixture(reader.rows, argument) }
    let builder = try Self.layers(reader.rows, to: end.logits, mayNormalize: true)
    // Where something goes around a normalisation it becomes other layers.
    let isFirst = Self.normalizesAlone(builder.0.drafts)
    let (layers, output) = isFirst ? builder : try Self.layers(reader.rows, to: end.logits, mayNormalize: false)
    try self.init(layers, output, end, reader, model)
  }

  private init(
    _ builder: LayerBuilder, _ output: LayerValue, _ end: NetworkEnd, _ reader: GraphReader, _ model: ONNXModel
  ) throws {
    var builder = builder
    guard output.index >= 0 else { throw ImportError("has no layer between its input and its output") }
    let review = OutputReview(builder.drafts, output: output.index)
    if review.givesProbabilities, end.ending == .logits {
      throw ImportError("gives probabilities, and no logits: it ends in \(review.description); \(review.advice)")
    }
    let logits = builder.reshaped(output, to: [output.shape.reduce(1, *)], hint: "")
    let outputs = logits.shape[0]
    guard outputs <= 1 << 20 else { throw ImportError("gives \(outputs) numbers, which are no classes") }
    let classes = outputs == 1 ? 2 : outputs
    var notes = reader.notes + end.notes
    if review.givesProbabilities {
      notes.append(
        "what enters the \(end.ending == .sigmoid ? "sigmoid" : "softmax") at its end is \(review.description) already")
    }
    if output.shape.count(where: { $0 != 1 }) > 1 {
      notes.append("it gives \(output.shape) for an example, which is taken as \(outputs) classes")
    }
    if end.ending == .logits, outputs == 1 { notes.append("its only output is taken as the logit of class 1 of two") }
    let list = LayerList(builder.drafts, output: logits.index)
    let network = try Self.architecture(list, inputShape: builder.input.shape, classCount: classes)
    notes += Self.endNotes(network)
    let values = try Self.parameters(list, network)
    self.notes = notes
    ending = end.ending
    inputConstants = reader.rows.inputConstants
    architecture = network
    parameters = values.map(\.numbers)
    origins = values.map(\.origins)
    structure = list.layers.indices.map(list.structure)
  }

  /// What is to be known of the last layer.
  private static func endNotes(_ architecture: Architecture) -> [String] {
    let function = architecture.lastFunction
    return function == .identity
      ? [] : ["its last layer has the activation \(function.word): what it gives is taken as logits"]
  }

  private static func architecture(
    _ list: LayerList, inputShape: [Int], classCount: Int
  ) throws -> Architecture {
    do {
      return try Architecture(json: list.json(inputShape: inputShape, classCount: classCount))
    } catch let error as ArchitectureError {
      throw ImportError("is no network of the layers that there are: \(place(error, list)) \(error.reason)")
    }
  }

  /// The numbers of all parameters, where they are what the layers need.
  private static func parameters(
    _ list: LayerList, _ architecture: Architecture
  ) throws -> [(numbers: [Float], origins: Set<String>)] {
    var values: [(numbers: [Float], origins: Set<String>)] = []
    let needed = architecture.parameters
    for (index, layer) in list.layers.enumerated() {
      guard architecture.layerShapes[index] == layer.shape else {
        throw ImportError(
          "gives \(layer.shape) at \(layer.hint.quoted), and the layer \(layer.type) would give "
            + "\(architecture.layerShapes[index])")
      }
      for (role, value) in layer.parameters {
        guard values.count < needed.count, needed[values.count].layer == index,
          needed[values.count].name.hasSuffix(".\(role)"), needed[values.count].shape == value.shape,
          let floats = value.floats
        else {
          throw ImportError(
            "has a parameter \(role) of shape \(value.shape) at \(layer.hint.quoted), which its layer has not")
        }
        try check(floats, role, value.origins.names, layer)
        values.append((floats, value.origins.names))
      }
    }
    guard values.count == needed.count else { throw ImportError("has fewer parameters than its layers") }
    return values
  }

  /// Refuses what no network has, here where the file and the tensor are known.
  private static func check(
    _ floats: [Float], _ role: String, _ origins: Set<String>, _ layer: LayerDraft
  ) throws(ImportError) {
    let isVariance = role == "running_var"
    guard let index = floats.firstIndex(where: { !$0.isFinite || isVariance && $0 < 0 }) else { return }
    let name =
      origins.isEmpty ? "\(role) of \(layer.hint.quoted)" : origins.sorted().map(\.quoted).joined(separator: ", ")
    throw ImportError(
      "tensor \(name) holds \(floats[index]) as its number \(index): "
        + (floats[index].isFinite
          ? "a variance is not negative"
          : "weights are finite"
            + (floats[index].isInfinite ? "; an infinite mask is read where a softmax follows" : "")))
  }

  private static func place(_ error: ArchitectureError, _ list: LayerList) -> String {
    guard let index = list.layers.indices.first(where: { error.location.hasPrefix("layers[\($0)]") }),
      !list.layers[index].hint.isEmpty
    else { return error.location }
    return "\(error.location), from node \(list.layers[index].hint.quoted),"
  }

  // MARK: - Layers

  /// Refuses the logarithm of a mean of softmaxes, which no layer computes.
  private static func refuseMixture(_ graph: RowGraph, _ argument: Int) throws(ImportError) {
    guard let (builder, output) = try? layers(graph, to: argument, mayNormalize: true) else { return }
    let review = OutputReview(builder.drafts, output: output.index)
    guard review.givesProbabilities else { return }
    throw ImportError("gives the logarithm of \(review.description): \(review.advice)")
  }

  /// The layers of everything that an output needs.
  private static func layers(
    _ graph: RowGraph, to end: Int, mayNormalize: Bool
  ) throws -> (LayerBuilder, LayerValue) {
    var plans: [Int: LayerPlan] = [:]
    var needed: Set<Int> = [end]
    // What a value takes stands before it, so that one way back meets everything.
    for id in (0...end).reversed() where needed.contains(id) {
      let plan = try plan(id, graph, mayNormalize: mayNormalize)
      needed.formUnion(plan.inputs)
      plans[id] = plan
    }
    let inputShape = graph[0].shape.example
    var builder = LayerBuilder(inputShape: inputShape)
    var values: [Int: LayerValue] = [:]
    for id in plans.keys.sorted() {
      guard let plan = plans[id] else { continue }
      let value = try plan.make(&builder, plan.inputs.compactMap { values[$0] })
      guard value.shape == graph[id].shape.example else {
        throw ImportError(
          "\(graph[id].title) gives \(graph[id].shape.example), and its layers would give \(value.shape)")
      }
      values[id] = value
    }
    guard let output = values[end] else { throw ImportError("has no layers") }
    return (builder, output)
  }

  private static func plan(_ id: Int, _ graph: RowGraph, mayNormalize: Bool) throws -> LayerPlan {
    for pattern in Patterns.all where mayNormalize || pattern != InputNormalization.self {
      if let plan = try pattern.plan(id, graph) { return plan }
    }
    let node = graph[id]
    if let plan = try node.operation.plan(node, graph) { return plan }
    let feeders = node.inputs.compactMap(\.rowID).map { graph[$0].title }
    throw ImportError(
      "\(node.title), which takes what \(feeders.joined(separator: " and ")) gives, has no layer, and is part of no pattern that is known here"
    )
  }

  /// Whether at most one layer normalises the input, and nothing else takes it then.
  private static func normalizesAlone(_ drafts: [LayerDraft]) -> Bool {
    let normalizations = drafts.filter { $0.type == "normalize" }
    guard !normalizations.isEmpty else { return true }
    return normalizations.count == 1 && drafts.count { $0.inputs.contains(-1) } == 1
  }
}
