import Foundation

/// Writes small graphs in ONNX, so that a test shows the graph that it is about.
struct GraphWriter {
  /// A setting of an operator.
  enum Attribute {
    case integer(Int)
    case float(Float)
    case text(String)
    case integers([Int])
    case floats([Int], [Float])
    case graph
    /// A whole number without its type.
    case untyped(Int)
  }

  var opset = 17
  var format = 8
  /// Nil stands for any extent.
  var input: (type: Int, shape: [Int?]) = (1, [nil, 3])
  var outputs = ["y"]
  var furtherInputs: [String] = []
  private var nodes: [[UInt8]] = []
  private var tensors: [[UInt8]] = []

  init(input: [Int?] = [nil, 3], opset: Int = 17, type: Int = 1) {
    self.input = (type, input)
    self.opset = opset
  }

  // MARK: - Parts

  mutating func node(
    _ type: String, _ inputs: [String], _ output: String, _ attributes: [String: Attribute] = [:], domain: String = ""
  ) {
    node(type, inputs, [output], attributes, domain: domain)
  }

  mutating func node(
    _ type: String, _ inputs: [String], _ outputs: [String], _ attributes: [String: Attribute] = [:],
    domain: String = ""
  ) {
    var bytes: [UInt8] = []
    for name in inputs { bytes += Self.field(1, name) }
    for name in outputs { bytes += Self.field(2, name) }
    bytes += Self.field(3, "make-\(outputs[0])") + Self.field(4, type)
    for (name, attribute) in attributes.sorted(by: { $0.key < $1.key }) {
      bytes += Self.field(5, Self.attribute(name, attribute))
    }
    if !domain.isEmpty { bytes += Self.field(7, domain) }
    nodes.append(bytes)
  }

  mutating func floats(_ name: String, _ shape: [Int], _ values: [Float]) {
    let raw = values.withUnsafeBytes { Array($0) }
    tensors.append(Self.tensor(name, shape, type: 1) + Self.field(9, raw))
  }

  /// Weights that are all different.
  mutating func weights(_ name: String, _ shape: [Int], seed: Int = 1) {
    let count = shape.reduce(1, *)
    floats(name, shape, (0..<count).map { Float(($0 * 7919 + seed * 104_729) % 1009) / 1009 - 0.4 })
  }

  mutating func truths(_ name: String, _ shape: [Int], _ values: [Bool]) {
    tensors.append(Self.tensor(name, shape, type: 9) + Self.field(9, values.map { $0 ? 1 : 0 }))
  }

  mutating func integers(_ name: String, shape: [Int]? = nil, _ values: [Int]) {
    let raw = values.map(Int64.init).withUnsafeBytes { Array($0) }
    tensors.append(Self.tensor(name, shape ?? [values.count], type: 7) + Self.field(9, raw))
  }

  /// A tensor with further fields, as they are.
  mutating func tensor(_ name: String, _ shape: [Int], type: Int, fields: [UInt8]) {
    tensors.append(Self.tensor(name, shape, type: type) + fields)
  }

  // MARK: - The file

  var bytes: [UInt8] {
    var graph: [UInt8] = []
    for node in nodes { graph += Self.field(1, node) }
    graph += Self.field(2, "graph")
    for tensor in tensors { graph += Self.field(5, tensor) }
    for name in ["x"] + furtherInputs { graph += Self.field(11, Self.value(name, input.type, input.shape)) }
    for name in outputs { graph += Self.field(12, Self.value(name, 1, [nil, nil])) }
    return Self.field(1, format) + Self.field(2, "tests") + Self.field(7, graph) + Self.field(8, Self.field(2, opset))
  }

  func write(to folder: URL, _ name: String = "draw0.onnx") throws -> String {
    let file = folder.appendingPathComponent(name)
    try Data(bytes).write(to: file)
    return file.path
  }

  // MARK: - The wire

  static func varint(_ value: Int) -> [UInt8] {
    var rest = UInt64(bitPattern: Int64(value))
    var bytes: [UInt8] = []
    while rest >= 0x80 {
      bytes.append(UInt8(rest & 0x7F) | 0x80)
      rest >>= 7
    }
    return bytes + [UInt8(rest)]
  }

  static func field(_ number: Int, _ value: Int) -> [UInt8] { varint(number << 3) + varint(value) }
  static func field(_ number: Int, _ text: String) -> [UInt8] { field(number, Array(text.utf8)) }
  static func field(_ number: Int, _ bytes: [UInt8]) -> [UInt8] {
    varint(number << 3 | 2) + varint(bytes.count) + bytes
  }

  private static func tensor(_ name: String, _ shape: [Int], type: Int) -> [UInt8] {
    shape.flatMap { field(1, $0) } + field(2, type) + field(8, name)
  }

  private static func value(_ name: String, _ type: Int, _ shape: [Int?]) -> [UInt8] {
    let dimensions = shape.flatMap { size in field(1, size.map { field(1, $0) } ?? field(2, "n")) }
    return field(1, name) + field(2, field(1, field(1, type) + field(2, dimensions)))
  }

  private static func attribute(_ name: String, _ attribute: Attribute) -> [UInt8] {
    switch attribute {
    case .integer(let value): field(1, name) + field(3, value) + field(20, 2)
    case .float(let value):
      field(1, name) + varint(2 << 3 | 5) + withUnsafeBytes(of: value) { Array($0) } + field(20, 1)
    case .text(let text): field(1, name) + field(4, text) + field(20, 3)
    case .integers(let values): field(1, name) + values.flatMap { field(8, $0) } + field(20, 7)
    case .untyped(let value): field(1, name) + field(3, value)
    case .floats(let shape, let values):
      field(1, name) + field(5, tensor("", shape, type: 1) + field(9, values.withUnsafeBytes { Array($0) }))
        + field(20, 4)
    case .graph: field(1, name) + field(6, field(2, "inner")) + field(20, 5)
    }
  }
}
