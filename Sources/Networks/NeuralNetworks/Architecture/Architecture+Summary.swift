extension Architecture {
  /// A short description: `784-64-64-10 ReLU` for dense networks, `conv 32·5×5, pool 2, dense 10` for others, and for
  /// long ones how many layers of each type there are.
  public var summary: String {
    let isDense = layers.allSatisfy {
      ($0.kind is Flatten || $0.kind is Dense || $0.kind is Normalize) && $0.inputs == nil
    }
    if isDense { return denseSummary }
    let words = layers.compactMap(\.kind.words)
    return words.count <= 12 ? words.joined(separator: ", ") : longSummary
  }

  private var denseSummary: String {
    var widths = [inputShape.reduce(1, *)]
    var activations: [Activation] = []
    for case let dense as Dense in layers.map(\.kind) {
      widths.append(dense.units)
      activations.append(dense.activation)
    }
    // The last layer gives logits: its activation is mentioned only when it is not the identity.
    if activations.last == .identity { activations.removeLast() }
    var names: [String] = []
    for activation in activations where names.last != activation.function.title {
      names.append(activation.function.title)
    }
    return widths.map(String.init).joined(separator: "-") + (names.isEmpty ? "" : " " + names.joined(separator: ", "))
  }

  /// `21 conv, 9 add, 1 dense, 272,474 parameters`.
  private var longSummary: String {
    var order: [String] = []
    var counts: [String: Int] = [:]
    for layer in layers {
      let type = layer.kind is Convolution ? "conv" : layer.kind.typeWord
      if counts.updateValue((counts[type] ?? 0) + 1, forKey: type) == nil { order.append(type) }
    }
    let parts = order.filter { !["normalize", "flatten", "reshape"].contains($0) }.map { "\(counts[$0]!) \($0)" }
    return parts.joined(separator: ", ") + ", \(parameterCount) parameters"
  }
}
