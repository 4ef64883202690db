import Foundation

/// A plain forward pass in Double, layer by layer and in no hurry, that shares no code with the engines; beside each
/// number it can carry how far another program's rounding may have taken it.
///
/// The deviation is that of the probabilistic error analysis (Higham and Mary 2019): rounding errors are independent
/// and of mean zero, so that squares add. Every partial sum s_k of a product contributes (u·s_k)², every product p_k of
/// rounded operands ⅔(u·p_k)² and, since digits may be cut off rather than rounded, the whole sum (u·s)²; a weight w
/// passes on w² of what its input has; an activation the square of its steepest slope within reach. Worst-case bounds,
/// in which n·u takes the place of √n·u, would be a hundred times as wide for the layers of this field, and hide TF32.
struct ReferencePass {
  /// One layer as it is computed; copies with a change are other programs' networks.
  enum Step: Hashable {
    case scale(mean: [Double], scale: [Double])
    /// Elements from other places.
    case permuted([Int])
    /// The nearest grey level n/255, or the one below.
    case bytes(truncates: Bool)
    /// Axes in the order in which they are written one after the other; nil for C order.
    case flatten(shape: [Int], order: [Int]?)
    case dense(name: String, units: Int, inputs: Int, offset: Int, ReferenceActivation)
    case convolution(
      name: String, filters: Int, size: Int, shape: [Int], offset: Int, ReferenceActivation)
    case pool(size: Int, stride: Int, shape: [Int], isMean: Bool)
    /// All layers of a network that is more than a chain of these.
    case graph(ReferenceGraph)
  }

  /// Numbers and the squares of their deviations; the second is empty where nobody asked.
  struct Values {
    var numbers: [Double]
    var squares: [Double]
  }

  /// How a graphics processor rounds the operands of its products, step by step; then what a layer stores.
  struct OperandRounding: Hashable {
    var bits: Int
    /// Whether digits are cut off rather than rounded.
    var truncates: Bool
    var isOfDense: Bool
    var isOfConvolutions: Bool
    /// Bits of what a layer stores; nil for all.
    var resultBits: Int?

    func callAsFunction(_ x: Double) -> Double { Self.rounded(x, bits, truncates) }

    static func rounded(_ x: Double, _ bits: Int, _ truncates: Bool) -> Double {
      guard x != 0, x.isFinite else { return x }
      let unit = Double(sign: .plus, exponent: Int(x.exponent) - bits + 1, significand: 1)
      return (x / unit).rounded(truncates ? .towardZero : .toNearestOrEven) * unit
    }
  }

  var steps: [Step]
  let inputShape: [Int]
  /// Rounding that is carried out, not estimated; nil for none.
  var rounding: OperandRounding?
  /// Standard deviation of what the inputs lost on their way into the file.
  var inputDeviation = 0.0

  init(_ architecture: Architecture) {
    inputShape = architecture.inputShape
    var shape = architecture.inputShape
    var offset = 0
    var steps: [Step] = []
    guard architecture.isChain else {
      self.steps = [.graph(ReferenceGraph(architecture.graph))]
      return
    }
    for (layer, after) in zip(architecture.layers, architecture.layerShapes) {
      let name = layer.name ?? ""
      switch layer.kind {
      case let normalize as Normalize: steps.append(.scale(mean: normalize.mean, scale: normalize.scale))
      case is Flatten: steps.append(.flatten(shape: shape, order: nil))
      case let dense as Dense:
        steps.append(
          .dense(
            name: name, units: dense.units, inputs: shape[0], offset: offset, ReferenceActivation(dense.activation)))
        offset += dense.units * (shape[0] + 1)
      case let convolution as Convolution:
        let (filters, size) = (convolution.filters, convolution.window.kernel[0])
        steps.append(
          .convolution(
            name: name, filters: filters, size: size, shape: shape, offset: offset,
            ReferenceActivation(convolution.activation)))
        offset += filters * (shape[0] * size * size + 1)
      case let pool as MaxPool:
        steps.append(
          .pool(size: pool.window.kernel[0], stride: pool.window.stride[0], shape: shape, isMean: false))
      default: preconditionFailure("a chain has no other layers")
      }
      shape = after
    }
    self.steps = steps
  }

