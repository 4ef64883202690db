/// The types of layers that there are, a line each.
package enum LayerKinds {
  package static let all: [any LayerKind.Type] = [
    Normalize.self,
    Flatten.self,
    Dense.self,
    Convolution.self,
    MaxPool.self,
    AveragePool.self,
    GlobalAveragePool.self,
    ActivationLayer.self,
    Add.self,
    Multiply.self,
    Concatenate.self,
    ScaleLayer.self,
    Rescale.self,
    ParameterLayer.self,
    BatchNorm.self,
    FilterResponseNorm.self,
    LayerNorm.self,
    GroupNorm.self,
    RMSNorm.self,
    Reshape.self,
    Transpose.self,
    Slice.self,
    Pad.self,
    Mean.self,
    Softmax.self,
    MatrixProduct.self,
  ]

  /// The type with a word, and all words.
  static let named: [String: any LayerKind.Type] = {
    var result: [String: any LayerKind.Type] = [:]
    for kind in all { for word in kind.allTypes { result[word] = kind } }
    return result
  }()
}

extension LayerKind {
  /// The words of `type` that it answers to: activations have many.
  static var allTypes: [String] { (Self.self as? any ManyNamedLayer.Type)?.types ?? [type] }
}

/// A kind of layer with several words for `type`.
protocol ManyNamedLayer {
  static var types: [String] { get }
  /// The word of this value.
  var typeWord: String { get }
}
