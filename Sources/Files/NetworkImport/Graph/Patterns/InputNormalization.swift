/// Constants at the very beginning, one or one for each channel: (x − mean)/scale of the input, in whatever order it is
/// written.
enum InputNormalization: Pattern {
  static func plan(_ id: Int, _ graph: RowGraph) throws -> LayerPlan? {
    guard graph[id].operation is BinaryRows else { return nil }
    var steps: [(kind: BinaryKind, numbers: [Double])] = []
    var current = id
    let example = graph[id].shape.example
    guard let channels = example.first else { return nil }
    while steps.count < RowGraph.chainLimit, let binary = graph[current].operation as? BinaryRows {
      let node = graph[current]
      let inputs = node.inputs
      // A constant minus x, or divided by x, is no normalisation.
      let canSwap = binary.kind == .add || binary.kind == .multiply
      let (own, constant): (Int, Constant)
      if let id = inputs[0].rowID, let right = inputs[1].constant {
        (own, constant) = (id, right)
      } else if canSwap, let id = inputs[1].rowID, let left = inputs[0].constant {
        (own, constant) = (id, left)
      } else {
        return nil
      }
      guard graph[own].shape.example == example, node.shape.example == example else { return nil }
      let aligned = try node.aligned(constant)
      // What draws have differently is no setting of the network.
      guard let reals = aligned.reals, !aligned.isLearned else { return nil }
      if aligned.count == 1 {
        steps.append((binary.kind, [Double](repeating: reals[0], count: channels)))
      } else if aligned.isPerChannel(of: example) {
        steps.append((binary.kind, reals))
      } else {
        return nil
      }
      current = own
    }
    guard graph[current].operation is InputRows || graph[current].operation is ByteInput else { return nil }
    var mean = [Double](repeating: 0, count: channels)
    var scale = [Double](repeating: 1, count: channels)
    for step in steps.reversed() {
      for channel in 0..<channels {
        let number = step.numbers[channel]
        switch step.kind {
        case .add: mean[channel] -= number * scale[channel]
        case .subtract: mean[channel] += number * scale[channel]
        case .multiply: scale[channel] /= number
        case .divide: scale[channel] *= number
        default: return nil
        }
      }
    }
    // What a layer of this type cannot say is left to others.
    guard mean.allSatisfy(\.isFinite), scale.allSatisfy({ $0.isFinite && $0 > 0 }) else { return nil }
    let (means, scales) = (mean, scale)
    let input = current
    return LayerPlan([input]) { builder, values in
      builder.normalized(values[0], means, scales)
    }
  }
}
