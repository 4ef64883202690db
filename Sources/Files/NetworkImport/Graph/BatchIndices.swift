/// Whole numbers of a tensor with the batch as a dimension: `multiple · n + offset` for example n.
///
/// PyTorch's exporter writes a view of means so: it takes elements `64 n + 0…63` of all examples' numbers in one row.
struct BatchIndices: Sendable {
  var shape: RowShape
  var multiple: Int
  /// One for each element of an example.
  var offsets: [Int]

  /// Times or plus a constant; nil where that is no such tensor.
  func combined(_ kind: BinaryKind, _ constant: Constant) -> BatchIndices? {
    guard let integers = constant.integers, integers.allSatisfy({ $0.batches == 0 }) else { return nil }
    var result = self
    switch kind {
    case .multiply where integers.count == 1:
      let factor = integers[0].constant
      guard abs(factor) < 1 << 31, abs(multiple) < 1 << 31, offsets.allSatisfy({ abs($0) < 1 << 31 }) else {
        return nil
      }
      result.multiple *= factor
      result.offsets = offsets.map { $0 * factor }
    case .add:
      let rank = max(shape.extents.count, constant.shape.count)
      let shift = rank - shape.extents.count
      let own = Constant.padded(shape.extents, to: rank)
      let other = Constant.padded(constant.shape, to: rank)
      let axis = shape.batchAxis + shift
      guard let all = Constant.broadcastShape(own, other), other[axis] == 1, own[axis] == 1,
        all.reduce(1, { $0.multipliedReportingOverflow(by: $1).partialValue }) <= 1 << 24
      else { return nil }
      let left = Places.broadcast(own, to: all).map { offsets[$0] }
      let right = Places.broadcast(other, to: all).map { integers[$0].constant }
      result.offsets = zip(left, right).map { $0 &+ $1 }
      result.shape = RowShape(all, batchAxis: axis)
    default: return nil
    }
    return result
  }
}
