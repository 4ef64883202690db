/// The layers of an architecture with what each takes and gives: names resolved, shapes followed, parameters placed.
package struct NetworkGraph: Sendable {
  /// Where a parameter lies in a draw.
  package struct Place: Sendable, Hashable {
    package let offset: Int
    package let count: Int
    package var range: Range<Int> { offset..<offset + count }
  }

  /// A layer in the graph.
  package struct Node: Sendable {
    package let kind: any LayerKind
    package let name: String?
    /// Which values it takes: 0 is the network's input, i + 1 the result of node i.
    package let inputs: [Int]
    package let inputShapes: [[Int]]
    /// Shape of one example of its result.
    package let shape: [Int]
    /// Places of its parameters, in the order of its trace.
    package let parameters: [Place]
  }

  package let inputShape: [Int]
  package private(set) var nodes: [Node] = []
  package private(set) var parameters: [Architecture.Parameter] = []
  package private(set) var parameterCount = 0
  /// Whether the last layer gives a logit for each class; else it gives one number, the logit of class 1 against 0.
  package let givesLogits: Bool
  /// The node whose activation is the network's last: what stands behind it changes the order and the shape of numbers,
  /// and not the numbers.
  package let head: Int

  init(inputShape: [Int], classCount: Int, layers: [Architecture.Layer]) throws(ArchitectureError) {
    guard (1...8).contains(inputShape.count) else {
      throw ArchitectureError(
        location: "input_shape", reason: "has \(inputShape.count) dimensions; 1 to 8 are possible")
    }
    for size in inputShape { try Self.checkSize(size, "input_shape") }
    _ = try SafeProduct.of(inputShape, "input_shape")
    try Self.checkSize(classCount, "class_count")
    guard classCount > 1 else {
      throw ArchitectureError(
        location: "class_count",
        reason: "is 1; a network with one logit or one probability has 2 classes")
    }
    guard !layers.isEmpty else { throw ArchitectureError(location: "layers", reason: "is empty") }
    self.inputShape = inputShape

    var places: [String: Int] = [:]
    var nodes: [Node] = []
    var parameters: [Architecture.Parameter] = []
    var count = 0
    var names: Set<String> = []
    for (index, layer) in layers.enumerated() {
      let place = LayerPlace(location: "layers[\(index)]", index: index, name: layer.name)
      let inputs = try Self.inputs(of: layer, place, places)
      let shapes = inputs.map { $0 == 0 ? inputShape : nodes[$0 - 1].shape }
      let trace = try layer.kind.trace(shapes, place)
      _ = try place.product(trace.shape)
      if layer.name != nil || !trace.parameters.isEmpty {
        let name = try Self.checkedName(layer.name, place)
        guard places.updateValue(index + 1, forKey: name) == nil else {
          throw place.error("is \"\(name)\", the name of another layer", at: "name")
        }
      }
      var own: [Place] = []
      for parameter in trace.parameters {
        let size = try place.product(parameter.shape)
        let (sum, overflow) = count.addingReportingOverflow(size)
        guard !overflow, sum <= Int.max / 8 else { throw SafeProduct.tooLarge(place.location) }
        own.append(Place(offset: count, count: size))
        let name = "\(layer.name ?? "").\(parameter.role)"
        guard names.insert(name).inserted else {
          throw place.error("gives the parameter \(name), which another layer has as well; rename one", at: "name")
        }
        parameters.append(
          Architecture.Parameter(
            name: name, shape: parameter.shape, purpose: parameter.purpose,
            layer: index))
        count = sum
      }
      nodes.append(
        Node(
          kind: layer.kind, name: layer.name, inputs: inputs, inputShapes: shapes, shape: trace.shape, parameters: own))
    }
    self.nodes = nodes
    self.parameters = parameters
    parameterCount = count
    head = Self.lastNode(of: nodes) { $0.rearranges }
    givesLogits = try Self.checkEnd(nodes, classCount: classCount)
    try checkUse(layers)
  }

  private static func inputs(
    of layer: Architecture.Layer, _ place: LayerPlace, _ places: [String: Int]
  ) throws(ArchitectureError) -> [Int] {
    let allowed = type(of: layer.kind).inputCount
    var inputs: [Int] = []
    if let names = layer.inputs {
      for name in names {
        guard let value = places[name] ?? (name == "input" ? 0 : nil) else {
          throw place.error(
            "names \(JSONValue.quoted(name)), and no layer before it has that name; the network's input is called input",
            at: "inputs")
        }
        inputs.append(value)
      }
    } else if allowed.upperBound > 0 {
      // Value i is what the layer before layer i gives.
      inputs = [place.index]
    }
    guard allowed.contains(inputs.count) else {
      let wanted =
        allowed.lowerBound == allowed.upperBound
        ? "\(allowed.lowerBound)" : "\(allowed.lowerBound) or more"
      throw place.error("takes \(wanted) inputs and has \(inputs.count)", at: "inputs")
    }
    return inputs
  }

  private static func checkedName(_ name: String?, _ place: LayerPlace) throws(ArchitectureError) -> String {
    guard let name else { throw place.error("is missing", at: "name") }
    // Names become links of an HDF5 group, where "/" separates groups and "." is the group itself.
    guard !name.isEmpty, name != ".", name != "..", name.utf8.count <= 200,
      !name.unicodeScalars.contains(where: { $0 == "/" || $0.value < 0x20 || $0.value == 0x7F })
    else { throw place.error("is \(JSONValue.quoted(name)), which cannot be a name in a file", at: "name") }
    return name
  }

  /// The last node that is not passed over.
  private static func lastNode(of nodes: [Node], passing isPassed: (any LayerKind) -> Bool) -> Int {
    var index = nodes.count - 1
    while isPassed(nodes[index].kind), let value = nodes[index].inputs.first, value > 0 { index = value - 1 }
    return index
  }

  private static func checkEnd(_ nodes: [Node], classCount: Int) throws(ArchitectureError) -> Bool {
    let last = "layers[\(nodes.count - 1)]"
    let node = nodes[nodes.count - 1]
    // A probability that is multiplied is none, and no logit either.
    let scaled = lastNode(of: nodes) { $0.rearranges || $0 is Rescale }
    if let softmax = nodes[scaled].kind as? Softmax, node.shape != [1] || classCount != 2 {
      throw ArchitectureError(
        location: "layers[\(scaled)]", reason: "is \(softmax.typeWord); leave it out, the last layer gives logits")
    }
    if nodes[scaled].kind.lastFunction == .sigmoid, lastNode(of: nodes, passing: { $0.rearranges }) != scaled {
      throw ArchitectureError(
        location: "layers[\(scaled)]",
        reason: "gives probabilities, which a layer behind it multiplies; the last layer gives logits: leave both out")
    }
    if node.shape == [1], classCount == 2 { return false }
    guard node.shape.count == 1 else {
      throw ArchitectureError(
        location: last,
        reason:
          "is not dense; the last layer gives the logits, one number for each class, and this one gives shape \(node.shape)"
      )
    }
    guard node.kind is Dense || node.shape[0] == classCount else {
      throw ArchitectureError(location: last, reason: "is not dense; the last layer gives the logits")
    }
    guard node.shape[0] == classCount else {
      throw ArchitectureError(
        location: last,
        reason: "has \(node.shape[0]) units; the last layer needs as many as class_count, \(classCount)")
    }
    return true
  }

  /// A layer whose result nobody takes would be a mistake of whoever wrote the text.
  private func checkUse(_ layers: [Architecture.Layer]) throws(ArchitectureError) {
    let used = Set(nodes.flatMap(\.inputs))
    for index in nodes.indices.dropLast() where !used.contains(index + 1) {
      throw ArchitectureError(
        location: "layers[\(index)]", reason: "gives a result that no layer takes; name it among the inputs of one")
    }
    guard used.contains(0) else {
      throw ArchitectureError(location: "layers", reason: "never take the network's input")
    }
    if layers.contains(where: { $0.inputs != nil }), let index = layers.firstIndex(where: { $0.name == "input" }) {
      throw ArchitectureError(
        location: "layers[\(index)].name", reason: "is \"input\", which is what inputs call the network's input")
    }
    if nodes[0].kind is Normalize, nodes.dropFirst().contains(where: { $0.inputs.contains(0) }) {
      throw ArchitectureError(
        location: "layers[0]", reason: "is normalize, and another layer takes the input around it")
    }
  }

  private static func checkSize(_ size: Int, _ location: String) throws(ArchitectureError) {
    guard size >= 1 else { throw ArchitectureError(location: location, reason: "is \(size); sizes start at 1") }
  }

  /// How many nodes take each value.
  package var uses: [Int] {
    var uses = [Int](repeating: 0, count: nodes.count + 1)
    for node in nodes { for input in node.inputs { uses[input] += 1 } }
    return uses
  }
}
