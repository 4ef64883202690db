/// `NodeProto`: an operator with what it takes and gives.
struct ONNXNode {
  private(set) var name = ""
  private(set) var type = ""
  private(set) var domain = ""
  /// Names of values; an empty one stands for an input that is left out.
  private(set) var inputs: [String] = []
  private(set) var outputs: [String] = []
  private(set) var attributes: [String: ONNXAttribute] = [:]
  /// Which node of the graph it is, from 0.
  let index: Int

  init(_ file: MappedFile, _ range: Range<Int>, index: Int) throws(ImportError) {
    self.index = index
    var reader = WireReader(file, range)
    while let (field, value) = try reader.next() {
      switch field {
      case 1: inputs.append(try value.text("an input", reader))
      case 2: outputs.append(try value.text("an output", reader))
      case 3: name = try value.text("a name", reader)
      case 4: type = try value.text("an operator", reader)
      case 5:
        let (name, attribute) = try ONNXAttribute.read(file, try value.range("an attribute", reader))
        guard attributes.updateValue(attribute, forKey: name) == nil else {
          throw reader.damaged("attribute \(name.quoted) comes twice")
        }
      case 7: domain = try value.text("a domain", reader)
      default: break
      }
    }
  }

  /// For people: `node "/conv1/Conv" (Conv)`.
  var title: String { "node \(name.isEmpty ? "\(index)" : name.quoted) (\(type.quoted.dropFirst().dropLast()))" }

  /// Whether it is one of ONNX's own.
  var isStandard: Bool { domain.isEmpty || domain == "ai.onnx" }
}

/// `AttributeProto`: a setting of an operator.
enum ONNXAttribute {
  case float(Float)
  case integer(Int)
  case text(String)
  case tensor(ONNXTensor)
  case floats([Float])
  case integers([Int])
  /// A graph, a list of texts, or something else that no operator here has.
  case other

  static func read(_ file: MappedFile, _ range: Range<Int>) throws(ImportError) -> (String, ONNXAttribute) {
    var reader = WireReader(file, range)
    var name = ""
    var type = 0
    var (float, integer, text): (Float?, Int?, String?) = (nil, nil, nil)
    var tensor: ONNXTensor?
    var floats: [Float] = []
    var integers: [Int] = []
    while let (field, value) = try reader.next() {
      switch field {
      case 1: name = try value.text("an attribute's name", reader)
      case 2: float = try value.float("an attribute", reader)
      case 3: integer = try value.integer("an attribute", reader)
      case 4:
        // Bytes that need not be text.
        text = String(decoding: file[try value.range("an attribute", reader)], as: UTF8.self)
      case 5: tensor = try ONNXTensor(file, try value.range("an attribute", reader))
      case 7: floats += try value.floats("an attribute", reader)
      case 8: integers += try value.integers("an attribute", reader)
      case 20: type = try value.integer("an attribute's type", reader)
      default: break
      }
    }
    guard type != 0 else {
      throw reader.damaged("attribute \(name.quoted) does not say of which type it is")
    }
    let attribute: ONNXAttribute =
      switch type {
      case 1: .float(float ?? 0)
      case 2: .integer(integer ?? 0)
      case 3: .text(text ?? "")
      case 4: tensor.map { .tensor($0) } ?? .other
      case 6: .floats(floats)
      case 7: .integers(integers)
      default: .other
      }
    return (name, attribute)
  }
}