  /// Logits of one input through one draw.
  ///
  /// - Parameters:
  ///   - input: In C order, as the network takes it.
  ///   - weights: The parameters in the order of the architecture.
  ///   - model: Whose rounding the deviations are for; nil for none.
  func logits(_ input: ArraySlice<Double>, weights: [Double], model: RoundingModel?) -> Values {
    var values = Values(numbers: Array(input), squares: [])
    if let model {
      let lost = inputDeviation * inputDeviation
      values.squares = input.map { lost + model.sum * model.sum * $0 * $0 }
    }
    for step in steps { values = apply(step, to: values, weights, model) }
    return values
  }

  private func apply(_ step: Step, to x: Values, _ weights: [Double], _ model: RoundingModel?) -> Values {
    switch step {
    case .scale(let mean, let scale): return scaled(x, mean, scale, model)
    case .flatten(let shape, let order):
      guard let order else { return x }
      let places = Self.places(shape, order)
      return Values(
        numbers: places.map { x.numbers[$0] }, squares: x.squares.isEmpty ? [] : places.map { x.squares[$0] })
    case .permuted(let places):
      return Values(
        numbers: places.map { x.numbers[$0] }, squares: x.squares.isEmpty ? [] : places.map { x.squares[$0] })
    case .bytes(let truncates):
      return Values(
        numbers: x.numbers.map { Self.greyLevel($0, truncates: truncates) }, squares: x.squares)
    case .dense(_, let units, let inputs, let offset, let activation):
      let (x, weights) = operands(x, weights, offset, units * inputs, isRounded: rounding?.isOfDense)
      var y = product(
        x, rows: 1, length: inputs, weights: weights, offset: offset, units: units, model)
      activate(&y, activation, model)
      return stored(y)
    case .convolution(_, let filters, let size, let shape, let offset, let activation):
      let count = filters * shape[0] * size * size
      let (x, weights) = operands(x, weights, offset, count, isRounded: rounding?.isOfConvolutions)
      var y = convolved(x, filters, size, shape, weights, offset, model)
      activate(&y, activation, model)
      return stored(y)
    case .pool(let size, let stride, let shape, let isMean): return pooled(x, size, stride, shape, isMean)
    case .graph(let graph): return graph.logits(x, weights, model, self)
    }
  }

  private func operands(
    _ x: Values, _ weights: [Double], _ offset: Int, _ count: Int, isRounded: Bool?
  ) -> (Values, [Double]) {
    guard let rounding, isRounded == true else { return (x, weights) }
    var rounded = weights
    for index in offset..<offset + count { rounded[index] = rounding(weights[index]) }
    return (Values(numbers: x.numbers.map { rounding($0) }, squares: x.squares), rounded)
  }

  private func stored(_ y: Values) -> Values {
    guard let bits = rounding?.resultBits else { return y }
    return Values(numbers: y.numbers.map { OperandRounding.rounded($0, bits, false) }, squares: y.squares)
  }

  /// The grey level of a number from 0 to 1. A level that single precision put below itself stays.
  static func greyLevel(_ x: Double, truncates: Bool) -> Double {
    let nearest = (255 * x).rounded()
    guard truncates, abs(255 * x - nearest) > 1e-4 else { return nearest / 255 }
    return (255 * x).rounded(.down) / 255
  }

  /// Where the elements come from when axes are written in another order.
  static func places(_ shape: [Int], _ order: [Int]) -> [Int] {
    var strides = [Int](repeating: 1, count: shape.count)
    for axis in stride(from: shape.count - 2, through: 0, by: -1) {
      strides[axis] = strides[axis + 1] * shape[axis + 1]
    }
    var result = [0]
    for axis in order {
      result = result.flatMap { base in (0..<shape[axis]).map { base + $0 * strides[axis] } }
    }
    return result
  }

  private func scaled(_ x: Values, _ mean: [Double], _ scale: [Double], _ model: RoundingModel?) -> Values {
    var y = x
    let size = x.numbers.count / mean.count
    for index in x.numbers.indices {
      let (m, s) = (mean[index / size], scale[index / size])
      let difference = x.numbers[index] - m
      y.numbers[index] = difference / s
      if let u = model?.result {
        // The constants are rounded, and so are difference and quotient.
        y.squares[index] =
          (x.squares[index] + u * u * (x.numbers[index] * x.numbers[index] + m * m + 3 * difference * difference))
          / (s * s)
      }
    }
    return y
  }

  // MARK: - Products

