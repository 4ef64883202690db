/// Convolutions over images.
enum ConvolutionOperators: Operator {
  static let types = ["Conv"]

  static func apply(_ call: inout OperatorCall) throws -> [Value] {
    guard let image = try ImageView(&call) else {
      throw call.refusal(
        "is a convolution of inputs of shape \(try call.shape(0).extents), and there are layers for images (batch, channels, height, width) and for lines (batch, channels, length) only"
      )
    }
    let shape = image.shape
    let weight = image.kernel(try call.constant(1, "its weights"))
    let groups = try call.integer("group", default: 1)
    guard weight.isReal, weight.shape.count == 4, groups >= 1, shape.extents[1] % groups == 0,
      weight.shape[1] == shape.extents[1] / groups, weight.shape[0] % groups == 0,
      weight.shape.allSatisfy({ $0 > 0 })
    else {
      throw call.refusal("has weights of shape \(weight.shape) for \(shape.extents[1]) channels in \(groups) groups")
    }
    let kernel = Array(weight.shape[2...])
    if let stated = try call.integers("kernel_shape"), image.sizes(stated) != kernel {
      throw call.refusal("states the kernel \(stated) and has weights for \(kernel)")
    }
    let window = try WindowSettings(&call, image, kernel: kernel)
    let bias = call[2].isAbsent ? nil : try call.constant(2, "its bias")
    if let bias, bias.shape != [weight.shape[0]] { throw call.refusal("has a bias of shape \(bias.shape)") }
    let positions = try window.positions(call)
    let result = call.append(
      ConvolutionRows(window: window, groups: groups, weight: weight, bias: bias), [image.value],
      RowShape([1, weight.shape[0]] + positions))
    return [image.back(result, &call)]
  }
}

/// How a window goes over an image: what ONNX's attributes say, with `auto_pad` resolved.
struct WindowSettings: Sendable {
  let image: [Int]
  let kernel: [Int]
  let stride: [Int]
  /// (top, bottom, left, right).
  var padding: [Int]
  let dilation: [Int]

  /// The same for other numbers.
  init(image: [Int], kernel: [Int], stride: [Int] = [1, 1], padding: [Int], dilation: [Int]) {
    self.image = image
    self.kernel = kernel
    self.stride = stride
    self.padding = padding
    self.dilation = dilation
  }

  init(_ call: inout OperatorCall, _ view: ImageView, kernel: [Int]) throws {
    image = Array(view.shape.extents[2...])
    self.kernel = kernel
    stride = try call.integers("strides").map(view.sizes) ?? [1, 1]
    dilation = try call.integers("dilations").map(view.sizes) ?? [1, 1]
    let pads = try call.integers("pads").map(view.pads) ?? [0, 0, 0, 0]
    guard kernel.count == 2, stride.count == 2, dilation.count == 2, pads.count == 4,
      (kernel + stride + dilation).allSatisfy({ (1...1 << 20).contains($0) }),
      pads.allSatisfy({ (0...1 << 20).contains($0) })
    else {
      throw call.refusal("has a window of kernel \(kernel), strides \(stride), dilations \(dilation), pads \(pads)")
    }
    let mode = try call.text("auto_pad", default: "NOTSET")
    switch mode {
    case "NOTSET": padding = [pads[0], pads[2], pads[1], pads[3]]
    case "VALID": padding = [0, 0, 0, 0]
    case "SAME_UPPER", "SAME_LOWER":
      var sides: [Int] = []
      for axis in 0..<2 {
        let outputs = (image[axis] + stride[axis] - 1) / stride[axis]
        let total = max((outputs - 1) * stride[axis] + (kernel[axis] - 1) * dilation[axis] + 1 - image[axis], 0)
        // What is odd stands behind for UPPER, before for LOWER.
        let smaller = total / 2
        sides += mode == "SAME_UPPER" ? [smaller, total - smaller] : [total - smaller, smaller]
      }
      padding = sides
    default: throw call.refusal("has the padding \(mode.quoted), which is not known")
    }
  }

  /// How much of a window is left over at the end of an axis, which `ceil_mode` would still use.
  func positions(_ call: OperatorCall) throws -> [Int] {
    try (0..<2).map { axis in
      let room = image[axis] + padding[2 * axis] + padding[2 * axis + 1]
      let extent = dilation[axis] * (kernel[axis] - 1) + 1
      guard extent <= room else { throw call.refusal("has a kernel that does not fit its input") }
      return (room - extent) / stride[axis] + 1
    }
  }

  func members(strideHasDefault: Bool) -> [(String, String)] {
    func pair(_ sizes: [Int]) -> String { sizes[0] == sizes[1] ? "\(sizes[0])" : "[\(sizes[0]),\(sizes[1])]" }
    var members = [("kernel_size", pair(kernel))]
    if !strideHasDefault || stride != [1, 1] { members.append(("stride", pair(stride))) }
    if padding != [0, 0, 0, 0] {
      members.append(("padding", "[" + padding.map(String.init).joined(separator: ",") + "]"))
    }
    if dilation != [1, 1] { members.append(("dilation", pair(dilation))) }
    return members
  }
}

/// A layer with weights, and perhaps a bias; one that has none can take one that is added behind it.
protocol ProductRows: RowOperation {
  var bias: Constant? { get }
  /// The product with another bias, and its outputs times factors where there are any.
  func with(bias: Constant?, factors: Constant?) -> Self
  /// One number for each output from a constant that lies on an example; nil where it has others.
  func perOutput(_ aligned: Constant, _ example: [Int]) -> Constant?
}

/// A convolution over images.
struct ConvolutionRows: ProductRows {
  var window: WindowSettings
  let groups: Int
  var weight: Constant
  var bias: Constant?

  func with(bias: Constant?, factors: Constant?) -> Self {
    var result = self
    result.bias = bias
    if let factors { result.weight = weight.scaledRows(by: factors) }
    return result
  }

  func perOutput(_ aligned: Constant, _ example: [Int]) -> Constant? {
    aligned.isPerChannel(of: example) ? aligned.reshaped([weight.shape[0]]) : nil
  }

  func plan(_ node: RowNode, _ graph: RowGraph) throws -> LayerPlan? {
    guard var input = node.inputs[0].rowID else { return nil }
    var own = self
    // Zeros around the image, which the convolution has room for.
    if let pad = graph[input].operation as? PadRows, let inner = graph[input].inputs[0].rowID,
      pad.padding.count == 6, pad.padding[0] == 0, pad.padding[1] == 0
    {
      own.window.padding = zip(own.window.padding, pad.padding[2...]).map { $0 + $1 }
      input = inner
    }
    let (shape, name) = (node.shape.example, node.name)
    return LayerPlan([input]) { builder, values in
      var members = [("filters", "\(own.weight.shape[0])")] + own.window.members(strideHasDefault: true)
      if own.groups != 1 { members.append(("groups", "\(own.groups)")) }
      members.append(("activation", "\"identity\""))
      if own.bias == nil { members.append(("bias", "false")) }
      return builder.append(
        "conv2d", members, values, [("weight", own.weight)] + (own.bias.map { [("bias", $0)] } ?? []), shape: shape,
        hint: name)
    }
  }
}

extension Constant {
  /// Row i of a matrix, whatever its other dimensions, times factor i.
  func scaledRows(by factors: Constant) -> Constant {
    let aligned = factors.reshaped([shape[0]] + shape.dropFirst().map { _ in 1 })
    return Constant.combined(.multiply, self, aligned) ?? self
  }
}
