/// Whether what a network gives are probabilities rather than logits: what softmaxes or sigmoids give, and layers behind
/// them only add up, average, scale, shift, cut or put beside each other.
///
/// A mean of softmaxes is a whole ensemble exported as one network; a multiple of a probability is a logit of nothing.
/// What a softmax weighs, such as the values of an attention or the experts behind a gate, is no probability, and neither
/// is what a trained layer makes of one.
struct OutputReview {
  /// What softmaxes or sigmoids gave, and layers left so.
  private struct Probabilities {
    var isSoftmax: Bool
    /// The axis along which they sum to one; nil where it was lost.
    var axis: Int?
    /// The layers that gave them.
    var roots: Set<Int>
    /// Whether several were averaged or added.
    var isMixture = false
    /// Between which numbers they lie.
    var range = 0.0...1.0
  }

  private let drafts: [LayerDraft]
  private let result: Probabilities?

  /// - Parameters:
  ///   - drafts: Layers, each behind those that it takes.
  ///   - output: The one that is taken for logits.
  init(_ drafts: [LayerDraft], output: Int) {
    self.drafts = drafts
    var values: [Probabilities?] = []
    for index in drafts.indices.prefix(max(0, output + 1)) {
      let inputs = drafts[index].inputs.map { $0 < 0 ? nil : values[$0] }
      values.append(Self.result(index, drafts, inputs))
    }
    result = values.last ?? nil
  }

  /// Whether they are probabilities of classes.
  var givesProbabilities: Bool { result.map { $0.isSoftmax || $0.range.lowerBound >= 0 } ?? false }

  /// What they are, continuing "the network gives": `the mean or sum of 3 softmaxes (node "a", node "b", …)`.
  var description: String {
    let nodes = (result?.roots.sorted() ?? []).map { "node \(drafts[$0].hint.quoted)" }
    let list = nodes.prefix(3).joined(separator: ", ") + (nodes.count > 3 ? ", …" : "")
    let word = result?.isSoftmax == true ? "softmax" : "sigmoid"
    let plural = word == "softmax" ? "softmaxes" : "sigmoids"
    if result?.isMixture == true { return "a sum or mean of \(plural) (\(list))" }
    return "what a \(word) gives (\(list)), scaled, shifted or cut"
  }

  /// What to do, a sentence without a full stop.
  var advice: String {
    result?.isMixture == true
      ? "an ensemble in one graph is no draw: export each member with its logits, and give all files with --kind ensemble"
      : "export the network with what enters the \(result?.isSoftmax == true ? "softmax" : "sigmoid"), which are its logits"
  }

  // MARK: - Layer by layer

  private static func result(_ index: Int, _ drafts: [LayerDraft], _ inputs: [Probabilities?]) -> Probabilities? {
    let layer = drafts[index]
    let shape = layer.shape
    switch layer.type {
    case "softmax": return Probabilities(isSoftmax: true, axis: shape.count - 1, roots: [index])
    case "sigmoid", "hardsigmoid": return Probabilities(isSoftmax: false, axis: nil, roots: [index])
    case "add": return sum(layer, drafts, inputs)
    case "multiply", "concat": return joined(inputs, isMixture: layer.type == "multiply")
    case "matmul": return product(layer, inputs)
    default: break
    }
    guard var value = inputs.first ?? nil, let input = layer.inputs.first, input >= 0 else { return nil }
    let before = drafts[input].shape
    switch layer.type {
    case "reshape", "flatten": value.axis = value.axis.flatMap { reshaped($0, before, shape) }
    case "transpose": value.axis = value.axis.flatMap { layer.numbers("axes").firstIndex(of: $0) }
    case "slice", "pad", "identity": break
    case "rescale":
      let (factor, shift) = (layer.number("factor") ?? 1, layer.number("shift") ?? 0)
      value.range = Self.range([value.range.lowerBound, value.range.upperBound].map { factor * $0 + shift })
    case "scale", "batch_norm", "layer_norm", "rms_norm":
      let isNegative = layer.parameters.contains { $0.value.reals?.contains { $0 < 0 } ?? true }
      if isNegative || layer.type != "scale" { value.range = Self.anything }
    // What increases leaves their order, and bounds cut off what is hardly ever met.
    case "relu", "relu6", "leaky_relu", "tanh", "elu", "selu", "softplus":
      if layer.type != "leaky_relu", layer.type != "elu", layer.type != "selu", layer.type != "tanh" {
        value.range = max(0, value.range.lowerBound)...max(0, value.range.upperBound)
      }
    case "mean":
      let axes = layer.numbers("axes")
      value.isMixture = true
      // Along their own axis they have the same mean whatever they are.
      if let axis = value.axis {
        guard !axes.contains(axis) else { return nil }
        value.axis = axis - axes.count { $0 < axis }
      }
    case "global_average_pool2d", "average_pool2d", "max_pool2d":
      if layer.type == "max_pool2d" {
        // The largest of them is one of them still.
        if value.axis != 0 { value.axis = nil }
        break
      }
      guard value.axis == 0 || !value.isSoftmax else { return nil }
      value.isMixture = true
    case "dense":
      guard let isMixture = mixes(layer) else { return nil }
      value.isMixture = value.isMixture || isMixture
    default: return nil
    }
    return value
  }

