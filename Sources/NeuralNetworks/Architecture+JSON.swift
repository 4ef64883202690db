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
      let fields = LayerFields(type: type, members: members, location: location)
      switch type {
      case "flatten":
        try fields.allowOnly([])
        return .flatten
      case "dense":
        try fields.allowOnly(["name", "units", "activation"])
        return .dense(
          name: try fields.text("name"), units: try fields.integer("units"), activation: try fields.activation())
      case "conv2d":
        try fields.allowOnly(["name", "filters", "kernel_size", "activation"])
        return .convolution(
          name: try fields.text("name"), filters: try fields.integer("filters"),
          kernelSize: try fields.integer("kernel_size"), activation: try fields.activation())
      case "max_pool2d":
        try fields.allowOnly(["kernel_size", "stride"])
        return .maxPool(kernelSize: try fields.integer("kernel_size"), stride: try fields.integer("stride"))
      case "normalize":
        try fields.allowOnly(["mean", "scale"])
        return .normalize(
          mean: try list(try fields.value("mean"), "\(location).mean") { $0.double },
          scale: try list(try fields.value("scale"), "\(location).scale") { $0.double })
      default:
        throw ArchitectureError(
          location: location, reason: "has the unknown type \(JSONValue.quoted(type))\(KnownWords.layers.hint(type))")
      }
    }

    fileprivate static func list<T>(
      _ value: JSONValue, _ location: String, _ element: (JSONValue) -> T?
    ) throws(ArchitectureError) -> [T] {
      guard let values = value.array else { throw ArchitectureError(location: location, reason: "is not a list") }
      var result: [T] = []
      for value in values {
        guard let converted = element(value) else {
          throw ArchitectureError(
            location: location, reason: "holds something that is not \(T.self == Int.self ? "an integer" : "a number")")
        }
        result.append(converted)
      }
      return result
    }
  }

  /// The keys at the top level of the text that mean nothing here, in alphabetical order.
  package var furtherKeys: [String] {
    let known = ["input_shape", "class_count", "layers"]
    let keys = (try? JSONValue(parsing: json))?.object?.keys.filter { !known.contains($0) }
    return (keys ?? []).sorted()
  }

  /// The activation of the last layer, which gives the logits.
  package var lastActivation: Activation {
    if case .dense(_, _, let activation)? = layers.last { activation } else { .identity }
  }

  /// The text that describes the given values.
  static func canonicalJSON(inputShape: [Int], classCount: Int, layers: [Layer]) -> String {
    let texts = layers.map { layer in
      switch layer {
      case .flatten: #"{"type":"flatten"}"#
      case .dense(let name, let units, let activation):
        #"{"type":"dense","name":\#(JSONValue.quoted(name)),"units":\#(units),"activation":"\#(activation.rawValue)"}"#
      case .convolution(let name, let filters, let kernelSize, let activation):
        #"{"type":"conv2d","name":\#(JSONValue.quoted(name)),"filters":\#(filters),"kernel_size":\#(kernelSize),"#
          + #""activation":"\#(activation.rawValue)"}"#
      case .maxPool(let kernelSize, let stride):
        #"{"type":"max_pool2d","kernel_size":\#(kernelSize),"stride":\#(stride)}"#
      case .normalize(let mean, let scale):
        #"{"type":"normalize","mean":[\#(numbers(mean))],"scale":[\#(numbers(scale))]}"#
      }
    }
    let shape = inputShape.map(String.init).joined(separator: ",")
    return #"{"input_shape":[\#(shape)],"class_count":\#(classCount),"layers":[\#(texts.joined(separator: ","))]}"#
  }

  private static func numbers(_ values: [Double]) -> String {
    values.map { $0.description }.joined(separator: ",")
  }
}

/// The members of one layer's object.
private struct LayerFields {
  let type: String
  let members: [String: JSONValue]
  let location: String

  func allowOnly(_ known: Set<String>) throws(ArchitectureError) {
    if let unknown = members.keys.filter({ $0 != "type" && !known.contains($0) }).min() {
      throw ArchitectureError(
        location: location, reason: "has the unknown key \(JSONValue.quoted(unknown)) for a layer of type \"\(type)\"")
    }
  }

  func value(_ key: String) throws(ArchitectureError) -> JSONValue {
    guard let value = members[key] else {
      throw ArchitectureError(location: "\(location).\(key)", reason: "is missing")
    }
    return value
  }

  func integer(_ key: String) throws(ArchitectureError) -> Int {
    guard let integer = try value(key).integer else {
      throw ArchitectureError(location: "\(location).\(key)", reason: "is not an integer")
    }
    return integer
  }

  func text(_ key: String) throws(ArchitectureError) -> String {
    guard let text = try value(key).string else {
      throw ArchitectureError(location: "\(location).\(key)", reason: "is not a text")
    }
    return text
  }

  func activation() throws(ArchitectureError) -> Architecture.Activation {
    let name = try text("activation")
    guard let activation = Architecture.Activation(rawValue: name) else {
      throw ArchitectureError(
        location: "\(location).activation",
        reason: "is \(JSONValue.quoted(name)), which is not a known activation"
          + KnownWords.activations.hint(name))
    }
    return activation
  }
}
