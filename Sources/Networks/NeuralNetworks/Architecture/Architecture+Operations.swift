extension Architecture {
  /// Floating-point operations of the products of one example forward through one draw.
  public var operationsPerExample: Double { graph.nodes.reduce(0) { $0 + $1.kind.operations($1) } }
}

extension Architecture {
  /// Whether it has convolutions, whose blocks of examples are small: one reuses its weights within an image.
  package var hasConvolutions: Bool { layers.contains { $0.kind is Convolution } }
}
