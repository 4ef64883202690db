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

  /// factor · x + shift.
  mutating func rescaled(_ value: LayerValue, factor: Double, shift: Double) -> LayerValue {
    if factor == 1, shift == 0 { return value }
    return append(
      "rescale", [("factor", factor.description)] + (shift == 0 ? [] : [("shift", shift.description)]), [value],
      shape: value.shape, hint: "")
  }

  /// A constant as a value that others take.
  mutating func parameter(_ value: Constant, hint: String) -> LayerValue {
    append("parameter", [("shape", list(value.shape))], [], [("value", value)], shape: value.shape, hint: hint)
  }

  /// A constant that is added, repeated where it has size 1.
  mutating func shifted(_ value: LayerValue, by constant: Constant, hint: String) -> LayerValue {
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
