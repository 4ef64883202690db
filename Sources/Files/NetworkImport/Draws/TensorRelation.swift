import ArrayFiles

/// How a tensor of a graph follows from named tensors of a draw.
enum TensorRelation: Hashable, Sendable {
  /// The numbers of an array of the shape `stored`, its dimensions in an order, in a shape.
  case array(String, stored: [Int], axes: [Int], shape: [Int])
  /// Weights, each output's times γ/√(σ² + ε) of a batch normalisation.
  case foldedWeight(String, NamedNorm)
  /// β + (b − μ) γ/√(σ² + ε), b a bias or nothing.
  case foldedBias(String?, NamedNorm)

  /// The names of the arrays that it takes.
  var arrays: Set<String> {
    switch self {
    case .array(let name, _, _, _): return [name]
    case .foldedWeight(let name, let norm): return norm.arrays.union([name])
    case .foldedBias(let name, let norm): return norm.arrays.union([name].compactMap(\.self))
    }
  }

  /// The tensor as a draw has it.
  func constant(_ archive: any ArrayArchive, _ path: String, origin: String) throws -> Constant {
    switch self {
    case .array(let name, let stored, let axes, let shape):
      let array = try archive.array(name)
      guard array.shape == stored, array.count == shape.reduce(1, *) else {
        throw ImportError(
          file: path,
          "tensor \(name.quoted) has the shape \(array.shape), another than in the draw that the graph was exported from"
        )
      }
      let floats = try array.floats()
      if let index = floats.firstIndex(where: { !$0.isFinite }) {
        throw ImportError(
          file: path,
          "tensor \(name.quoted) \(array.shape) holds \(floats[index]) as its number \(index): weights are finite")
      }
      let constant = Constant(shape: array.shape, values: .floats(floats), origins: [origin])
      return (axes == Array(axes.indices) ? constant : constant.transposed(axes)).reshaped(shape)
    case .foldedWeight(let name, let norm):
      let array = try archive.array(name)
      let factors = try norm.factors(archive)
      guard array.shape.first == factors.count, array.count > 0 else {
        throw ImportError(
          file: path,
          "tensor \(name.quoted) has the shape \(array.shape), and its batch normalisation \(factors.count) channels")
      }
      let row = array.count / factors.count
      let values = try array.floats().enumerated().map { Float(Double($0.element) * factors[$0.offset / row]) }
      return Constant(shape: array.shape, values: .floats(values), origins: [origin])
    case .foldedBias(let name, let norm):
      let bias = try name.map { try archive.array($0).floats() }
      let values = try norm.bias(archive, bias)
      return Constant(shape: [values.count], values: .floats(values.map(Float.init)), origins: [origin])
    }
  }
}

/// A batch normalisation by the names of its tensors.
struct NamedNorm: Hashable, Sendable {
  /// `layer1.0.bn1`, which `.running_var` and the others follow.
  let stem: String
  let hasFactor: Bool
  let hasShift: Bool
  let epsilon: Double

  /// The names of its tensors.
  var arrays: Set<String> {
    Set(
      ["running_var", "running_mean"].map { "\(stem).\($0)" }
        + (hasFactor ? ["\(stem).weight"] : []) + (hasShift ? ["\(stem).bias"] : []))
  }

  /// γ/√(σ² + ε).
  func factors(_ archive: any ArrayArchive) throws -> [Double] {
    let variances = try archive.array("\(stem).running_var").floats()
    let gamma = hasFactor ? try archive.array("\(stem).weight").floats() : variances.map { _ in 1 }
    guard gamma.count == variances.count else {
      throw ImportError(
        "batch normalisation \(stem.quoted) has \(gamma.count) factors for \(variances.count) variances")
    }
    return zip(gamma, variances).map { Double($0) / (Double($1) + epsilon).squareRoot() }
  }

  /// β + (b − μ) γ/√(σ² + ε).
  func bias(_ archive: any ArrayArchive, _ bias: [Float]?) throws -> [Double] {
    let factors = try factors(archive)
    let means = try archive.array("\(stem).running_mean").floats()
    let beta = hasShift ? try archive.array("\(stem).bias").floats() : means.map { _ in 0 }
    guard means.count == factors.count, beta.count == factors.count, bias.map({ $0.count == factors.count }) ?? true
    else {
      throw ImportError("batch normalisation \(stem.quoted) has tensors of different lengths")
    }
    return factors.indices.map { Double(beta[$0]) + (Double(bias?[$0] ?? 0) - Double(means[$0])) * factors[$0] }
  }
}
