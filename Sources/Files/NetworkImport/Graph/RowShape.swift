/// The shape of what goes through the network, with where the examples are in it.
///
/// One dimension is the batch: `extents[batchAxis]` times as many as there are examples. After a reshape that merges it
/// with others, such as the heads of attention, it may be more than once; an example then has them as a dimension of its
/// own.
struct RowShape: Hashable, Sendable {
  var extents: [Int]
  var batchAxis: Int

  init(_ extents: [Int], batchAxis: Int = 0) {
    self.extents = extents
    self.batchAxis = batchAxis
  }

  /// Examples of the shape, one after the other.
  init(example: [Int]) { self.init([1] + example) }

  var isMerged: Bool { extents[batchAxis] != 1 }

  /// Shape of one example: a layer's. One number has the shape [1].
  var example: [Int] {
    var shape = extents
    if !isMerged { shape.remove(at: batchAxis) }
    return shape.isEmpty ? [1] : shape
  }

  /// Numbers of one example.
  var count: Int { extents.reduce(1, *) }

  /// Which dimension of an example one of the whole is; nil of the batch itself.
  func exampleAxis(_ axis: Int) -> Int? {
    if axis == batchAxis { return isMerged ? axis : nil }
    return axis > batchAxis && !isMerged ? axis - 1 : axis
  }

  /// Its extents, with the batch in them.
  ///
  /// - Parameter batch: How many examples the graph was made for; nil for any number.
  func symbolic(batch: Int?) -> [SymbolicInteger] {
    extents.enumerated().map { axis, extent in
      guard axis == batchAxis else { return SymbolicInteger(extent) }
      return batch.map { SymbolicInteger(extent * $0) } ?? SymbolicInteger(0, batches: extent)
    }
  }

  /// The shape that has given extents and the same numbers in the same order; nil where the examples would be mixed.
  func reshaped(to target: [SymbolicInteger], batch: Int?) -> RowShape? {
    let before = extents[..<batchAxis].reduce(1, *)
    var product = 1
    for (axis, extent) in target.enumerated() {
      let multiple: Int?
      if let batch {
        multiple = extent.fixed.flatMap { $0 % batch == 0 && $0 > 0 ? $0 / batch : nil }
      } else {
        multiple = extent.constant == 0 && extent.batches > 0 ? extent.batches : nil
      }
      if product == before, let multiple {
        var shape: [Int] = []
        for (index, other) in target.enumerated() {
          guard let fixed = index == axis ? multiple : other.fixed, fixed > 0 else { return nil }
          shape.append(fixed)
        }
        let result = RowShape(shape, batchAxis: axis)
        if result.count == count { return result }
      }
      guard let fixed = extent.fixed, fixed > 0 else { return nil }
      let (next, overflow) = product.multipliedReportingOverflow(by: fixed)
      guard !overflow else { return nil }
      product = next
    }
    return nil
  }
}
