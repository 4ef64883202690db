/// Names of layers as the author's program has them, as far as a graph still says: those of parameters without what they
/// are in their layer, else those of nodes.
enum LayerNames {
  /// A name for each layer that needs one.
  static func names(for layers: [LayerDraft]) -> [String?] {
    var needed = Set(layers.indices.filter { !layers[$0].parameters.isEmpty })
    for (index, layer) in layers.enumerated() where layer.inputs != [index - 1] {
      needed.formUnion(layer.inputs.filter { $0 >= 0 })
    }
    var taken: Set<String> = ["input", ".", ".."]
    return layers.enumerated().map { index, layer in
      guard needed.contains(index) else { return nil }
      let wanted = allowed(ofParameters(layer) ?? ofNode(layer.hint) ?? layer.type)
      var name = wanted
      var number = 2
      while !taken.insert(name).inserted {
        name = "\(wanted)_\(number)"
        number += 1
      }
      return name
    }
  }

  /// What a parameter is called in its layer.
  private static let roles: Set<String> = [
    "weight", "bias", "gamma", "beta", "scale", "mask", "tau", "running_mean", "running_var", "kernel", "value",
  ]

  private static func ofParameters(_ layer: LayerDraft) -> String? {
    // What begins with a slash is named after a node, and no parameter.
    let origins = layer.parameters.flatMap { $0.value.origins.names.sorted() }.filter { !$0.hasPrefix("/") }
    for origin in origins {
      var parts = origin.split(separator: ".", omittingEmptySubsequences: false)
      guard parts.count >= 2, let role = parts.popLast(), roles.contains(String(role)) else { continue }
      return parts.joined(separator: ".")
    }
    // A parameter of its own, such as a class token.
    return origins.first { origin in
      layer.type == "parameter" && !origin.contains("::") && !origin.hasPrefix("val_") && Int(origin) == nil
    }
  }

  /// `/layer1/layer1.0/conv1/Conv` is layer1.0.conv1; `node_conv2d_3` is conv2d_3.
  private static func ofNode(_ name: String) -> String? {
    if name.hasPrefix("node_") { return String(name.dropFirst(5)) }
    var parts = name.split(separator: "/").map(String.init)
    guard parts.count >= 2 else { return parts.first }
    parts.removeLast()
    // A part that the next one repeats is left out.
    let kept = parts.indices.filter { $0 + 1 == parts.count || !parts[$0 + 1].hasPrefix(parts[$0] + ".") }
    return kept.map { parts[$0] }.joined(separator: ".")
  }

  /// Without what cannot be in the name of a layer.
  private static func allowed(_ name: String) -> String {
    var result = String(
      name.unicodeScalars.map { $0 == "/" || $0.value < 0x20 || $0.value == 0x7F ? "." : Character($0) })
    while result.utf8.count > 180 { result.removeLast() }
    return result.isEmpty ? "layer" : result
  }
}
