import Foundation

extension ONNXModel {
  /// The tensors of numbers that the graph holds, by the names that its nodes take them under: its initializers, and the
  /// constants of several numbers among its nodes, which exporters make of tensors that are no parameters.
  func tensors() throws -> [(name: String, value: Constant)] {
    let stored = try graph.initializers.map { ($0.name, try $0.constant(origins: [$0.name])) }
    let constants = try graph.nodes.compactMap { node -> (String, Constant)? in
      guard let name = node.constantName, let tensor = node.constant else { return nil }
      return (name, try tensor.constant(origins: [name]))
    }
    return (stored + constants.filter { $0.1.count > 1 }).filter { $0.1.isReal }
  }
}

extension ONNXGraph {
  /// Slopes of PReLU that an exporter named.
  var slopes: Set<String> {
    Set(nodes.filter { $0.type == "PRelu" }.flatMap { $0.inputs.dropFirst() }.filter(Self.isMadeUp))
  }

  /// Names of truth values that the graph holds, several of them together.
  var masks: Set<String> {
    let stored = initializers.map { ($0.name, $0) }
    let constants = nodes.compactMap { node in node.constantName.flatMap { name in node.constant.map { (name, $0) } } }
    return Set((stored + constants).filter { $0.1.isTruths && $0.1.shape.contains { $0 != 1 } }.map(\.0))
  }

  /// Names of what nodes take that may be a parameter or a buffer, though it is one number: exporters call constants of
  /// the program otherwise, and a slope is a parameter whatever its name.
  var namedNumbers: Set<String> {
    nodes.reduce(into: []) { result, node in
      for name in node.inputs where node.type == "PRelu" || !Self.isMadeUp(name) { result.insert(name) }
    }
  }

  /// Whether exporters call constants of the program so: `onnx::Div_12`, `/act/Constant_output_0` and `12` of PyTorch's
  /// older one, `val_7`, `scalar_tensor_default_1` and `max_val_cast` of the newer, `…/Gelu/mul/x:0`,
  /// `…/Relu6_max__286` of tf2onnx, whose variables are `…/ReadVariableOp:0`.
  private static func isMadeUp(_ name: String) -> Bool {
    if name.contains("::") || name.hasPrefix("/") || name.hasSuffix("_cast") { return true }
    let parts = name.split(separator: "_", omittingEmptySubsequences: false)
    let isCounted = parts.last.flatMap { Int($0) } != nil
    if isCounted, parts.count == 1 || name.hasPrefix("val_") || parts.count > 2 && parts[parts.count - 2].isEmpty {
      return true
    }
    if name.hasPrefix("scalar_tensor_default") { return true }
    return name.hasSuffix(":0") && !name.contains("ReadVariableOp")
  }
}

extension NetworkTranslation {
  /// Truth values of the graph that a parameter follows from, such as a mask of dropout, and that are none of some arrays.
  /// What hides tokens from each other is the program's.
  func masks(of graph: ONNXGraph, besides arrays: [String]) -> Set<String> {
    let masks = graph.masks.subtracting(arrays)
    guard !masks.isEmpty else { return [] }
    return zip(origins, parameters).reduce(into: []) { open, parameter in
      guard !parameter.1.allSatisfy({ $0 == 0 || $0 <= -1000 }) else { return }
      open.formUnion(parameter.0.intersection(masks))
    }
  }
}

extension ONNXNode {
  /// What a constant is called; nil of other nodes.
  var constantName: String? { type == "Constant" && isStandard ? outputs.first : nil }

  /// The tensor that a constant is; nil of other nodes.
  var constant: ONNXTensor? {
    guard constantName != nil, case .tensor(let tensor)? = attributes["value"] else { return nil }
    return tensor
  }
}

extension ONNXTensor {
  /// Whether it holds truth values.
  var isTruths: Bool { type == Element.bool.rawValue }
}

/// Which tensors of a graph belong to the network, whatever the draw: nobody samples them, and no draw has them.
struct ArchitecturalTensors {
  /// (x − mean)/scale of the input, and others that meet nothing but the input.
  let ofInput: Set<String>
  /// Numbers that may be a parameter, though each is the only one of its tensor.
  let numbers: Set<String>
  private let units: Set<String>
  private let positions: Set<String>

