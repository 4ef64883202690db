internal import ComputeKernels

/// A layer that is a product with weights, and the activation behind it.
protocol ProductKind: LayerKind {
  var activation: Architecture.Activation { get }
}

/// activation(W x + b), W of shape (units, inputs).
package struct Dense: ProductKind {
  package let units: Int
  package let activation: Architecture.Activation
  package let hasBias: Bool
  /// Whether it acts on the last dimension of several: on every token by itself.
  package let overLastAxis: Bool

  package static var type: String { "dense" }

  package init(units: Int, activation: Architecture.Activation, hasBias: Bool = true, overLastAxis: Bool = false) {
    self.units = units
    self.activation = activation
    self.hasBias = hasBias
    self.overLastAxis = overLastAxis
  }

  package init(_ fields: LayerFields) throws(ArchitectureError) {
    try fields.allowOnly(["units", "activation", "bias", "over_last_axis"])
    units = try fields.integer("units")
    activation = try fields.activation(isRequired: true)
    hasBias = try fields.boolean("bias", default: true)
    overLastAxis = try fields.boolean("over_last_axis", default: false)
  }

  package var members: [(key: String, json: String)] {
    var members = [("units", "\(units)"), ("activation", "\"\(activation.rawValue)\"")]
    if !hasBias { members.append(("bias", "false")) }
    if overLastAxis { members.append(("over_last_axis", "true")) }
    return members.map { (key: $0.0, json: $0.1) }
  }

  package var isOfFormat10: Bool { hasBias && !overLastAxis && Architecture.Activation.ofFormat10.contains(activation) }
  package var words: String? {
    "dense \(units)" + (activation == .identity ? "" : " " + activation.function.title)
  }

  package func trace(_ inputs: [[Int]], _ place: LayerPlace) throws(ArchitectureError) -> LayerTrace {
    try place.positive(units, "units")
    let shape = inputs[0]
    guard shape.count == 1 || overLastAxis else {
      throw place.error(
        "is dense and its input has shape \(shape); a flatten layer must come before, or \"over_last_axis\": true says that it acts on the last dimension"
      )
    }
    let fanIn = shape[shape.count - 1]
    var parameters = [LayerParameter("weight", [units, fanIn], .weight(fanIn: fanIn))]
    if hasBias { parameters.append(LayerParameter("bias", [units], .shift)) }
    return LayerTrace(shape.dropLast() + [units], parameters)
  }

  package func operations(_ node: NetworkGraph.Node) -> Double {
    2 * Double(node.parameters[0].count) * Double(node.shape.dropLast().reduce(1, *))
  }

  package func statement(_ node: NetworkGraph.Node) -> any RowFunction {
    DenseRows(
      tokens: node.shape.dropLast().reduce(1, *), inputs: node.inputShapes[0].last!, units: units,
      hasBias: hasBias, function: activation.function)
  }

  package func lower(_ node: NetworkGraph.Node, into lowering: inout Lowering) throws -> Lowering.Value {
    let input = try lowering.plainValue(lowering.operands[0])
    let inputs = node.inputShapes[0].last!
    let tokens = node.shape.dropLast().reduce(1, *)
    let step = lowering.current!
    let isFirst = lowering.isInput(input) && tokens == 1
    let precision = lowering.precision
    let addsToSum = isFirst && lowering.addsToSum
    let wide = lowering.isLast && tokens == 1 ? lowering.wide : precision
    let kernel = try LinearKernel(
      rows: lowering.rows * tokens, inputs: inputs, outputs: units, precision: precision, forwardDestination: wide,
      backwardDestination: addsToSum ? lowering.wide : precision, activation: step.fused?.fused ?? .none,
      accumulatesInputGradient: addsToSum, library: lowering.library)
    let stage = ProductStage(
      kernel: .linear(kernel),
      parameters: ProductStage.Parameters(
        name: node.name ?? "", weight: node.parameters[0], bias: hasBias ? node.parameters[1] : nil, outputs: units,
        columns: inputs, norm: step.norm),
      precision: precision, addsToSum: addsToSum)
    return lowering.append(product: stage, [input], shape: node.shape, layout: try lowering.plain(node.shape, wide))
  }
}

/// y = f(W x + b), token by token.
struct DenseRows: RowFunction {
  let tokens: Int
  let inputs: Int
  let units: Int
  let hasBias: Bool
  let function: ElementwiseFunction

  private func argument(_ x: UnsafePointer<Double>, _ parameters: [UnsafePointer<Double>], _ unit: Int) -> Double {
    var sum = hasBias ? parameters[1][unit] : 0
    for index in 0..<inputs { sum += parameters[0][unit * inputs + index] * x[index] }
    return sum
  }

  func forward(
    _ inputs: [UnsafePointer<Double>], _ parameters: [UnsafePointer<Double>], _ y: UnsafeMutablePointer<Double>
  ) {
    for token in 0..<tokens {
      let x = inputs[0] + token * self.inputs
      for unit in 0..<units { y[token * units + unit] = function.value(argument(x, parameters, unit)) }
    }
  }

  func backward(
    _ inputs: [UnsafePointer<Double>], _ parameters: [UnsafePointer<Double>], _ y: UnsafePointer<Double>,
    _ g: UnsafePointer<Double>, _ dx: [UnsafeMutablePointer<Double>?], _ dp: [UnsafeMutablePointer<Double>]?
  ) {
    for token in 0..<tokens {
      let x = inputs[0] + token * self.inputs
      for unit in 0..<units {
        let d = g[token * units + unit] * function.derivative(argument(x, parameters, unit))
        for index in 0..<self.inputs {
          dx[0]?[token * self.inputs + index] += d * parameters[0][unit * self.inputs + index]
          dp?[0][unit * self.inputs + index] += d * x[index]
        }
        if hasBias { dp?[1][unit] += d }
      }
    }
  }

  func bound(_ magnitudes: [Double], _ parameters: [UnsafeBufferPointer<Double>]) -> Double {
    let largest = (0..<units).map { unit in
      (0..<inputs).reduce(hasBias ? abs(parameters[1][unit]) : 0) {
        $0 + abs(parameters[0][unit * inputs + $1]) * magnitudes[0]
      }
    }
    return function.bound(largest.max() ?? 0)
  }
}