  /// `units` sums for each row of `x`, in the order (unit, row): W x + b.
  func product(
    _ x: Values, rows: Int, length: Int, weights: [Double], offset: Int, units: Int, _ model: RoundingModel?
  ) -> Values {
    var y = Values(
      numbers: [Double](repeating: 0, count: units * rows),
      squares: model == nil ? [] : [Double](repeating: 0, count: units * rows))
    weights.withUnsafeBufferPointer { weights in
      x.numbers.withUnsafeBufferPointer { numbers in
        x.squares.withUnsafeBufferPointer { squares in
          for unit in 0..<units {
            let w = weights.baseAddress! + offset + unit * length
            let bias = weights[offset + units * length + unit]
            for row in 0..<rows {
              let start = row * length
              guard let model else {
                var sum = 0.0
                for k in 0..<length { sum += w[k] * numbers[start + k] }
                y.numbers[unit * rows + row] = sum + bias
                continue
              }
              var (sum, partial, products, passed) = (0.0, 0.0, 0.0, 0.0)
              for k in 0..<length {
                let p = w[k] * numbers[start + k]
                sum += p
                partial += sum * sum
                products += p * p
                passed += w[k] * w[k] * squares[start + k]
              }
              let result = sum + bias
              let order = model.sum * RoundingModel.order
              y.numbers[unit * rows + row] = result
              y.squares[unit * rows + row] =
                passed + order * order * (partial + result * result + bias * bias)
                + model.operand * model.operand * (2 * products / 3 + sum * sum + bias * bias)
                + model.floor * model.floor
            }
          }
        }
      }
    }
    return y
  }

  private func convolved(
    _ x: Values, _ filters: Int, _ size: Int, _ shape: [Int], _ weights: [Double], _ offset: Int,
    _ model: RoundingModel?
  ) -> Values {
    let (height, width) = (shape[1], shape[2])
    let (rows, columns) = (height - size + 1, width - size + 1)
    var places: [Int] = []
    places.reserveCapacity(rows * columns * shape[0] * size * size)
    for row in 0..<rows {
      for column in 0..<columns {
        for channel in 0..<shape[0] {
          for i in 0..<size {
            let start = (channel * height + row + i) * width + column
            for j in 0..<size { places.append(start + j) }
          }
        }
      }
    }
    let patches = Values(
      numbers: places.map { x.numbers[$0] }, squares: model == nil ? [] : places.map { x.squares[$0] })
    return product(
      patches, rows: rows * columns, length: shape[0] * size * size, weights: weights, offset: offset, units: filters,
      model)
  }

  func activate(_ y: inout Values, _ activation: ReferenceActivation, _ model: RoundingModel?) {
    for index in y.numbers.indices {
      let a = y.numbers[index]
      y.numbers[index] = activation.value(a)
      if let model {
        let slope = activation.steepest(near: a, reach: Tolerance.deviations * y.squares[index].squareRoot())
        let u = max(model.result, model.sum * activation.functionError)
        y.squares[index] = slope * slope * y.squares[index] + u * u * y.numbers[index] * y.numbers[index]
      }
    }
  }

  private func pooled(_ x: Values, _ size: Int, _ step: Int, _ shape: [Int], _ isMean: Bool) -> Values {
    let (height, width) = (shape[1], shape[2])
    var y = Values(numbers: [], squares: [])
    for channel in 0..<shape[0] {
      for row in stride(from: 0, through: height - size, by: step) {
        for column in stride(from: 0, through: width - size, by: step) {
          var (largest, sum, square) = (-Double.infinity, 0.0, 0.0)
          for i in 0..<size {
            for j in 0..<size {
              let place = (channel * height + row + i) * width + column + j
              largest = max(largest, x.numbers[place])
              sum += x.numbers[place]
              // Another element may be the largest there.
              if !x.squares.isEmpty { square = max(square, x.squares[place]) }
            }
          }
          y.numbers.append(isMean ? sum / Double(size * size) : largest)
          if !x.squares.isEmpty { y.squares.append(square) }
        }
      }
    }
    return y
  }
}

extension Architecture {
  /// Whether its layers stand one behind the other and are all of the types and settings of format 1.0: then causes of
  /// differences can be looked for layer by layer.
  var isChain: Bool {
    graph.givesLogits
      && layers.allSatisfy { layer in
        guard layer.inputs == nil else { return false }
        switch layer.kind {
        case let dense as Dense: return dense.hasBias && !dense.overLastAxis
        case let convolution as Convolution:
          return convolution.hasBias && convolution.groups == 1 && convolution.window.isPlain
            && convolution.window.stride == [1, 1]
        case let pool as MaxPool: return pool.window.isPlain
        case is Normalize, is Flatten: return true
        default: return false
        }
      }
  }
}
