/// A tensor that is known before any input: a parameter, a setting, or what follows from such.
struct Constant: Sendable {
  /// Its numbers, in C order.
  enum Values: Sendable {
    case floats([Float])
    case doubles([Double])
    /// Whole numbers and truth values.
    case integers([SymbolicInteger])
  }

  var shape: [Int]
  var values: Values
  /// The graph's tensors that it follows from.
  var origins: Origins

  init(shape: [Int], values: Values, origins: Origins = []) {
    self.shape = shape
    self.values = values
    self.origins = origins
  }

  /// Whole numbers in one dimension, such as a shape.
  init(integers: [SymbolicInteger]) { self.init(shape: [integers.count], values: .integers(integers)) }

  var count: Int {
    switch values {
    case .floats(let values): values.count
    case .doubles(let values): values.count
    case .integers(let values): values.count
    }
  }

  var isReal: Bool { if case .integers = values { false } else { true } }

  /// The numbers; nil where some depend on the batch.
  var reals: [Double]? {
    switch values {
    case .floats(let values): return values.map(Double.init)
    case .doubles(let values): return values
    case .integers(let values):
      guard values.allSatisfy({ $0.batches == 0 }) else { return nil }
      return values.map { Double($0.constant) }
    }
  }

  /// The numbers as a network stores them, rounded where they are of double precision.
  var floats: [Float]? {
    if case .floats(let values) = values { return values }
    return reals?.map(Float.init)
  }

  var integers: [SymbolicInteger]? { if case .integers(let values) = values { values } else { nil } }

  /// The only number that it has, where it is one of the network's settings; nil of several, and of a number that draws
  /// have differently, which is a parameter.
  var scalar: Double? { count == 1 && !isLearned ? reals?.first : nil }

  /// Where a tensor comes from that is made of it: one number that is a setting is nobody's parameter, however often it
  /// is repeated.
  var originsUnlessSetting: Origins { scalar == nil ? origins : [] }

  /// Whether draws have other numbers: it is a parameter then, and no setting.
  var isLearned: Bool { origins.isLearned }

  /// The same numbers in another shape.
  func reshaped(_ shape: [Int]) -> Constant {
    var result = self
    result.shape = shape
    return result
  }

  /// The elements at some places, in another shape.
  func gathered(_ places: [Int], shape: [Int]) -> Constant {
    let chosen: Values =
      switch values {
      case .floats(let values): .floats(places.map { values[$0] })
      case .doubles(let values): .doubles(places.map { values[$0] })
      case .integers(let values): .integers(places.map { values[$0] })
      }
    return Constant(shape: shape, values: chosen, origins: origins)
  }

  func transposed(_ axes: [Int]) -> Constant {
    gathered(Places.transposed(shape, axes), shape: axes.map { shape[$0] })
  }

  /// Repeats along dimensions of size 1, and new ones in front.
  func broadcast(to target: [Int]) -> Constant {
    shape == target ? self : gathered(Places.broadcast(shape, to: target), shape: target)
  }

  /// Every number through a function, rounded as the tensor's type is.
  func mapped(_ function: (Double) -> Double) -> Constant? {
    switch values {
    case .floats(let values):
      Constant(shape: shape, values: .floats(values.map { Float(function(Double($0))) }), origins: origins)
    case .doubles(let values): Constant(shape: shape, values: .doubles(values.map(function)), origins: origins)
    case .integers: nil
    }
  }
}

/// What a constant follows from.
struct Origins: Hashable, Sendable, ExpressibleByArrayLiteral {
  /// Names of the graph's tensors.
  var names: Set<String>
  /// Whether draws have one of them differently.
  var isLearned = false

  init(arrayLiteral names: String...) { self.names = Set(names) }

  func union(_ other: Origins) -> Origins {
    var result = self
    result.formUnion(other)
    return result
  }

  mutating func formUnion(_ other: Origins) {
    names.formUnion(other.names)
    isLearned = isLearned || other.isLearned
  }
}

/// Where the elements of a tensor come from.
enum Places {
  static func strides(_ shape: [Int]) -> [Int] {
    var strides = [Int](repeating: 1, count: shape.count)
    for axis in shape.indices.dropLast().reversed() { strides[axis] = strides[axis + 1] * shape[axis + 1] }
    return strides
  }

  static func transposed(_ shape: [Int], _ axes: [Int]) -> [Int] {
    let strides = strides(shape)
    return walk(axes.map { (shape[$0], strides[$0]) })
  }

  static func broadcast(_ shape: [Int], to target: [Int]) -> [Int] {
    let strides = strides(shape)
    let shift = target.count - shape.count
    return walk(
      target.enumerated().map { axis, size in
        (size, axis >= shift && shape[axis - shift] != 1 ? strides[axis - shift] : 0)
      })
  }

  /// Some indices along one axis, everything along the others.
  static func chosen(_ shape: [Int], axis: Int, _ indices: [Int]) -> [Int] {
    let inner = shape[(axis + 1)...].reduce(1, *)
    let outer = shape[..<axis].reduce(1, *)
    var places: [Int] = []
    places.reserveCapacity(outer * indices.count * inner)
    for block in 0..<outer {
      for index in indices {
        let start = (block * shape[axis] + index) * inner
        places.append(contentsOf: start..<start + inner)
      }
    }
    return places
  }

  /// Sums of steps, the last dimension fastest.
  private static func walk(_ dimensions: [(size: Int, stride: Int)]) -> [Int] {
    var places = [0]
    for (size, stride) in dimensions {
      var next: [Int] = []
      next.reserveCapacity(places.count * size)
      for base in places { for index in 0..<size { next.append(base + index * stride) } }
      places = next
    }
    return places
  }
}
