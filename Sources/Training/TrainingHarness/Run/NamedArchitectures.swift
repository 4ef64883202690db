import NeuralNetworks

/// Networks that people know by name.
enum NamedArchitectures {
  private typealias Layer = Architecture.Layer

  /// LeNet-5 (LeCun, Bottou, Bengio and Haffner 1998) as it is built today: two 5×5 convolutions of 6 and 16 filters,
  /// the first padded by 2, each with tanh and a mean over 2×2 windows, then dense layers of 120 and 84 units.
  ///
  /// - Parameter shape: (channels, height, width).
  static func lenet5(_ shape: [Int], _ classCount: Int) throws -> [Architecture.Layer] {
    let json = """
      [{"type":"conv2d","name":"conv1","filters":6,"kernel_size":5,"padding":[2,2,2,2],"activation":"tanh"},
       {"type":"average_pool2d","kernel_size":2,"stride":2},
       {"type":"conv2d","name":"conv2","filters":16,"kernel_size":5,"activation":"tanh"},
       {"type":"average_pool2d","kernel_size":2,"stride":2},{"type":"flatten"},
       {"type":"dense","name":"dense1","units":120,"activation":"tanh"},
       {"type":"dense","name":"dense2","units":84,"activation":"tanh"},
       {"type":"dense","name":"output","units":\(classCount),"activation":"identity"}]
      """
    return try layers(json, shape, classCount)
  }

  /// The residual network of Izmailov, Vikram, Hoffman and Wilson (ICML 2021): three stages of three blocks with 16, 32
  /// and 64 filters, filter response normalisation behind every convolution (that of a shortcut too), SiLU behind every
  /// sum, and the mean over all positions. Convolutions have biases and TensorFlow's "SAME" padding, which is asymmetric
  /// where the stride is 2.
  ///
  /// - Parameter shape: (channels, height, width).
  static func resnet20(_ shape: [Int], _ classCount: Int) throws -> [Architecture.Layer] {
    var texts: [String] = []
    var size = Array(shape.dropFirst())
    func convolution(
      _ name: String, _ filters: Int, _ kernel: Int, _ stride: Int, of size: [Int], from input: String? = nil
    ) -> String {
      let padding = size.flatMap { size in
        let total = max(((size + stride - 1) / stride - 1) * stride + kernel - size, 0)
        return [total / 2, total - total / 2]
      }
      return """
        {"type":"conv2d","name":"\(name)","filters":\(filters),"kernel_size":\(kernel),"stride":\(stride),\
        "padding":\(padding),"activation":"identity"\(input.map { ",\"inputs\":[\"\($0)\"]" } ?? "")}
        """
    }
    func norm(_ name: String) -> String { #"{"type":"filter_response_norm","name":"\#(name)","eps":1e-6}"# }
    texts += [convolution("stem.conv", 16, 3, 1, of: size), norm("stem.norm"), #"{"type":"silu","name":"stem"}"#]
    var (before, channels) = ("stem", 16)
    for (stage, filters) in [16, 32, 64].enumerated() {
      for block in 0..<3 {
        let name = "stage\(stage + 1).block\(block + 1)"
        let stride = stage > 0 && block == 0 ? 2 : 1
        let halved = size.map { ($0 + stride - 1) / stride }
        texts += [
          convolution("\(name).conv1", filters, 3, stride, of: size, from: before), norm("\(name).norm1"),
          #"{"type":"silu"}"#, convolution("\(name).conv2", filters, 3, 1, of: halved), norm("\(name).norm2"),
        ]
        var shortcut = before
        if stride != 1 || channels != filters {
          texts += [
            convolution("\(name).shortcut", filters, 1, stride, of: size, from: before), norm("\(name).norm3"),
          ]
          shortcut = "\(name).norm3"
        }
        texts += [
          #"{"type":"add","inputs":["\#(name).norm2","\#(shortcut)"]}"#, #"{"type":"silu","name":"\#(name)"}"#,
        ]
        (before, channels, size) = (name, filters, halved)
      }
    }
    texts += [
      #"{"type":"global_average_pool2d"}"#,
      #"{"type":"dense","name":"output","units":\#(classCount),"activation":"identity"}"#,
    ]
    return try layers("[\(texts.joined(separator: ","))]", shape, classCount)
  }

  private static func layers(_ json: String, _ shape: [Int], _ classCount: Int) throws -> [Architecture.Layer] {
    try Architecture(json: #"{"input_shape":\#(shape),"class_count":\#(classCount),"layers":\#(json)}"#).layers
  }
}
