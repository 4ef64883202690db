import ArrayFiles

/// Which of a graph's tensors differ between draws. Those are parameters, also where they are a single number that could
/// be a setting of the network: a slope, a temperature, the factor of a branch.
enum LearnedTensors {
  /// So many numbers a tensor may have that could be a setting: a mean for each input, for instance. What is larger is a
  /// parameter in any case.
  private static let limit = 1 << 14

  /// The tensors of a graph that could be settings.
  static func candidates(_ model: ONNXModel) throws -> [String: Constant] {
    var result: [String: Constant] = [:]
    for tensor in model.graph.initializers where isSmall(tensor.shape) {
      let constant = try tensor.constant(origins: [tensor.name])
      if constant.isReal { result[tensor.name] = constant }
    }
    return result
  }

  /// Those that arrays of their names differ in between draws.
  static func named(in model: ONNXModel, _ draws: [any ArrayArchive]) throws -> Set<String> {
    guard let first = draws.first else { return [] }
    return try Set(first.names).intersection(candidates(model).keys).filter {
      try UnaccountedArrays.differs($0, first, draws)
    }
  }

  static func isSmall(_ shape: [Int]) -> Bool {
    var count = 1
    for size in shape {
      let (product, overflow) = count.multipliedReportingOverflow(by: size)
      guard !overflow, product <= limit else { return false }
      count = product
    }
    return true
  }

  /// The names of those that are not the same in all draws, bit by bit.
  ///
  /// - Parameters:
  ///   - count: How many draws there are.
  ///   - tensors: Those of a draw that could be settings.
  static func names(count: Int, _ tensors: (Int) throws -> [String: Constant]) throws -> Set<String> {
    guard count > 1 else { return [] }
    let first = try tensors(0)
    var same = Set(first.keys)
    for draw in 1..<count where !same.isEmpty {
      let other = try tensors(draw)
      same = same.filter { name in
        guard let a = first[name]?.floats, let b = other[name]?.floats else { return true }
        return a.count == b.count && zip(a, b).allSatisfy { $0.bitPattern == $1.bitPattern }
      }
    }
    return Set(first.keys).subtracting(same)
  }
}
