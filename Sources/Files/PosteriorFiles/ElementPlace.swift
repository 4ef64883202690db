/// Where an element of a data set is, as its author would index it.
enum ElementPlace {
  /// `at (0, 3, 2)`, or `at position 7` where there is one axis or none.
  ///
  /// - Parameters:
  ///   - position: The place in C order.
  ///   - shape: The shape of the data set, if it is known.
  static func words(_ position: Int, in shape: [Int]?) -> String {
    guard let shape, shape.count > 1, !shape.contains(0) else { return "at position \(position)" }
    var rest = position
    var indices: [Int] = []
    for length in shape.reversed() {
      indices.append(rest % length)
      rest /= length
    }
    return "at (" + indices.reversed().map(String.init).joined(separator: ", ") + ")"
  }
}
