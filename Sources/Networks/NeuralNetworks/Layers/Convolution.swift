internal import ComputeKernels

/// activation(cross-correlation + b): weights (filters, channels / groups, kernel height, kernel width).
package struct Convolution: ProductKind {
  package let filters: Int
  package let window: Window
  package let groups: Int
  package let activation: Architecture.Activation
  package let hasBias: Bool

  package static var type: String { "conv2d" }

  package init(
    filters: Int, window: Window, groups: Int = 1, activation: Architecture.Activation, hasBias: Bool = true
  ) {
    self.filters = filters
    self.window = window
    self.groups = groups
    self.activation = activation
    self.hasBias = hasBias
  }

  package init(_ fields: LayerFields) throws(ArchitectureError) {
    try fields.allowOnly(Window.keys.union(["filters", "activation", "dilation", "groups", "bias"]))
    filters = try fields.integer("filters")
    window = try Window(fields, stride: 1, hasDilation: true)
    groups = try fields.integer("groups", default: 1)
    activation = try fields.activation(isRequired: true)
    hasBias = try fields.boolean("bias", default: true)
  }

  package var members: [(key: String, json: String)] {
    var members = [(key: "filters", json: "\(filters)")] + window.members(strideHasDefault: true)
    if groups != 1 { members.append((key: "groups", json: "\(groups)")) }
    members.append((key: "activation", json: "\"\(activation.rawValue)\""))
    if !hasBias { members.append((key: "bias", json: "false")) }
    return members
  }

  package var isOfFormat10: Bool {
    hasBias && groups == 1 && window.isPlain && window.stride == [1, 1]
      && Architecture.Activation.ofFormat10.contains(activation)
  }

  package var words: String? {
    "conv \(filters)·\(window.words)" + (groups == 1 ? "" : " in \(groups) groups")
      + (activation == .identity ? "" : " " + activation.function.title)
  }

  package func trace(_ inputs: [[Int]], _ place: LayerPlace) throws(ArchitectureError) -> LayerTrace {
    try place.positive(filters, "filters")
    try place.positive(groups, "groups")
    let positions = try window.positions(inputs[0], place, isPool: false)
    let channels = inputs[0][0]
    guard channels % groups == 0, filters % groups == 0 else {
      throw place.error(
        "is \(groups), which divides not both of \(channels) channels and \(filters) filters", at: "groups")
    }
    let weight = [filters, channels / groups] + window.kernel
    let fanIn = try place.product(Array(weight.dropFirst()))
    var parameters = [LayerParameter("weight", weight, .weight(fanIn: fanIn))]
    if hasBias { parameters.append(LayerParameter("bias", [filters], .shift)) }
    return LayerTrace([filters] + positions, parameters)
  }

  package func operations(_ node: NetworkGraph.Node) -> Double {
    2 * Double(node.parameters[0].count) * Double(node.shape.dropFirst().reduce(1, *))
  }

  package func statement(_ node: NetworkGraph.Node) -> any RowFunction {
    ConvolutionRows(
      shape: node.inputShapes[0], output: node.shape, window: window, groups: groups, hasBias: hasBias,
      function: activation.function)
  }

  package func lower(_ node: NetworkGraph.Node, into lowering: inout Lowering) throws -> Lowering.Value {
    let operand = lowering.operands[0]
    let step = lowering.current!
    let geometry = ConvolutionGeometry(
      rows: lowering.rows, inputShape: node.inputShapes[0], filters: filters, kernel: window.extent,
      stride: window.steps, padding: window.sides, dilation: window.spread, groups: groups)
    let kernel = try ConvolutionKernel(
      geometry, precision: lowering.precision, activation: step.fused?.fused ?? .none, addsResidual: step.addsResidual,
      plainSource: lowering.isInput(operand), library: lowering.library)
    var inputs = [try lowering.value(operand, in: kernel.source)]
    if step.addsResidual { inputs.append(try lowering.value(lowering.operands[1], in: kernel.destination)) }
    let stage = ProductStage(
      kernel: .convolution(kernel),
      parameters: ProductStage.Parameters(
        name: node.name ?? "", weight: node.parameters[0], bias: hasBias ? node.parameters[1] : nil, outputs: filters,
        columns: geometry.weightCount / filters, groups: groups, norm: step.norm),
      precision: lowering.precision, addsToSum: false)
    return lowering.append(product: stage, inputs, shape: node.shape, layout: kernel.destination)
  }
}

