extension Architecture {
  /// The values that a text gives, before they are checked against each other.
  struct Description {
    var inputShape: [Int]
    var classCount: Int
    var layers: [Layer]

    init(parsing text: String) throws(ArchitectureError) {
      guard let members = try JSONValue(parsing: text).object else {
        throw ArchitectureError(location: "", reason: "is not a JSON object")
      }
      guard let sizes = members["input_shape"] else {
        throw ArchitectureError(location: "input_shape", reason: "is missing")
      }
      inputShape = try Self.list(sizes, "input_shape") { $0.integer }
      guard let count = members["class_count"] else {
        throw ArchitectureError(location: "class_count", reason: "is missing")
      }
      guard let classCount = count.integer else {
        throw ArchitectureError(location: "class_count", reason: "is not an integer")
      }
      self.classCount = classCount
      guard let list = members["layers"]?.array else {
        throw ArchitectureError(location: "layers", reason: members["layers"] == nil ? "is missing" : "is not a list")
      }
      layers = []
      for (index, value) in list.enumerated() { layers.append(try Self.layer(value, "layers[\(index)]")) }
    }

    private static func layer(_ value: JSONValue, _ location: String) throws(ArchitectureError) -> Layer {
      guard let members = value.object else { throw ArchitectureError(location: location, reason: "is not an object") }
      guard let type = members["type"]?.string else {
        throw ArchitectureError(location: location, reason: "has no type")
      }
      guard let kind = LayerKinds.named[type] else {
        throw ArchitectureError(
          location: location, reason: "has the unknown type \(JSONValue.quoted(type))\(KnownWords.layers.hint(type))")
      }
      let fields = LayerFields(type: type, members: members, location: location)
      let made = try kind.init(fields)
      let name = fields.has("name") ? try fields.text("name") : nil
      var inputs: [String]?
      if let given = members["inputs"] {
        inputs = try list(given, "\(location).inputs") { $0.string }
      }
      return Layer(made, name: name, inputs: inputs)
    }

    private static func words<T>(_ type: T.Type) -> String {
      switch type {
      case is Int.Type: "an integer"
      case is String.Type: "a text"
      default: "a number"
      }
    }

    static func list<T>(
      _ value: JSONValue, _ location: String, _ element: (JSONValue) -> T?
    ) throws(ArchitectureError) -> [T] {
      guard let values = value.array else { throw ArchitectureError(location: location, reason: "is not a list") }
      var result: [T] = []
      for value in values {
        guard let converted = element(value) else {
          throw ArchitectureError(
            location: location, reason: "holds something that is not \(Self.words(T.self))")
        }
        result.append(converted)
      }
      return result
    }
  }

  /// Whether files of format 1.0 can hold it.
  package var isOfFormat10: Bool {
    layers.allSatisfy { $0.kind.isOfFormat10 && $0.inputs == nil && ($0.name == nil || $0.kind.isWeighted) }
      && graph.givesLogits
  }

  /// The keys at the top level of the text that mean nothing here, in alphabetical order.
  package var furtherKeys: [String] {
    let known = ["input_shape", "class_count", "layers"]
    let keys = (try? JSONValue(parsing: json))?.object?.keys.filter { !known.contains($0) }
    return (keys ?? []).sorted()
  }

  /// What the last layer does to its sums before they are taken as logits, whatever rearranges them behind it; the
  /// identity for one number of two classes behind a sigmoid, which is left out.
  package var lastFunction: ElementwiseFunction {
    let function = graph.nodes[graph.head].kind.lastFunction
    return !graph.givesLogits && function == .sigmoid ? .identity : function
  }

  /// The text that describes the given values.
  static func canonicalJSON(inputShape: [Int], classCount: Int, layers: [Layer]) -> String {
    let texts = layers.map { layer in
      var members = [("type", JSONValue.quoted(layer.kind.typeWord))]
      if let name = layer.name { members.append(("name", JSONValue.quoted(name))) }
      if let inputs = layer.inputs {
        members.append(("inputs", "[" + inputs.map(JSONValue.quoted).joined(separator: ",") + "]"))
      }
      members += layer.kind.members.map { ($0.key, $0.json) }
      return "{" + members.map { "\"\($0.0)\":\($0.1)" }.joined(separator: ",") + "}"
    }
    let shape = inputShape.map(String.init).joined(separator: ",")
    return #"{"input_shape":[\#(shape)],"class_count":\#(classCount),"layers":[\#(texts.joined(separator: ","))]}"#
  }
}

extension LayerKind {
  /// The word that `type` has for this value.
  var typeWord: String { (self as? any ManyNamedLayer)?.typeWord ?? Self.type }

  /// Whether it has a name in format 1.0.
  var isWeighted: Bool { self is Dense || self is Convolution }
}
