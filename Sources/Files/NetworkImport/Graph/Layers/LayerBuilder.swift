/// What a layer gives, while layers are put together.
struct LayerValue {
  /// Which layer; −1 is the network's input.
  let index: Int
  /// Shape of one example.
  let shape: [Int]
}

/// A layer before it has its final name.
struct LayerDraft {
  var type: String
  /// Keys of its own with their values as JSON.
  var members: [(String, String)]
  /// The layers that it takes.
  var inputs: [Int]
  /// Its parameters by their roles.
  var parameters: [(role: String, value: Constant)]
  var shape: [Int]
  /// The name of the ONNX node that it comes from.
  var hint: String
}

/// Puts layers together, and leaves out what changes nothing: a shape that is there already, a factor of 1, an order
/// that is turned back.
struct LayerBuilder {
  private(set) var drafts: [LayerDraft] = []
  let input: LayerValue

  init(inputShape: [Int]) {
    input = LayerValue(index: -1, shape: inputShape)
  }

  func list(_ numbers: [Int]) -> String { "[" + numbers.map(String.init).joined(separator: ",") + "]" }

  @discardableResult
  mutating func append(
    _ type: String, _ members: [(String, String)], _ inputs: [LayerValue],
    _ parameters: [(String, Constant)] = [], shape: [Int], hint: String
  ) -> LayerValue {
    drafts.append(
      LayerDraft(
        type: type, members: members, inputs: inputs.map(\.index),
        parameters: parameters.map { (role: $0.0, value: $0.1) }, shape: shape, hint: hint))
    return LayerValue(index: drafts.count - 1, shape: shape)
  }

  private func draft(_ value: LayerValue, _ type: String) -> LayerDraft? {
    guard value.index >= 0, drafts[value.index].type == type else { return nil }
    return drafts[value.index]
  }

  private func value(_ index: Int) -> LayerValue {
    index < 0 ? input : LayerValue(index: index, shape: drafts[index].shape)
  }

  /// The same numbers in another shape.
  mutating func reshaped(_ value: LayerValue, to shape: [Int], hint: String) -> LayerValue {
    var source = value
    while source.shape != shape, let before = draft(source, "reshape") ?? draft(source, "flatten") {
      source = self.value(before.inputs[0])
    }
    if source.shape == shape { return source }
    return shape.count == 1
      ? append("flatten", [], [source], shape: shape, hint: hint)
      : append("reshape", [("shape", list(shape))], [source], shape: shape, hint: hint)
  }

  /// Dimensions in another order.
  mutating func transposed(_ value: LayerValue, _ axes: [Int], hint: String) -> LayerValue {
    var (source, order) = (value, axes)
    if let before = draft(value, "transpose"), let axes = before.members.first.flatMap({ Self.numbers($0.1) }) {
      source = self.value(before.inputs[0])
      order = order.map { axes[$0] }
    }
    if order == Array(order.indices) { return source }
    let shape = order.map { source.shape[$0] }
    // What only moves dimensions of size 1 keeps the order of the numbers.
    if order.filter({ source.shape[$0] != 1 }) == order.indices.filter({ source.shape[$0] != 1 }) {
      return reshaped(source, to: shape, hint: hint)
    }
    return append("transpose", [("axes", list(order))], [source], shape: shape, hint: hint)
  }

  private static func numbers(_ json: String) -> [Int]? {
    json.dropFirst().dropLast().split(separator: ",").map { Int($0) }.reduce([]) { result, number in
      guard let result, let number else { return nil }
      return result + [number]
    }
  }

  /// A value in the shape of another that it is repeated to, as operators of two values do.
  mutating func repeated(_ value: LayerValue, from: RowShape, to: RowShape, hint: String) -> LayerValue {
    let rank = to.extents.count
    let padded = RowShape(Constant.padded(from.extents, to: rank), batchAxis: to.batchAxis, outer: to.outer)
    var result = reshaped(value, to: padded.example, hint: hint)
    for (axis, size) in to.example.enumerated() where result.shape[axis] == 1 && size > 1 {
      result = repeated(result, axis: axis, size, hint: hint)
    }
    return result
  }

  /// So many times behind each other: twice, four times …, of which some are put together.
  private mutating func repeated(_ value: LayerValue, axis: Int, _ count: Int, hint: String) -> LayerValue {
    func joined(_ builder: inout LayerBuilder, _ values: [LayerValue]) -> LayerValue {
      var shape = values[0].shape
      shape[axis] = values.reduce(0) { $0 + $1.shape[axis] }
      return builder.append("concat", axis == 0 ? [] : [("axis", "\(axis)")], values, shape: shape, hint: hint)
    }
    var (power, rest, parts) = (value, count, [LayerValue]())
    while rest > 0 {
      if rest & 1 == 1 { parts.append(power) }
      rest >>= 1
      if rest > 0 { power = joined(&self, [power, power]) }
    }
    return parts.count == 1 ? parts[0] : joined(&self, parts)
  }