  private static func range(_ numbers: [Double]) -> ClosedRange<Double> {
    guard let low = numbers.min(), let high = numbers.max(), !numbers.contains(where: \.isNaN) else { return anything }
    return low...high
  }

  private static let anything = -Double.infinity...Double.infinity

  /// Values that are all probabilities; with anything else they are none.
  private static func joined(_ inputs: [Probabilities?], isMixture: Bool) -> Probabilities? {
    let values = inputs.compactMap(\.self)
    guard values.count == inputs.count, var value = values.first else { return nil }
    value.isSoftmax = values.allSatisfy(\.isSoftmax)
    value.roots = values.reduce(into: []) { $0.formUnion($1.roots) }
    value.isMixture = values.contains(where: \.isMixture) || isMixture && value.roots.count > 1
    value.range = range(values.flatMap { [$0.range.lowerBound, $0.range.upperBound] })
    return value
  }

  /// A sum, of which some summands may be constants.
  private static func sum(_ layer: LayerDraft, _ drafts: [LayerDraft], _ inputs: [Probabilities?]) -> Probabilities? {
    let constants = layer.inputs.map { $0 >= 0 && drafts[$0].type == "parameter" }
    let values = zip(inputs, constants).filter { !$1 }.map(\.0)
    guard var value = joined(values, isMixture: true) else { return nil }
    // Along different axes they are no probabilities of the same.
    guard values.allSatisfy({ $0?.axis == value.axis }) else { return nil }
    value.isMixture = value.isMixture || values.count > 1
    if constants.contains(true) { value.range = Self.anything }
    return value
  }

  /// Probabilities that probabilities weigh. What else is weighed, such as the values of an attention, is none.
  private static func product(_ layer: LayerDraft, _ inputs: [Probabilities?]) -> Probabilities? {
    guard inputs.count == 2, let weights = inputs[0], let values = inputs[1], weights.isSoftmax, values.isSoftmax,
      values.axis == layer.shape.count - 1, layer.members.isEmpty
    else { return nil }
    var value = values
    value.roots.formUnion(weights.roots)
    value.isMixture = true
    return value
  }

  /// Whether a layer of weights that nobody trained adds probabilities up, or only picks some; nil of any other.
  ///
  /// Weights of a mean are not negative, and each probability has as much weight altogether as any other.
  private static func mixes(_ layer: LayerDraft) -> Bool? {
    guard layer.members.contains(where: { $0 == ("activation", "\"identity\"") }),
      let weight = layer.parameters.first(where: { $0.role == "weight" })?.value, weight.shape.count == 2,
      let values = weight.reals, let largest = values.max(), largest > 0, values.allSatisfy({ $0 >= 0 })
    else { return nil }
    if let bias = layer.parameters.first(where: { $0.role == "bias" })?.value.reals,
      !bias.allSatisfy({ $0 == bias[0] })
    {
      return nil
    }
    let (units, width) = (weight.shape[0], weight.shape[1])
    let columns = (0..<width).map { column in (0..<units).reduce(0) { $0 + values[$1 * width + column] } }
    let isEven = columns.allSatisfy { abs($0 - columns[0]) <= 1e-5 * columns[0] }
    // All weights alike make all outputs alike, as those of no trained layer are.
    guard isEven && units > 1 || values.allSatisfy({ $0 == 0 || $0 == largest }) else { return nil }
    return (0..<units).contains { row in (0..<width).count { values[row * width + $0] > 0 } > 1 }
  }

  /// Where an axis is in another shape of the same numbers; nil where it is an axis no more.
  private static func reshaped(_ axis: Int, _ before: [Int], _ after: [Int]) -> Int? {
    let inner = before[(axis + 1)...].reduce(1, *)
    return after.indices.first { after[$0] == before[axis] && after[($0 + 1)...].reduce(1, *) == inner }
  }
}

extension LayerDraft {
  /// The number of a key; nil where it has none.
  fileprivate func number(_ key: String) -> Double? { members.first { $0.0 == key }.flatMap { Double($0.1) } }

  /// The whole numbers of a list; none where it has none.
  fileprivate func numbers(_ key: String) -> [Int] {
    members.first { $0.0 == key }?.1.dropFirst().dropLast().split(separator: ",").compactMap { Int($0) } ?? []
  }
}
