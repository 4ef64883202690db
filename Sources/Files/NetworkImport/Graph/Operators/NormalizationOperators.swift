/// Normalisations that are operators of their own.
enum NormalizationOperators: Operator {
  static let types = [
    "BatchNormalization", "InstanceNormalization", "LayerNormalization", "GroupNormalization", "RMSNormalization",
  ]

  static func apply(_ call: inout OperatorCall) throws -> [Value] {
    switch call.node.type {
    case "BatchNormalization": return [try batch(&call)]
    case "InstanceNormalization": return [try instance(&call)]
    case "GroupNormalization": return [try group(&call)]
    default: return [try layer(&call)]
    }
  }

  private static func batch(_ call: inout OperatorCall) throws -> Value {
    let shape = try call.shape(0)
    let epsilon = try call.float("epsilon", default: 1e-5)
    call.ignore("momentum", "spatial")
    guard try call.integer("training_mode", default: 0) == 0 else {
      throw call.refusal("normalises by the batch, in training: export the network as it predicts (model.eval())")
    }
    guard shape.batchAxis == 0, !shape.isMerged, shape.extents.count >= 2 else {
      throw call.refusal("normalises inputs of shape \(shape.extents)")
    }
    let parameters = try (1...4).map { index in
      let constant = try call.constant(index, "its parameters")
      guard constant.isReal, constant.shape == [shape.extents[1]] else {
        throw call.refusal("has parameters of shape \(constant.shape) for \(shape.extents[1]) channels")
      }
      return constant
    }
    return call.append(BatchNormRows(epsilon: Decimal32.meant(epsilon), parameters: parameters), [call[0]], shape)
  }

  private static func instance(_ call: inout OperatorCall) throws -> Value {
    let shape = try call.shape(0)
    let epsilon = try call.float("epsilon", default: 1e-5)
    let (scale, bias) = (try call.constant(1, "its scale"), try call.constant(2, "its bias"))
    guard shape.batchAxis == 0, !shape.isMerged, shape.extents.count >= 3, scale.shape == [shape.extents[1]],
      bias.shape == scale.shape
    else { throw call.refusal("normalises inputs of shape \(shape.extents) with a scale of \(scale.shape)") }
    let axes = Array(1..<shape.extents.count - 1)
    let aligned = [shape.extents[1]] + axes.map { _ in 1 }
    return standardized(call[0], axes, epsilon, scale.reshaped(aligned), bias.reshaped(aligned), shape, &call)
  }

  private static func layer(_ call: inout OperatorCall) throws -> Value {
    let shape = try call.shape(0)
    let rank = shape.extents.count
    let first = try call.axis(try call.integer("axis", default: -1), rank: rank)
    let epsilon = try call.float("epsilon", default: 1e-5)
    call.ignore("stash_type")
    guard call.node.outputs.dropFirst().allSatisfy(\.isEmpty) else {
      throw call.refusal("gives its mean as well, which is not read")
    }
    let axes = try (first..<rank).map { try call.exampleAxis($0, of: shape) }
    let isCentred = call.node.type == "LayerNormalization"
    let scale = call[1].isAbsent ? nil : try call.constant(1, "its scale")
    let bias = call[2].isAbsent ? nil : try call.constant(2, "its bias")
    return standardized(call[0], axes, epsilon, scale, bias, shape, &call, isCentred: isCentred)
  }

  private static func group(_ call: inout OperatorCall) throws -> Value {
    let shape = try call.shape(0)
    let groups = try call.integer("num_groups")
    let epsilon = try call.float("epsilon", default: 1e-5)
    call.ignore("stash_type")
    guard shape.batchAxis == 0, !shape.isMerged, shape.extents.count >= 2, groups >= 1, shape.extents[1] % groups == 0
    else {
      throw call.refusal("normalises inputs of shape \(shape.extents) in \(groups) groups")
    }
    let channels = shape.extents[1]
    // Until opset 20 a scale for each group, since then one for each channel.
    func perChannel(_ index: Int) throws -> Constant {
      let constant = try call.constant(index, "its parameters")
      if constant.shape == [channels], call.opset >= 21 || groups == channels { return constant }
      guard constant.shape == [groups], call.opset < 21 else {
        throw call.refusal("has parameters of shape \(constant.shape)")
      }
      return constant.gathered((0..<channels).map { $0 / (channels / groups) }, shape: [channels])
    }
    let aligned = [channels] + shape.extents.dropFirst(2).map { _ in 1 }
    let (scale, bias) = (try perChannel(1).reshaped(aligned), try perChannel(2).reshaped(aligned))
    let split = call.append(ReshapeRows(), [call[0]], RowShape([1, groups, shape.count / groups]))
    let normal = call.append(
      StandardizationRows(axes: [1], epsilon: Decimal32.meant(epsilon), isCentred: true), [split],
      RowShape([1, groups, shape.count / groups]))
    let whole = call.append(ReshapeRows(), [normal], shape)
    let scaled = call.append(BinaryRows(kind: .multiply), [whole, .constant(scale)], shape)
    return call.append(BinaryRows(kind: .add), [scaled, .constant(bias)], shape)
  }

  private static func standardized(
    _ value: Value, _ axes: [Int], _ epsilon: Double, _ scale: Constant?, _ bias: Constant?, _ shape: RowShape,
    _ call: inout OperatorCall, isCentred: Bool = true
  ) -> Value {
    var result = call.append(
      StandardizationRows(axes: axes, epsilon: Decimal32.meant(epsilon), isCentred: isCentred), [value], shape)
    if let scale { result = call.append(BinaryRows(kind: .multiply), [result, .constant(scale)], shape) }
    if let bias { result = call.append(BinaryRows(kind: .add), [result, .constant(bias)], shape) }
    return result
  }
}

/// Decimals that went through float32.
enum Decimal32 {
  /// The shortest decimal that is the same float32: 0.00001 for 0.0000099999997. Programs compute with the decimal.
  static func meant(_ value: Double) -> Double { Double(Float(value).description) ?? value }
}

/// (x − m)/√(σ² + ε) over some dimensions of an example, or x/√(mean x² + ε).
struct StandardizationRows: RowOperation {
  let axes: [Int]
  let epsilon: Double
  let isCentred: Bool
}

/// Batch normalisation with stored statistics.
struct BatchNormRows: RowOperation {
  let epsilon: Double
  /// γ, β, μ, σ².
  let parameters: [Constant]

  func plan(_ node: RowNode, _ graph: RowGraph) throws -> LayerPlan? {
    guard let input = node.inputs[0].rowID else { return nil }
    guard epsilon > 0 else { throw ImportError("\(node.title) has an epsilon of \(epsilon)") }
    let (own, shape, name) = (self, node.shape.example, node.name)
    let roles = ["weight", "bias", "running_mean", "running_var"]
    return LayerPlan([input]) { builder, values in
      builder.append(
        "batch_norm", [("eps", own.epsilon.description)], values, Array(zip(roles, own.parameters)), shape: shape,
        hint: name)
    }
  }
}
