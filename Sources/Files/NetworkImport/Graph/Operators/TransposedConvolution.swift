/// Transposed convolutions: zeros between the positions, and then a convolution with the weights turned around.
enum TransposedConvolution: Operator {
  static let types = ["ConvTranspose"]

  static func apply(_ call: inout OperatorCall) throws -> [Value] {
    guard let image = try ImageView(&call) else {
      throw call.refusal(
        "is a transposed convolution of inputs of shape \(try call.shape(0).extents), which is not read")
    }
    guard try call.text("auto_pad", default: "NOTSET") == "NOTSET", try call.integers("output_shape") == nil else {
      throw call.refusal("says how large its result is, and not its pads, which is not read")
    }
    let channels = image.shape.extents[1]
    let size = Array(image.shape.extents[2...])
    let given = image.kernel(try call.constant(1, "its weights"))
    let groups = try call.integer("group", default: 1)
    guard given.isReal, given.shape.count == 4, groups >= 1, given.shape[0] == channels, channels % groups == 0,
      given.shape.allSatisfy({ $0 > 0 })
    else {
      throw call.refusal("has weights of shape \(given.shape) for \(channels) channels in \(groups) groups")
    }
    let kernel = Array(given.shape[2...])
    if let stated = try call.integers("kernel_shape"), image.sizes(stated) != kernel {
      throw call.refusal("states the kernel \(stated) and has weights for \(kernel)")
    }
    let stride = try call.integers("strides").map(image.sizes) ?? [1, 1]
    let dilation = try call.integers("dilations").map(image.sizes) ?? [1, 1]
    let pads = try call.integers("pads").map(image.pads) ?? [0, 0, 0, 0]
    // Of a line the height has none.
    let extra = try call.integers("output_padding").map { $0.count == 1 ? [0] + $0 : $0 } ?? [0, 0]
    guard stride.count == 2, dilation.count == 2, pads.count == 4, extra.count == 2,
      (kernel + stride + dilation).allSatisfy({ (1...1 << 12).contains($0) }),
      (pads + extra).allSatisfy({ (0...1 << 12).contains($0) })
    else {
      throw call.refusal("has a window of kernel \(kernel), strides \(stride), dilations \(dilation), pads \(pads)")
    }
    let weight = turned(given, groups)
    let bias = call[2].isAbsent ? nil : try call.constant(2, "its bias")
    if let bias, bias.shape != [weight.shape[0]] { throw call.refusal("has a bias of shape \(bias.shape)") }
    var value = spread(image.value, channels, size, stride, &call)
    // Around it, what a position reaches, without what is cut off; where that is less than nothing, parts are.
    var padding: [Int] = []
    for axis in 0..<2 {
      let reach = dilation[axis] * (kernel[axis] - 1)
      padding += [reach - pads[axis], reach - pads[axis + 2] + extra[axis] - (stride[axis] - 1)]
      guard var shape = call.graph.node(value)?.shape else { throw call.refusal("has no input that it could take") }
      let (start, stop) = (max(0, -padding[2 * axis]), shape.extents[axis + 2] + min(0, padding[2 * axis + 1]))
      guard start < stop else { throw call.refusal("cuts everything off (pads \(pads))") }
      guard start > 0 || stop < shape.extents[axis + 2] else { continue }
      shape.extents[axis + 2] = stop - start
      value = call.append(SliceRows(axis: axis + 1, start: start, stop: stop, step: 1), [value], shape)
    }
    guard let shape = call.graph.node(value)?.shape else { throw call.refusal("has no input that it could take") }
    let window = WindowSettings(
      image: Array(shape.extents[2...]), kernel: kernel, padding: padding.map { max(0, $0) }, dilation: dilation)
    let positions = try window.positions(call)
    let result = call.append(
      ConvolutionRows(window: window, groups: groups, weight: weight, bias: bias), [value],
      RowShape([1, weight.shape[0]] + positions))
    return [image.back(result, &call)]
  }

  /// Weights (in, out / groups, height, width) as those of a convolution, (out, in / groups, …), with both directions
  /// turned around.
  private static func turned(_ weight: Constant, _ groups: Int) -> Constant {
    let (inputs, outputs) = (weight.shape[0] / groups, weight.shape[1])
    let (height, width) = (weight.shape[2], weight.shape[3])
    var places: [Int] = []
    places.reserveCapacity(weight.count)
    for output in 0..<groups * outputs {
      for input in 0..<inputs {
        let start = ((output / outputs * inputs + input) * outputs + output % outputs) * height * width
        places += (0..<height * width).reversed().map { start + $0 }
      }
    }
    return weight.gathered(places, shape: [groups * outputs, inputs, height, width])
  }

  /// Zeros behind each position, one less than the stride: a dimension of one that is padded, and joined with its neighbour.
  private static func spread(
    _ value: Value, _ channels: Int, _ size: [Int], _ stride: [Int], _ call: inout OperatorCall
  ) -> Value {
    guard stride != [1, 1] else { return value }
    let single = call.append(ReshapeRows(), [value], RowShape([1, channels, size[0], 1, size[1], 1]))
    let padded = call.append(
      PadRows(padding: [0, 0, 0, 0, 0, stride[0] - 1, 0, 0, 0, stride[1] - 1]), [single],
      RowShape([1, channels, size[0], stride[0], size[1], stride[1]]))
    return call.append(
      ReshapeRows(), [padded], RowShape([1, channels, size[0] * stride[0], size[1] * stride[1]]))
  }
}
