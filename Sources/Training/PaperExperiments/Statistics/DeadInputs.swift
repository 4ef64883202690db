import Datasets
import NeuralNetworks
import RobustnessCore

/// The numbers of an input that are the same in every example that a network was trained on: the margin of MNIST's
/// images.
///
/// The likelihood says nothing of how a decision should change with them, so that what a posterior has there is little
/// else than its prior; an adversary may change them like any others.
struct DeadInputs: Sendable {
  /// Whether each number of an input is dead, in C order.
  let isDead: [Bool]

  /// - Parameter examples: Those that were trained on.
  init(_ examples: DatasetPart) {
    let size = examples.inputSize
    func constant<T: Equatable>(_ values: [T]) -> [Bool] {
      var isConstant = [Bool](repeating: true, count: size)
      for start in stride(from: size, to: values.count, by: size) {
        for feature in 0..<size where values[start + feature] != values[feature] { isConstant[feature] = false }
      }
      return isConstant
    }
    switch examples.inputs {
    case .bytes(let values): isDead = constant(values)
    case .floats(let values): isDead = constant(values)
    case .doubles(let values): isDead = constant(values)
    }
  }

  /// The fraction of the numbers of an input that are dead.
  var share: Double { Double(isDead.count { $0 }) / Double(max(1, isDead.count)) }
}

/// The L1 norm of the weights that inputs meet first.
///
/// ε‖w‖₁ is the most that an L∞ ball of radius ε moves what a unit adds up, and what linear bounds of the first layer
/// are as wide as: radii that they certify go with its inverse.
struct FirstLayerNorm: Sendable {
  /// ‖w‖₁ of a unit, the mean over units and draws.
  let perUnit: Double
  /// The share of it on dead inputs, the mean over draws.
  let deadShare: Double
}

extension FirstLayerNorm {
  /// - Parameters:
  ///   - source: Draws of a network whose first layer with weights is dense and sees every input.
  ///   - draws: Which of them.
  /// - Throws: `CoreError` for another first layer; whatever the source throws.
  init(_ source: some WeightSource, draws: [Int], dead: DeadInputs) throws {
    var offset = 0
    var shape: [Int]?
    for parameter in source.architecture.parameters {
      if case .weight = parameter.purpose {
        shape = parameter.shape
        break
      }
      offset += parameter.shape.reduce(1, *)
    }
    let size = dead.isDead.count
    guard let shape, shape.count == 2, shape[1] == size else {
      throw CoreError("the first layer of \(source.architecture.summary) is not dense over \(size) inputs")
    }
    var (norms, shares) = (0.0, 0.0)
    var weights = [Float](repeating: 0, count: source.architecture.parameterCount)
    for draw in draws {
      try weights.withUnsafeMutableBufferPointer { try source.read(draw: draw, into: $0) }
      var (all, ofDead) = (0.0, 0.0)
      for (place, weight) in weights[offset..<offset + shape[0] * size].enumerated() {
        all += Double(abs(weight))
        if dead.isDead[place % size] { ofDead += Double(abs(weight)) }
      }
      norms += all / Double(shape[0])
      shares += all > 0 ? ofDead / all : 0
    }
    perUnit = norms / Double(draws.count)
    deadShare = shares / Double(draws.count)
  }
}
