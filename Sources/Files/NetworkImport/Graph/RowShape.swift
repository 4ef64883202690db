/// The shape of what goes through the network, with where the examples are in it.
///
/// One dimension is the batch: it has `extents[batchAxis]` times as many elements as there are examples. More than once
/// where a reshape merged it with what stood before it (tokens, where PyTorch's attention puts them first) or behind it
/// (heads): an example then has these as dimensions of its own.
struct RowShape: Hashable, Sendable {
  var extents: [Int]
  var batchAxis: Int
  /// How much of the batch's dimension stood before it.
  var outer: Int

  init(_ extents: [Int], batchAxis: Int = 0, outer: Int = 1) {
    self.extents = extents
    self.batchAxis = batchAxis
    self.outer = outer
  }

  /// Examples of the shape, one after the other.
  init(example: [Int]) { self.init([1] + example) }

  /// How much of the batch's dimension stood behind it.
  private var inner: Int { extents[batchAxis] / outer }

  /// What an example has in place of the batch's dimension.
  private var merged: [Int] { [outer, inner].filter { $0 != 1 } }

  var isMerged: Bool { extents[batchAxis] != 1 }

  /// Shape of one example: a layer's. One number has the shape [1].
  var example: [Int] {
    let shape = Array(extents[..<batchAxis]) + merged + Array(extents[(batchAxis + 1)...])
    return shape.isEmpty ? [1] : shape
  }

  /// Numbers of one example.
  var count: Int { extents.reduce(1, *) }

  /// So many numbers an example may have, anywhere in a network.
  static let limit = 1 << 26

  /// Whether an example has no more numbers than that, which no product of its sizes then exceeds.
  var isWithinLimit: Bool {
    var product = 1
    for extent in extents {
      let (next, overflow) = product.multipliedReportingOverflow(by: extent)
      guard !overflow, next <= Self.limit, extent >= 1 else { return false }
      product = next
    }
    return true
  }

  /// Which dimensions of an example one of the whole is.
  func exampleAxes(_ axis: Int) -> [Int] {
    if axis < batchAxis { return [axis] }
    if axis == batchAxis { return Array(axis..<axis + merged.count) }
    return [axis - 1 + merged.count]
  }

  /// Which dimension of an example one of the whole is; nil of the batch.
  func exampleAxis(_ axis: Int) -> Int? { axis == batchAxis ? nil : exampleAxes(axis)[0] }

  /// Sizes of something that is repeated over examples, without the batch's dimension, in which it has size 1.
  func aligned(_ sizes: [Int]) -> [Int]? {
    guard sizes.count == extents.count, sizes[batchAxis] == 1 else { return nil }
    let shape = Array(sizes[..<batchAxis]) + merged.map { _ in 1 } + Array(sizes[(batchAxis + 1)...])
    return shape.isEmpty ? [1] : shape
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
    // So many runs of examples follow each other, whatever the shape.
    let runs = extents[..<batchAxis].reduce(1, *) * outer
    var found: [RowShape] = []
    var product = 1
    for (axis, extent) in target.enumerated() {
      let multiple: Int?
      if let batch {
        multiple = extent.fixed.flatMap { $0 % batch == 0 && $0 > 0 ? $0 / batch : nil }
      } else {
        multiple = extent.constant == 0 && extent.batches > 0 ? extent.batches : nil
      }
      if let multiple, runs % product == 0, multiple % (runs / product) == 0 {
        let sizes = target.enumerated().compactMap { $0.offset == axis ? multiple : $0.element.fixed }
        let result = RowShape(sizes, batchAxis: axis, outer: runs / product)
        if sizes.count == target.count, result.isWithinLimit, result.count == count { found.append(result) }
      }
      guard let fixed = extent.fixed, fixed > 0 else { break }
      let (next, overflow) = product.multipliedReportingOverflow(by: fixed)
      guard !overflow else { break }
      product = next
    }
    // Of a graph for a batch of one, the batch may be any of several dimensions: the one that it was, else one that is
    // nothing but the batch.
    return found.first { $0.batchAxis == batchAxis && target.count == extents.count }
      ?? found.first { !$0.isMerged } ?? found.first
  }
}
