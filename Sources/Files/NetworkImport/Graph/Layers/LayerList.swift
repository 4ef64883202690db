import NeuralNetworks

/// Layers in their final order, with names, as the text of an architecture.
struct LayerList {
  private(set) var layers: [LayerDraft]
  private(set) var names: [String?] = []

  /// - Parameters:
  ///   - drafts: Layers, each behind those that it takes.
  ///   - output: The one that gives the logits.
  init(_ drafts: [LayerDraft], output: Int) {
    layers = drafts
    keepWhatLeads(to: output)
    putNormalizationFirst()
    fuseActivations()
    names = LayerNames.names(for: layers)
  }

  /// Leaves out what nobody takes.
  private mutating func keepWhatLeads(to output: Int) {
    var isNeeded = [Bool](repeating: false, count: layers.count)
    isNeeded[output] = true
    for index in layers.indices.reversed() where isNeeded[index] {
      for input in layers[index].inputs where input >= 0 { isNeeded[input] = true }
    }
    reorder(layers.indices.filter { isNeeded[$0] })
  }

  private mutating func putNormalizationFirst() {
    guard let index = layers.firstIndex(where: { $0.type == "normalize" }), index > 0 else { return }
    reorder([index] + layers.indices.filter { $0 != index })
  }

  private mutating func reorder(_ order: [Int]) {
    var places: [Int: Int] = [-1: -1]
    for (new, old) in order.enumerated() { places[old] = new }
    layers = order.map { index in
      var layer = layers[index]
      layer.inputs = layer.inputs.map { places[$0] ?? $0 }
      return layer
    }
  }

  /// Activations that a layer with weights can have itself.
  private static let activations: Set<String> = [
    "relu", "leaky_relu", "tanh", "sigmoid", "relu6", "elu", "selu", "silu", "gelu", "gelu_tanh", "softplus",
    "hardswish",
  ]

  /// An activation directly behind a layer with weights, whose result nobody else takes, becomes part of it.
  private mutating func fuseActivations() {
    var uses = [Int](repeating: 0, count: layers.count)
    for layer in layers { for input in layer.inputs where input >= 0 { uses[input] += 1 } }
    var replaced: [Int: Int] = [:]
    for (index, layer) in layers.enumerated() where Self.activations.contains(layer.type) {
      let isPlain = layer.members.isEmpty || layer.type == "leaky_relu" && layer.members.allSatisfy { $0.1 == "0.01" }
      guard isPlain, let input = layer.inputs.first, input >= 0, uses[input] == 1,
        let place = layers[input].members.firstIndex(where: { $0 == ("activation", "\"identity\"") })
      else { continue }
      layers[input].members[place].1 = "\"\(layer.type)\""
      replaced[index] = input
    }
    for index in layers.indices { layers[index].inputs = layers[index].inputs.map { replaced[$0] ?? $0 } }
    reorder(layers.indices.filter { replaced[$0] == nil })
  }

  // MARK: - Text

  /// The text of the architecture.
  func json(inputShape: [Int], classCount: Int) -> String {
    let texts = layers.indices.map { index in
      let layer = layers[index]
      var members = [("type", JSONLiteral.string(layer.type))]
      if let name = names[index] { members.append(("name", JSONLiteral.string(name))) }
      if let inputs = inputs(index) {
        members.append(("inputs", "[" + inputs.map(JSONLiteral.string).joined(separator: ",") + "]"))
      }
      return "{" + (members + layer.members).map { "\"\($0.0)\":\($0.1)" }.joined(separator: ",") + "}"
    }
    let shape = inputShape.map(String.init).joined(separator: ",")
    return #"{"input_shape":[\#(shape)],"class_count":\#(classCount),"layers":[\#(texts.joined(separator: ","))]}"#
  }

  /// Names of what a layer takes; nil where that is the layer before it.
  private func inputs(_ index: Int) -> [String]? {
    let inputs = layers[index].inputs
    if inputs.isEmpty || inputs == [index - 1] { return nil }
    return inputs.map { $0 < 0 ? "input" : names[$0] ?? "" }
  }

  /// A layer without its name, to be compared with that of another draw.
  func structure(_ index: Int) -> String {
    let layer = layers[index]
    let members = layer.members.map { "\($0.0) \($0.1)" }.joined(separator: ", ")
    let parameters = layer.parameters.map { "\($0.role) \($0.value.shape)" }.joined(separator: ", ")
    return "\(layer.type) of \(layer.inputs): \(members); \(parameters)"
  }
}
