extension Architecture {
  /// Floating-point operations of the products of one example forward through one draw.
  public var operationsPerExample: Double {
    var weights = parameters[...]
    return zip(layers, layerShapes).reduce(0) { total, entry in
      switch entry.0 {
      case .dense, .convolution:
        let weight = weights.removeFirst()
        weights.removeFirst()
        let positions = entry.1.dropFirst().reduce(1, *)
        return total + 2 * Double(weight.count) * Double(positions)
      case .flatten, .maxPool, .normalize: return total
      }
    }
  }
}
