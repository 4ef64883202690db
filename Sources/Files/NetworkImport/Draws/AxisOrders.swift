/// The orders in which the axes of an array can be those of a tensor, by their lengths.
enum AxisOrders {
  /// Those that libraries have. Dense weights are (out, in) in PyTorch and (in, out) in JAX and TensorFlow; kernels are
  /// (out, in, height, width), (height, width, in, out), or (out, height, width, in).
  private static func known(_ rank: Int) -> [[Int]] {
    switch rank {
    case 2: [[0, 1], [1, 0]]
    case 4: [[0, 1, 2, 3], [3, 2, 0, 1], [0, 3, 1, 2]]
    default: [Array(0..<rank)]
    }
  }

  /// Every order that fits, each kind once: axes of length 1 can stand anywhere.
  static func fitting(_ array: [Int], _ tensor: [Int]) -> [[Int]] {
    let fitting = known(array.count).filter { order in order.map { array[$0] } == tensor }
    let orders = fitting.isEmpty ? fittingWithoutOnes(array, tensor) : fitting
    return orders.enumerated().filter { index, order in
      !orders[..<index].contains { long($0, array) == long(order, array) }
    }.map(\.element)
  }

  /// Whether an order moves nothing but axes of length 1.
  static func isAsItIs(_ order: [Int], _ array: [Int]) -> Bool {
    let axes = long(order, array)
    return axes == axes.sorted()
  }

  /// The transpose of a matrix, which may have further axes of length 1; nil of other arrays.
  static func transpose(_ array: [Int]) -> [Int]? {
    if array.count == 2 { return [1, 0] }
    let axes = array.indices.filter { array[$0] != 1 }
    guard axes.count == 2 else { return nil }
    var order = Array(array.indices)
    order.swapAt(axes[0], axes[1])
    return order
  }

  /// Matrices and vectors that have further axes of length 1, on either side.
  private static func fittingWithoutOnes(_ array: [Int], _ tensor: [Int]) -> [[Int]] {
    let own = array.filter { $0 != 1 }
    let wanted = tensor.filter { $0 != 1 }
    var result: [[Int]] = []
    if own == wanted { result.append(Array(array.indices)) }
    if own.count == 2, own == wanted.reversed(), let order = transpose(array) { result.append(order) }
    return result
  }

  private static func long(_ order: [Int], _ array: [Int]) -> [Int] { order.filter { array[$0] != 1 } }
}
