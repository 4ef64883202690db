import CTensorLoops

/// A dense array of `Double` in row-major order whose first axis counts examples.
///
/// Points, perturbations and gradients are kept in `Double`, so that the ball and the box are respected to rounding,
/// finite differences mean something, and sums over draws lose nothing; networks convert to the precision of their
/// products.
public struct Tensor: Sendable, Hashable {
  /// Length of each axis; the first is the number of rows (examples).
  public let shape: [Int]
  /// The values in row-major order.
  public var elements: [Double] {
    // Without `oldValue`: an observer that reads it has every change in place, of a single row even, copy the whole
    // array first.
    didSet { precondition(elements.count == shape.reduce(1, *), "a tensor keeps its size") }
  }

  /// Wraps `elements`, whose count must be the product of `shape`.
  public init(shape: [Int], elements: [Double]) {
    precondition(shape.reduce(1, *) == elements.count, "shape \(shape) does not hold \(elements.count) elements")
    self.shape = shape
    self.elements = elements
  }

  /// A tensor whose elements all are `value`.
  public init(repeating value: Double, shape: [Int]) {
    let count = shape.reduce(1, *)
    let elements = [Double](unsafeUninitializedCapacity: count) { buffer, initialized in
      if let base = buffer.baseAddress { ctl_fill(base, value, count) }
      initialized = count
    }
    self.init(shape: shape, elements: elements)
  }

  /// A tensor of zeros.
  public init(zeros shape: [Int]) {
    self.init(repeating: 0, shape: shape)
  }

  /// Number of rows (examples).
  public var rowCount: Int { shape.first ?? 0 }
  /// Number of elements in one row.
  public var rowSize: Int { shape.dropFirst().reduce(1, *) }
  /// Shape of one row.
  public var rowShape: [Int] { Array(shape.dropFirst()) }

  /// The elements of one row.
  public subscript(row row: Int) -> ArraySlice<Double> {
    get { elements[row * rowSize..<(row + 1) * rowSize] }
    set {
      precondition(newValue.count == rowSize)
      elements.replaceSubrange(row * rowSize..<(row + 1) * rowSize, with: newValue)
    }
  }

  /// One element of a two-dimensional tensor.
  public subscript(row: Int, column: Int) -> Double {
    get { elements[row * shape[1] + column] }
    set { elements[row * shape[1] + column] = newValue }
  }

  /// The rows named by `indices`, in that order.
  public func rows(_ indices: some Sequence<Int>) -> Tensor {
    var gathered: [Double] = []
    var count = 0
    for index in indices {
      gathered.append(contentsOf: self[row: index])
      count += 1
    }
    return Tensor(shape: [count] + rowShape, elements: gathered)
  }

  /// Writes the rows of `source` over the rows named by `indices`.
  public mutating func replaceRows(_ indices: some Sequence<Int>, with source: Tensor) {
    for (row, index) in indices.enumerated() { copyRow(row, of: source, to: index) }
  }

  /// Copies one row of `source` over row `target`.
  public mutating func copyRow(_ row: Int, of source: Tensor, to target: Int) {
    let size = rowSize
    precondition(size == source.rowSize)
    elements.withUnsafeMutableBufferPointer { to in
      source.elements.withUnsafeBufferPointer { from in
        (to.baseAddress! + target * size).update(from: from.baseAddress! + row * size, count: size)
      }
    }
  }

  /// The same elements under another shape.
  public func reshaped(_ shape: [Int]) -> Tensor {
    Tensor(shape: shape, elements: elements)
  }
}

// MARK: - Arithmetic that attacks need

extension Tensor {
  /// Calls `body` with a pointer to each row in turn.
  public mutating func withEachRow(_ body: (_ row: Int, _ elements: UnsafeMutablePointer<Double>) -> Void) {
    let size = rowSize
    let count = rowCount
    elements.withUnsafeMutableBufferPointer { buffer in
      guard let base = buffer.baseAddress else { return }
      for row in 0..<count { body(row, base + row * size) }
    }
  }

  /// Adds `step · sign(direction)`, with sign(0) = 0.
  public mutating func stepAlongSign(of direction: Tensor, by step: Double) {
    precondition(shape == direction.shape)
    let count = elements.count
    elements.withUnsafeMutableBufferPointer { ctl_sign_step($0.baseAddress, direction.elements, step, count) }
  }

  /// Adds `step · sign(direction)`, where `perFeature`, when given, has a step for each element of a row that replaces
  /// `step`.
  public mutating func stepAlongSign(of direction: Tensor, by step: Double, perFeature: [Double]?) {
    guard let perFeature else { return stepAlongSign(of: direction, by: step) }
    precondition(shape == direction.shape && perFeature.count == rowSize)
    let size = rowSize
    direction.elements.withUnsafeBufferPointer { g in
      withEachRow { row, x in ctl_sign_step_each(x, g.baseAddress! + row * size, perFeature, size) }
    }
  }

  /// Adds `step · direction / ‖direction‖₂` row by row. No gradient is too small or too large; a row that is zero or
  /// not finite stays.
  public mutating func stepAlongUnitVector(of direction: Tensor, by step: Double) {
    precondition(shape == direction.shape)
    let size = rowSize
    direction.elements.withUnsafeBufferPointer { g in
      withEachRow { row, x in ctl_unit_step(x, g.baseAddress! + row * size, step, size) }
    }
  }

  /// Adds `steps[row] · direction / ‖direction‖₂` row by row; a row of zeros stays.
  public mutating func stepAlongUnitVector(of direction: Tensor, by steps: [Double]) {
    precondition(shape == direction.shape && steps.count == rowCount)
    let size = rowSize
    direction.elements.withUnsafeBufferPointer { g in
      withEachRow { row, x in ctl_unit_step(x, g.baseAddress! + row * size, steps[row], size) }
    }
  }

  /// Adds `factor · other`, where `perFeature`, when given, has a factor for each element of a row that replaces
  /// `factor`.
  public mutating func add(_ other: Tensor, scaledBy factor: Double, perFeature: [Double]?) {
    guard let perFeature else { return add(other, scaledBy: factor) }
    precondition(shape == other.shape && perFeature.count == rowSize)
    let size = rowSize
    other.elements.withUnsafeBufferPointer { source in
      withEachRow { row, x in ctl_add_products(x, source.baseAddress! + row * size, perFeature, size) }
    }
  }

  /// Multiplies every element by `factor`.
  public mutating func scale(by factor: Double) {
    let count = elements.count
    elements.withUnsafeMutableBufferPointer { ctl_scale($0.baseAddress, factor, count) }
  }

  /// Adds `factor · other`.
  public mutating func add(_ other: Tensor, scaledBy factor: Double = 1) {
    precondition(shape == other.shape)
    let count = elements.count
    elements.withUnsafeMutableBufferPointer { ctl_add_scaled($0.baseAddress, other.elements, factor, count) }
  }

  /// The Euclidean norm of each row, without overflow or underflow.
  public var rowNorms: [Double] {
    let size = rowSize
    return elements.withUnsafeBufferPointer { buffer in
      (0..<rowCount).map { ctl_norm_l2(buffer.baseAddress! + $0 * size, size) }
    }
  }

  /// The largest magnitude in each row.
  public var rowMaximumMagnitudes: [Double] {
    let size = rowSize
    return elements.withUnsafeBufferPointer { buffer in
      (0..<rowCount).map { ctl_max_abs(buffer.baseAddress! + $0 * size, size) }
    }
  }

  /// Number of elements that are NaN or infinite.
  public var nonFiniteCount: Int { ctl_count_nonfinite(elements, elements.count) }
}
