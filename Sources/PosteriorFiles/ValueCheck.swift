import HDF5
import NeuralNetworks

/// Looks at the values of one data set, block by block, and remembers the first that the format does not allow.
struct ValueCheck {
  let role: DatasetRole
  let element: ElementType
  let bounds: ClosedRange<Double>
  let classCount: Int
  let conversion: StatedConversion?
  private(set) var problem: String?

  init(role: DatasetRole, element: ElementType, structure: PosteriorStructure, path: String) {
    self.conversion = structure.conversions[path]
    self.role = role
    self.element = element
    self.bounds = structure.inputBounds ?? -Double.infinity...Double.infinity
    self.classCount = structure.architecture?.classCount ?? Int.max
  }

  mutating func examine(_ block: UnsafeRawBufferPointer, firstElement: Int) {
    guard problem == nil else { return }
    if let conversion {
      StoredNumbers.forEach(block, element) { index, value in
        guard problem == nil, let objection = conversion.objection(to: value) else { return }
        problem = "holds \(plain(value)) at position \(firstElement + index), \(objection)"
      }
    }
    guard problem == nil else { return }
    switch role {
    case .parameter, .variationalMean:
      problem = Self.first(block, Float.self) { !$0.isFinite }.map {
        "holds \($0.value) at position \(firstElement + $0.index); weights are finite"
      }
    case .variationalScale:
      problem = Self.first(block, Float.self) { !($0.isFinite && $0 >= 0) }.map {
        "holds \($0.value) at position \(firstElement + $0.index); a standard deviation is finite and not negative"
      }
    case .labels:
      let classes = Int64(clamping: classCount)
      problem = Self.first(block, Int64.self) { $0 < 0 || $0 >= classes }.map {
        "holds \($0.value) at position \(firstElement + $0.index); labels run from 0 to \(classCount - 1)"
      }
    case .coordinate:
      var expected = Int64(firstElement)
      problem = Self.first(block, Int64.self) { value in
        defer { expected += 1 }
        return value != expected
      }.map { "holds \($0.value) at position \(firstElement + $0.index); coordinates count 0, 1, …" }
    case .inputs where element == .uint8:
      let allowed = bounds
      problem = Self.first(block, UInt8.self) { !allowed.contains(Double($0) / 255) }.map {
        "holds \($0.value) (\(Double($0.value) / 255)) at position \(firstElement + $0.index); input_bounds are \(allowed)"
      }
    case .inputs:
      // The bounds themselves, rounded to the precision of the inputs, are inside.
      let low = Float(bounds.lowerBound)
      let high = Float(bounds.upperBound)
      problem = Self.first(block, Float.self) { !($0 >= low && $0 <= high) }.map {
        "holds \($0.value) at position \(firstElement + $0.index); input_bounds are \(low) to \(high)"
      }
    case .statistic, .dimension, .other: break
    }
  }

  private static func first<T: BitwiseCopyable>(
    _ block: UnsafeRawBufferPointer, _ type: T.Type, where isWrong: (T) -> Bool
  ) -> (index: Int, value: T)? {
    let values = block.assumingMemoryBound(to: T.self)
    var index = 0
    while index < values.count {
      if isWrong(values[index]) { return (index, values[index]) }
      index += 1
    }
    return nil
  }
}