  /// - Parameter findsLost: Whether arrays of ones or zeros that nothing in the graph is made of are found later: then
  ///   PyTorch's newer exporter may have made ones and zeros of its own, which it names `val_3`.
  init(
    _ model: ONNXModel, _ tensors: [(name: String, value: Constant)], _ network: NetworkTranslation, findsLost: Bool
  ) {
    let named = model.graph.namedNumbers
    let single = Set(tensors.filter { $0.value.count == 1 }.map(\.name))
    numbers = single.intersection(named)
    ofInput = network.inputConstants.filter { !single.contains($0) || named.contains($0) }
    let normalizing = model.graph.nodes.filter { Self.normalizations.contains($0.type) }.flatMap(\.inputs)
    let isTaken = Set(normalizing)
    units = Set(
      tensors.filter { name, value in
        (isTaken.contains(name) || findsLost && name.hasPrefix("val_")) && Self.isUnit(value)
      }.map(\.name))
    positions = Set(tensors.filter { Self.isSinusoidal($0.value) }.map(\.name))
  }

  /// What a tensor is, for people; nil where nothing shows that it is the network's and not a draw's.
  func description(_ name: String) -> String? {
    if ofInput.contains(name) { return "normalises the input" }
    if positions.contains(name) { return "is a table of sines and cosines" }
    return units.contains(name) ? "" : nil
  }

  private static let normalizations: Set<String> = [
    "BatchNormalization", "InstanceNormalization", "LayerNormalization", "GroupNormalization", "RMSNormalization",
  ]

  /// Factors of 1 and summands of 0, which normalisations without factors have.
  private static func isUnit(_ constant: Constant) -> Bool {
    guard let floats = constant.floats, let first = floats.first else { return false }
    return (first == 0 || first == 1) && floats.allSatisfy { $0 == first }
  }

  /// Whether a tensor is the table of positions of "Attention is all you need": at position t, sin ωt and cos ωt of falling
  /// frequencies, the first of them 1, alternating or in two halves.
  private static func isSinusoidal(_ constant: Constant) -> Bool {
    guard let width = constant.shape.last, width >= 4, width % 2 == 0, let values = constant.reals else { return false }
    let count = values.count / width
    guard count >= 3, constant.shape.dropLast().filter({ $0 != 1 }).count == 1 else { return false }
    let half = width / 2
    let layouts: [(Int) -> (Int, Int)] = [{ (2 * $0, 2 * $0 + 1) }, { ($0, $0 + half) }]
    return layouts.contains { place in
      var last = Double.infinity
      for pair in 0..<half {
        let (sine, cosine) = place(pair)
        let frequency = atan2(values[width + sine], values[width + cosine])
        guard frequency > 0, frequency < last, pair > 0 || abs(frequency - 1) < 1e-5 else { return false }
        last = frequency
        let isWave = (0..<count).allSatisfy { position in
          let angle = frequency * Double(position)
          let tolerance = 1e-5 * Double(1 + position)
          return abs(values[position * width + sine] - sin(angle)) <= tolerance
            && abs(values[position * width + cosine] - cos(angle)) <= tolerance
        }
        guard isWave else { return false }
      }
      return true
    }
  }
}

extension RowGraph {
  /// The tensors that are added to the input and divide or multiply it before anything else happens: what normalises it. A factor of 0 is a mask, and no normalisation.
  var inputConstants: Set<String> {
    var result: Set<String> = []
    var begins: Set<Int> = []
    for (id, node) in nodes.enumerated() {
      if node.operation is InputRows || node.operation is ByteInput {
        begins.insert(id)
      } else if node.operation is ReshapeRows || node.operation is TransposeRows {
        if let input = input(id), begins.contains(input) { begins.insert(id) }
      } else if let binary = node.operation as? BinaryRows, let input = node.inputs.compactMap(\.rowID).first,
        begins.contains(input), let constant = node.inputs.lazy.compactMap(\.constant).first
      {
        let isFactor = binary.kind == .multiply || binary.kind == .divide
        guard isFactor || binary.kind == .add || binary.kind == .subtract, let values = constant.reals,
          values.allSatisfy({ $0.isFinite && (!isFactor || $0 > 0) })
        else { continue }
        begins.insert(id)
        result.formUnion(constant.origins.names)
      }
    }
    return result
  }
}
