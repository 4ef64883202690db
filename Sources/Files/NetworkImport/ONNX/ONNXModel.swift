/// A file of ONNX, read as far as a network needs: `ModelProto`.
struct ONNXModel {
  let file: MappedFile
  /// What wrote it: `pytorch 2.13.0`.
  let producer: String
  /// The version of ONNX's own operators.
  let opset: Int
  let graph: ONNXGraph

  /// The versions whose operators are known here.
  static let opsets = 11...24
  /// The versions of the format itself that are known here.
  static let formats = 3...14

  /// - Throws: ``ImportError`` where the file is damaged, or of a version that is not known.
  init(_ path: String) throws(ImportError) {
    try OtherGraphFile.check(path)
    let file = try MappedFile(path)
    var reader = WireReader(file)
    var (name, version) = ("", "")
    var opsets: [(domain: String, version: Int)] = []
    var graph: ONNXGraph?
    var irVersion: Int?
    while let (field, value) = try reader.next() {
      switch field {
      case 1: irVersion = try value.integer("the version of the format", reader)
      case 2: name = try value.text("the producer", reader)
      case 3: version = try value.text("the producer's version", reader)
      case 7:
        guard graph == nil else { throw reader.damaged("a second graph follows") }
        graph = try ONNXGraph(file, try value.range("the graph", reader))
      case 8: opsets.append(try Self.operators(file, try value.range("a set of operators", reader)))
      // Functions of the file's own; a node that calls one has another domain, and is refused by name.
      default: break
      }
    }
    guard let irVersion, let graph else {
      throw ImportError(file: path, "is no ONNX file, or damaged: it has no graph")
    }
    guard Self.formats.contains(irVersion) else {
      throw ImportError(
        file: path,
        "is of version \(irVersion) of ONNX's format (ir_version); \(Self.formats.lowerBound) to \(Self.formats.upperBound) are known: export it again with opset_version=20"
      )
    }
    let own = opsets.filter { $0.domain.isEmpty || $0.domain == "ai.onnx" }
    guard let opset = own.first?.version, own.allSatisfy({ $0.version == opset }) else {
      throw ImportError(file: path, "does not say which version of ONNX's operators it has (opset_import)")
    }
    guard Self.opsets.contains(opset) else {
      throw ImportError(
        file: path,
        "has operators of ONNX's opset \(opset); \(Self.opsets.lowerBound) to \(Self.opsets.upperBound) are read: export it again "
          + "with opset_version=20")
    }
    self.file = file
    self.opset = opset
    self.graph = graph
    producer = [name, version].filter { !$0.isEmpty }.joined(separator: " ")
  }

  private static func operators(
    _ file: MappedFile, _ range: Range<Int>
  ) throws(ImportError) -> (domain: String, version: Int) {
    var reader = WireReader(file, range)
    var result = (domain: "", version: 0)
    while let (field, value) = try reader.next() {
      switch field {
      case 1: result.domain = try value.text("a domain", reader)
      case 2: result.version = try value.integer("a version of operators", reader)
      default: break
      }
    }
    return result
  }
}

/// `GraphProto`: operators in an order in which they can be computed.
struct ONNXGraph {
  private(set) var nodes: [ONNXNode] = []
  private(set) var initializers: [ONNXTensor] = []
  private(set) var inputs: [ONNXValue] = []
  private(set) var outputs: [ONNXValue] = []

  init(_ file: MappedFile, _ range: Range<Int>) throws(ImportError) {
    var reader = WireReader(file, range)
    while let (field, value) = try reader.next() {
      switch field {
      case 1: nodes.append(try ONNXNode(file, try value.range("a node", reader), index: nodes.count))
      case 5: initializers.append(try ONNXTensor(file, try value.range("a tensor", reader)))
      case 11: inputs.append(try ONNXValue(file, try value.range("an input", reader)))
      case 12: outputs.append(try ONNXValue(file, try value.range("an output", reader)))
      case 15: throw ImportError(file: file.path, "has sparse tensors, which are not read: export it with dense ones")
      default: break
      }
    }
  }
}

/// `ValueInfoProto`: what the graph says of an input or output.
struct ONNXValue {
  /// The extent of a dimension.
  enum Dimension: Hashable {
    case fixed(Int)
    /// A name, or nothing: any extent.
    case any(String)
  }

  private(set) var name = ""
  private(set) var type = 0
  /// Nil where the graph does not say.
  private(set) var shape: [Dimension]?

  init(_ file: MappedFile, _ range: Range<Int>) throws(ImportError) {
    var reader = WireReader(file, range)
    while let (field, value) = try reader.next() {
      switch field {
      case 1: name = try value.text("a name", reader)
      case 2:
        var inner = WireReader(file, try value.range("a type", reader))
        while let (field, value) = try inner.next() {
          // Sequences, maps and optional values have other numbers, and no element type then.
          guard field == 1 else { continue }
          try readTensorType(file, try value.range("a tensor's type", inner))
        }
      default: break
      }
    }
  }

  private mutating func readTensorType(_ file: MappedFile, _ range: Range<Int>) throws(ImportError) {
    var reader = WireReader(file, range)
    while let (field, value) = try reader.next() {
      switch field {
      case 1: type = try value.integer("an element type", reader)
      case 2:
        var dimensions: [Dimension] = []
        var inner = WireReader(file, try value.range("a shape", reader))
        while let (field, value) = try inner.next() {
          guard field == 1 else { continue }
          dimensions.append(try Self.dimension(file, try value.range("a dimension", inner)))
        }
        shape = dimensions
      default: break
      }
    }
  }

  private static func dimension(_ file: MappedFile, _ range: Range<Int>) throws(ImportError) -> Dimension {
    var reader = WireReader(file, range)
    var result = Dimension.any("")
    while let (field, value) = try reader.next() {
      switch field {
      case 1:
        let size = try value.integer("a dimension", reader)
        // Some writers say −1 or 0 where they mean any.
        result = size > 0 ? .fixed(size) : .any("")
      case 2: result = .any(try value.text("a dimension", reader))
      default: break
      }
    }
    return result
  }
}
