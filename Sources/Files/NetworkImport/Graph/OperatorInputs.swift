/// How many inputs ONNX's operators have at most, in all versions that are read: a further one would mean something that
/// nobody applies.
enum OperatorInputs {
  /// By the operator's name; those that take any number are not in it.
  static let most: [String: Int] = {
    var result = ["Constant": 0]
    for (count, names) in lists {
      for name in names.split(whereSeparator: \.isWhitespace) { result[String(name)] = count }
    }
    return result
  }()

  private static let lists = [
    1: """
    Abs AveragePool Cast Ceil Celu ConstantOfShape Cos Elu Erf Exp Flatten Floor Gelu GlobalAveragePool
    GlobalMaxPool HardSigmoid HardSwish Identity IsNaN LeakyRelu Log LogSoftmax MaxPool Mish Neg Not
    Reciprocal Relu Selu Shape Sigmoid Sin Size Softmax Softplus Sqrt Swish Tanh Transpose
    """,
    2: """
    Add And CastLike Div Equal Expand Gather GatherND Greater GreaterOrEqual Less LessOrEqual MatMul Mod Mul
    Or PRelu Pow RMSNormalization ReduceL2 ReduceMax ReduceMean ReduceMin ReduceProd ReduceSum Reshape Split
    Squeeze Sub Tile Trilu Unsqueeze
    """,
    3: """
    Clip Conv ConvTranspose Dropout Gemm GroupNormalization InstanceNormalization LayerNormalization Range
    Where
    """,
    4: """
    Pad RotaryEmbedding
    """,
    5: """
    BatchNormalization Slice
    """,
    7: """
    Attention
    """,
  ]
}