/// y = f(cross-correlation + b), sum by sum.
struct ConvolutionRows: RowFunction {
  let shape: [Int]
  let output: [Int]
  let window: Window
  let groups: Int
  let hasBias: Bool
  let function: ElementwiseFunction

  private var perGroup: Int { shape[0] / groups }

  /// Calls `body` with the place of each weight and of the input that it multiplies.
  private func terms(_ filter: Int, _ row: Int, _ column: Int, _ body: (_ weight: Int, _ input: Int) -> Void) {
    let first = filter / (output[0] / groups) * perGroup
    let (height, width) = (window.kernel[0], window.kernel[1])
    for channel in 0..<perGroup {
      for u in 0..<height {
        let i = row * window.stride[0] + u * window.dilation[0] - window.padding[0]
        guard (0..<shape[1]).contains(i) else { continue }
        for v in 0..<width {
          let j = column * window.stride[1] + v * window.dilation[1] - window.padding[2]
          guard (0..<shape[2]).contains(j) else { continue }
          body(
            ((filter * perGroup + channel) * height + u) * width + v, ((first + channel) * shape[1] + i) * shape[2] + j)
        }
      }
    }
  }

  private func argument(
    _ x: UnsafePointer<Double>, _ parameters: [UnsafePointer<Double>], _ filter: Int, _ row: Int, _ column: Int
  ) -> Double {
    var sum = hasBias ? parameters[1][filter] : 0
    terms(filter, row, column) { sum += parameters[0][$0] * x[$1] }
    return sum
  }

  private func eachOutput(_ body: (_ index: Int, _ filter: Int, _ row: Int, _ column: Int) -> Void) {
    var index = 0
    for filter in 0..<output[0] {
      for row in 0..<output[1] {
        for column in 0..<output[2] {
          body(index, filter, row, column)
          index += 1
        }
      }
    }
  }

  func forward(
    _ inputs: [UnsafePointer<Double>], _ parameters: [UnsafePointer<Double>], _ y: UnsafeMutablePointer<Double>
  ) {
    eachOutput { index, filter, row, column in
      y[index] = function.value(argument(inputs[0], parameters, filter, row, column))
    }
  }

  func backward(
    _ inputs: [UnsafePointer<Double>], _ parameters: [UnsafePointer<Double>], _ y: UnsafePointer<Double>,
    _ g: UnsafePointer<Double>, _ dx: [UnsafeMutablePointer<Double>?], _ dp: [UnsafeMutablePointer<Double>]?
  ) {
    eachOutput { index, filter, row, column in
      let d = g[index] * function.derivative(argument(inputs[0], parameters, filter, row, column))
      terms(filter, row, column) { weight, input in
        dx[0]?[input] += d * parameters[0][weight]
        dp?[0][weight] += d * inputs[0][input]
      }
      if hasBias { dp?[1][filter] += d }
    }
  }

  func bound(_ magnitudes: [Double], _ parameters: [UnsafeBufferPointer<Double>]) -> Double {
    let size = parameters[0].count / output[0]
    let largest = (0..<output[0]).map { filter in
      (0..<size).reduce(hasBias ? abs(parameters[1][filter]) : 0) {
        $0 + abs(parameters[0][filter * size + $1]) * magnitudes[0]
      }
    }
    return function.bound(largest.max() ?? 0)
  }
}