  /// What is above a bound becomes it, and what is below one, either of which may be infinite.
  mutating func clipped(_ value: LayerValue, low: Double, high: Double, hint: String) -> LayerValue {
    let shape = value.shape
    func layer(_ builder: inout LayerBuilder, _ type: String, _ value: LayerValue) -> LayerValue {
      builder.append(type, [], [value], shape: shape, hint: hint)
    }
    let isSmall = [low, high].allSatisfy { abs($0) <= 100 || $0.isInfinite }
    switch (low.isFinite, high.isFinite) {
    case (true, true) where isSmall:
      let scale = (high - low) / 6
      let inner = layer(&self, "relu6", rescaled(value, factor: 1 / scale, shift: -low / scale))
      return rescaled(inner, factor: scale, shift: low)
    case (true, false) where isSmall:
      return rescaled(layer(&self, "relu", rescaled(value, factor: 1, shift: -low)), factor: 1, shift: low)
    case (false, true) where isSmall:
      return rescaled(layer(&self, "relu", rescaled(value, factor: -1, shift: high)), factor: -1, shift: high)
    default:
      // x + max(low − x, 0) − max(x − high, 0): beside bounds that are large, what lies between them keeps its digits.
      var parts = [value]
      if low.isFinite { parts.append(layer(&self, "relu", rescaled(value, factor: -1, shift: low))) }
      if high.isFinite {
        let above = layer(&self, "relu", rescaled(value, factor: 1, shift: -high))
        parts.append(rescaled(above, factor: -1, shift: 0))
      }
      return parts.count == 1 ? value : append("add", [], parts, shape: shape, hint: hint)
    }
  }

  /// factor · x + shift.
  mutating func rescaled(_ value: LayerValue, factor: Double, shift: Double) -> LayerValue {
    if factor == 1, shift == 0 { return value }
    return append(
      "rescale", [("factor", factor.description)] + (shift == 0 ? [] : [("shift", shift.description)]), [value],
      shape: value.shape, hint: "")
  }

  /// A constant that is multiplied, one number or one for each channel or for each element of what it lies on.
  ///
  /// - Parameter factor: Of as many dimensions as the value, some of them of size 1.
  mutating func multiplied(_ value: LayerValue, by factor: Constant, hint: String) -> LayerValue {
    let shape = value.shape
    if factor.isPerChannel(of: shape) {
      return append("scale", [], [value], [("weight", factor.reshaped([shape[0]]))], shape: shape, hint: hint)
    }
    guard factor.count == 1 else {
      return append(
        "scale", [("elementwise", "true")], [value], [("weight", factor.broadcast(to: shape))], shape: shape, hint: hint
      )
    }
    // One parameter, whatever it multiplies: everything is one channel.
    let whole = reshaped(value, to: [1, shape.reduce(1, *)], hint: hint)
    let scaled = append("scale", [], [whole], [("weight", factor.reshaped([1]))], shape: whole.shape, hint: hint)
    return reshaped(scaled, to: shape, hint: hint)
  }

  /// One parameter that is added to everything: the bias of a product with 1.
  mutating func shiftedByOne(_ value: LayerValue, by constant: Constant, hint: String) -> LayerValue {
    let shape = value.shape
    let column = reshaped(value, to: [shape.reduce(1, *), 1], hint: hint)
    let sum = append(
      "dense", [("units", "1"), ("activation", "\"identity\""), ("over_last_axis", "true")], [column],
      [("weight", Constant.ones.reshaped([1, 1])), ("bias", constant.reshaped([1]))], shape: column.shape,
      hint: hint)
    return reshaped(sum, to: shape, hint: hint)
  }

  /// A constant as a value that others take.
  mutating func parameter(_ value: Constant, hint: String) -> LayerValue {
    append("parameter", [("shape", list(value.shape))], [], [("value", value)], shape: value.shape, hint: hint)
  }

  /// A constant that is added, repeated where it has size 1.
  mutating func shifted(_ value: LayerValue, by constant: Constant, hint: String) -> LayerValue {
    if constant.count == 1, value.shape.reduce(1, *) > 1 { return shiftedByOne(value, by: constant, hint: hint) }
    let other = parameter(constant.broadcast(to: value.shape), hint: "")
    return append("add", [], [value, other], shape: value.shape, hint: hint)
  }

  /// (x − mean)/scale of the input.
  mutating func normalized(_ value: LayerValue, _ mean: [Double], _ scale: [Double]) -> LayerValue {
    func json(_ numbers: [Double]) -> String { "[" + numbers.map(\.description).joined(separator: ",") + "]" }
    if mean.allSatisfy({ $0 == 0 }), scale.allSatisfy({ Nearly.equal($0, 1) }) { return value }
    return append(
      "normalize", [("mean", json(mean)), ("scale", json(scale))], [value], shape: value.shape, hint: "")
  }
}
