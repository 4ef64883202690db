/// The operators that are read, a family a line.
enum Operators {
  static let all: [any Operator.Type] = [
    ConstantOperators.self,
    LogicOperators.self,
    UnaryOperators.self,
    ActivationOperators.self,
    BinaryOperators.self,
    ShapeOperators.self,
    ExpandOperators.self,
    PartOperators.self,
    GatherOperators.self,
    ReductionOperators.self,
    ConvolutionOperators.self,
    TransposedConvolution.self,
    MatrixOperators.self,
    PoolOperators.self,
    PadOperators.self,
    NormalizationOperators.self,
    SoftmaxOperators.self,
    AttentionOperators.self,
    RotaryOperators.self,
    TriangleOperators.self,
  ]

  static let named: [String: any Operator.Type] = {
    var result: [String: any Operator.Type] = [:]
    for family in all { for type in family.types { result[type] = family } }
    return result
  }()

  /// Why some well-known operators are not read.
  static func reason(_ type: String) -> String {
    switch type {
    case "LSTM", "GRU", "RNN": "is recurrent, and recurrent networks are not read"
    case "If", "Loop", "Scan": "has graphs of its own, which are not read: export the network without control flow"
    case "QuantizeLinear", "DequantizeLinear", "QLinearConv", "QLinearMatMul", "MatMulInteger", "ConvInteger",
      "DynamicQuantizeLinear":
      "is quantised, and quantised networks are not read: export the one in float32"
    case "RandomNormal", "RandomNormalLike", "RandomUniform", "RandomUniformLike", "Bernoulli", "Multinomial":
      "draws random numbers: export each draw with its own weights or masks"
    case "ArgMax", "TopK", "NonMaxSuppression": "gives decisions: export the network up to its logits"
    case "Resize", "Upsample", "GridSample": "changes the size of an image, and there is no layer for it"
    default: "is an operator that is not read here"
    }
  }
}
