extension Architecture {
  /// One layer: what it computes, and from what.
  public struct Layer: Sendable {
    /// Its name, under which its parameters are stored; nil for a layer that nobody refers to.
    public let name: String?
    /// Names of the layers whose results it takes, or `input`; nil: the layer before.
    public let inputs: [String]?
    /// What it computes.
    package let kind: any LayerKind

    package init(_ kind: any LayerKind, name: String? = nil, inputs: [String]? = nil) {
      self.kind = kind
      self.name = name
      self.inputs = inputs
    }

    /// The same layer with other inputs.
    public func reading(_ inputs: [String]) -> Layer { Layer(kind, name: name, inputs: inputs) }
  }
}

extension Architecture.Layer: Hashable {
  /// Equal layers compute the same from the same.
  public static func == (left: Self, right: Self) -> Bool {
    left.name == right.name && left.inputs == right.inputs && AnyHashable(left.kind) == AnyHashable(right.kind)
  }

  /// Hashes what `==` compares.
  public func hash(into hasher: inout Hasher) {
    hasher.combine(name)
    hasher.combine(inputs)
    hasher.combine(AnyHashable(kind))
  }
}

extension Architecture.Layer {
  /// Makes one dimension of all, in C order.
  public static var flatten: Self { Self(Flatten()) }

  /// activation(W x + b) with W of shape `(units, inputs)`, over the last dimension.
  public static func dense(
    name: String, units: Int, activation: Architecture.Activation, hasBias: Bool = true
  ) -> Self {
    Self(Dense(units: units, activation: activation, hasBias: hasBias), name: name)
  }

  /// Cross-correlation with square kernels, stride 1, no padding. Its input is `(channels, height, width)`.
  public static func convolution(
    name: String, filters: Int, kernelSize: Int, activation: Architecture.Activation
  ) -> Self {
    Self(
      Convolution(filters: filters, window: Window(kernelSize, stride: 1), activation: activation), name: name)
  }

  /// Maximum over square windows. Its input is `(channels, height, width)`; windows that do not fit are left out.
  public static func maxPool(kernelSize: Int, stride: Int) -> Self {
    Self(MaxPool(window: Window(kernelSize, stride: stride)))
  }

  /// (x − mean) / scale with one mean and one scale per channel (per feature of a one-dimensional input). Only as the
  /// first layer.
  public static func normalize(mean: [Double], scale: [Double]) -> Self { Self(Normalize(mean: mean, scale: scale)) }

  /// An activation as a layer of its own.
  public static func activation(_ activation: Architecture.Activation) -> Self {
    Self(ActivationLayer(activation.function))
  }
}
