internal import ComputeKernels

/// What one type of layer is, in one place: its text, its shapes and parameters, its plain statement, and how it is
/// computed.
///
/// A new type of layer is a value of its own that conforms to this, and a line in ``LayerKinds/all``: Docs/add-a-layer.md.
package protocol LayerKind: Sendable, Hashable {
  /// The word that `type` has in the text of an architecture.
  static var type: String { get }

  /// Reads the keys of its own; `type`, `name` and `inputs` are read by others.
  init(_ fields: LayerFields) throws(ArchitectureError)

  /// The keys of its own with their values as JSON, in the order in which they are written. What has its default may be
  /// left out, and is where files of format 1.0 do not know the key.
  var members: [(key: String, json: String)] { get }

  /// Whether format 1.0 can say it.
  var isOfFormat10: Bool { get }

  /// How many layers it takes its input from.
  static var inputCount: ClosedRange<Int> { get }

  /// The shape of its result and the parameters it has, from the shapes of its inputs.
  ///
  /// - Throws: ``ArchitectureError`` where the inputs do not fit.
  func trace(_ inputs: [[Int]], _ place: LayerPlace) throws(ArchitectureError) -> LayerTrace

  /// What it computes of one example, in `Double`: what its tests and the comparison with other programs' answers go by.
  func statement(_ node: NetworkGraph.Node) -> any RowFunction

  /// Appends what computes it to a network: its statement, unless it has something faster.
  func lower(_ node: NetworkGraph.Node, into lowering: inout Lowering) throws -> Lowering.Value

  /// Whether it gives the numbers that it takes, in another order or shape: behind the last activation it changes nothing.
  var rearranges: Bool { get }

  /// A few words for people; nil for what they do not count as a layer.
  var words: String? { get }

  /// Floating-point operations of its products for one example.
  func operations(_ node: NetworkGraph.Node) -> Double

  /// Appends steps with bounds, for certificates: the value that holds its result, or nil where no bounds are known. The
  /// activation that a product names is appended by others.
  ///
  /// - Parameter inputs: The values of the steps that hold its inputs.
  func appendBounds(_ node: NetworkGraph.Node, _ inputs: [Int], to builder: inout BoundsBuilder) -> Int?
}

extension LayerKind {
  package var isOfFormat10: Bool { false }
  package static var inputCount: ClosedRange<Int> { 1...1 }
  package var members: [(key: String, json: String)] { [] }
  package var words: String? { nil }
  package var rearranges: Bool { false }
  package func operations(_ node: NetworkGraph.Node) -> Double { 0 }
  package func appendBounds(_ node: NetworkGraph.Node, _ inputs: [Int], to builder: inout BoundsBuilder) -> Int? { nil }

  package func lower(_ node: NetworkGraph.Node, into lowering: inout Lowering) throws -> Lowering.Value {
    try lowering.append(statement(node), node, lowering.operands)
  }
}

extension LayerKind {
  /// The function that its results come out of.
  var lastFunction: ElementwiseFunction {
    (self as? any ProductKind)?.activation.function ?? (self as? ActivationLayer)?.function ?? .identity
  }
}

/// Where a layer stands in the text, for errors.
package struct LayerPlace: Sendable {
  /// `layers[3]`.
  package let location: String
  /// From 0.
  package let index: Int
  /// The layer's name.
  package let name: String?

  func error(_ reason: String, at key: String? = nil) -> ArchitectureError {
    ArchitectureError(location: key.map { "\(location).\($0)" } ?? location, reason: reason)
  }

  /// The only input of a layer that takes images.
  func image(_ shape: [Int]) throws(ArchitectureError) -> [Int] {
    guard shape.count == 3 else {
      throw error("needs an input of (channels, height, width), and gets shape \(shape)")
    }
    return shape
  }

  func positive(_ size: Int, _ key: String) throws(ArchitectureError) {
    guard size >= 1 else { throw error("is \(size); sizes start at 1", at: key) }
  }

  /// Product of sizes, small enough that eight bytes each still fit.
  func product(_ sizes: [Int]) throws(ArchitectureError) -> Int {
    try SafeProduct.of(sizes, location)
  }
}

/// Products of sizes that come from files.
enum SafeProduct {
  static func of(_ sizes: [Int], _ location: String) throws(ArchitectureError) -> Int {
    var result = 1
    for size in sizes {
      let (product, overflow) = result.multipliedReportingOverflow(by: size)
      guard !overflow, product <= Int.max / 8 else { throw tooLarge(location) }
      result = product
    }
    return result
  }

  static func tooLarge(_ location: String) -> ArchitectureError {
    ArchitectureError(location: location, reason: "has sizes whose product overflows")
  }
}

/// What follows from a layer's inputs.
package struct LayerTrace: Sendable {
  /// Shape of one example of its result.
  package var shape: [Int]
  /// Its parameters, in the order in which a draw holds them.
  package var parameters: [LayerParameter] = []

  package init(_ shape: [Int], _ parameters: [LayerParameter] = []) {
    self.shape = shape
    self.parameters = parameters
  }
}

/// A parameter of a layer, before it has the layer's name.
package struct LayerParameter: Sendable, Hashable {
  /// PyTorch's word: `weight`, `bias`, `running_mean`.
  package var role: String
  package var shape: [Int]
  /// What it does, which says where training starts and which prior it has.
  package var purpose: Architecture.Parameter.Purpose

  package init(_ role: String, _ shape: [Int], _ purpose: Architecture.Parameter.Purpose) {
    self.role = role
    self.shape = shape
    self.purpose = purpose
  }
}
