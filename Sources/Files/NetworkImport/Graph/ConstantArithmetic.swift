import Foundation

/// The two-sided operators, of constants and of what goes through the network.
enum BinaryKind: String, Sendable {
  case add = "Add"
  case subtract = "Sub"
  case multiply = "Mul"
  case divide = "Div"
  case power = "Pow"
  case maximum = "Max"
  case minimum = "Min"

  func of(_ a: Double, _ b: Double) -> Double {
    switch self {
    case .add: a + b
    case .subtract: a - b
    case .multiply: a * b
    case .divide: a / b
    case .power: pow(a, b)
    case .maximum: max(a, b)
    case .minimum: min(a, b)
    }
  }

  func of(_ a: SymbolicInteger, _ b: SymbolicInteger) -> SymbolicInteger? {
    switch self {
    case .add: return a.adding(b)
    case .subtract: return a.adding(b, times: -1)
    case .multiply: return a.multiplied(by: b)
    case .divide: return a.divided(by: b)
    case .power:
      guard let a = a.fixed, let b = b.fixed, (0...62).contains(b) else { return nil }
      var result = SymbolicInteger(1)
      for _ in 0..<b {
        guard let next = result.multiplied(by: SymbolicInteger(a)) else { return nil }
        result = next
      }
      return result
    case .maximum, .minimum:
      if a == b { return a }
      // A batch has at least one example: N exceeds what is not positive.
      if let c = b.fixed, a.batches > 0, a.constant + a.batches >= c { return self == .maximum ? a : b }
      if let c = a.fixed, b.batches > 0, b.constant + b.batches >= c { return self == .maximum ? b : a }
      guard let x = a.fixed, let y = b.fixed else { return nil }
      return SymbolicInteger(self == .maximum ? max(x, y) : min(x, y))
    }
  }
}

extension Constant {
  /// The shape that two tensors are repeated to; nil where they do not fit.
  static func broadcastShape(_ a: [Int], _ b: [Int]) -> [Int]? {
    let rank = max(a.count, b.count)
    let (a, b) = (padded(a, to: rank), padded(b, to: rank))
    var result: [Int] = []
    for (x, y) in zip(a, b) {
      guard x == y || x == 1 || y == 1 else { return nil }
      result.append(x == 1 ? y : x)
    }
    return result
  }

  static func padded(_ shape: [Int], to rank: Int) -> [Int] {
    [Int](repeating: 1, count: max(0, rank - shape.count)) + shape
  }

  /// Element by element; nil where the shapes do not fit, or whole numbers have no such result.
  static func combined(_ kind: BinaryKind, _ a: Constant, _ b: Constant) -> Constant? {
    guard let shape = broadcastShape(a.shape, b.shape) else { return nil }
    let (x, y) = (a.broadcast(to: shape), b.broadcast(to: shape))
    let origins = a.origins.union(b.origins)
    if let left = x.integers, let right = y.integers {
      var result: [SymbolicInteger] = []
      for (a, b) in zip(left, right) {
        guard let value = kind.of(a, b) else { return nil }
        result.append(value)
      }
      return Constant(shape: shape, values: .integers(result), origins: origins)
    }
    guard let left = x.reals, let right = y.reals else { return nil }
    let values = zip(left, right).map { kind.of($0, $1) }
    var isDouble = false
    if case .doubles = a.values { isDouble = true }
    if case .doubles = b.values { isDouble = true }
    return Constant(
      shape: shape, values: isDouble ? .doubles(values) : .floats(values.map(Float.init)), origins: origins)
  }
}
