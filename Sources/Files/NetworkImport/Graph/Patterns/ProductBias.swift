/// What is added behind a product with weights, one number for each of its outputs: its bias. With factors before it,
/// these become part of the weights, as TensorFlow writes batch normalisation.
enum ProductBias: Pattern {
  static func plan(_ id: Int, _ graph: RowGraph) throws -> LayerPlan? {
    guard let (inner, constant) = graph.constantSide(id, .add) else { return nil }
    var current = inner
    var factor: Constant?
    if let (base, constant) = graph.constantSide(inner, .multiply) { (current, factor) = (base, constant) }
    guard let product = graph[current].operation as? any ProductRows else { return nil }
    // A bias of its own stays, and what is added to it is another layer.
    guard product.bias == nil || factor != nil else { return nil }
    let example = graph[id].shape.example
    guard graph[current].shape.example == example,
      let shift = try product.perOutput(graph[id].aligned(constant), example)
    else { return nil }
    var factors: Constant?
    if let factor {
      guard let own = try product.perOutput(graph[inner].aligned(factor), example) else { return nil }
      factors = own
    }
    var bias = shift
    if let own = product.bias, let factors {
      guard let scaled = Constant.combined(.multiply, own, factors), let sum = Constant.combined(.add, scaled, shift)
      else { return nil }
      bias = sum
    }
    let whole = product.with(bias: bias, factors: factors)
    return try whole.plan(graph[current], graph)
  }
}

/// Factors and then summands, one for each channel of an image: a convolution of one position for each channel.
enum ChannelAffine: Pattern {
  static func plan(_ id: Int, _ graph: RowGraph) throws -> LayerPlan? {
    let example = graph[id].shape.example
    guard example.count == 3 else { return nil }
    var steps: [(kind: BinaryKind, constant: Constant, isPerChannel: Bool)] = []
    var current = id
    while steps.count < RowGraph.chainLimit, let binary = graph[current].operation as? BinaryRows,
      [.add, .subtract, .multiply, .divide].contains(binary.kind)
    {
      let canSwap = binary.kind == .add || binary.kind == .multiply
      guard let (inner, constant) = graph.constantSide(current, binary.kind, reversible: canSwap),
        graph[inner].shape.example == example
      else { break }
      let aligned = try graph[current].aligned(constant)
      // One number that draws have differently stays one.
      guard aligned.isPerChannelOrOne(of: example), aligned.count > 1 || !aligned.isLearned else { break }
      steps.append((binary.kind, aligned.perChannel(example[0]), aligned.count > 1))
      current = inner
    }
    let kinds = steps.map(\.kind)
    // Factors or summands alone have layers of their own.
    guard kinds.contains(where: { $0 == .multiply || $0 == .divide }),
      kinds.contains(where: { $0 == .add || $0 == .subtract }), steps.contains(where: \.isPerChannel)
    else { return nil }
    var weight = Constant.ones.perChannel(example[0])
    var bias = Constant.zeros.perChannel(example[0])
    for step in steps.reversed() {
      if step.kind == .multiply || step.kind == .divide {
        guard let next = Constant.combined(step.kind, weight, step.constant) else { return nil }
        weight = next
      }
      guard let next = Constant.combined(step.kind, bias, step.constant) else { return nil }
      bias = next
    }
    let (channels, name) = (example[0], graph[id].name)
    let (finalWeight, finalBias) = (weight.reshaped([channels, 1, 1, 1]), bias)
    return LayerPlan([current]) { builder, values in
      builder.append(
        "conv2d",
        [
          ("filters", "\(channels)"), ("kernel_size", "1"), ("groups", "\(channels)"), ("activation", "\"identity\""),
        ], values, [("weight", finalWeight), ("bias", finalBias)], shape: example, hint: name)
    }
  }
}
