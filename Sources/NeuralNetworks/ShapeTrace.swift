/// Follows the shape of one example through the layers, and collects the parameters that it needs on the way.
struct ShapeTrace {
  private(set) var layerShapes: [[Int]] = []
  private(set) var parameters: [Architecture.Parameter] = []
  private(set) var parameterCount = 0
  private var names: Set<String> = []

  init(inputShape: [Int], classCount: Int, layers: [Architecture.Layer]) throws(ArchitectureError) {
    guard (1...8).contains(inputShape.count) else {
      throw ArchitectureError(
        location: "input_shape", reason: "has \(inputShape.count) dimensions; 1 to 8 are possible")
    }
    for size in inputShape { try Self.checkSize(size, "input_shape") }
    _ = try Self.product(inputShape, "input_shape")
    try Self.checkSize(classCount, "class_count")
    guard !layers.isEmpty else { throw ArchitectureError(location: "layers", reason: "is empty") }

    var shape = inputShape
    for (index, layer) in layers.enumerated() {
      shape = try append(layer, at: index, inputShape: shape)
      layerShapes.append(shape)
    }
    let last = "layers[\(layers.count - 1)]"
    guard case .dense(_, let units, _)? = layers.last else {
      throw ArchitectureError(location: last, reason: "is not dense; the last layer gives the logits")
    }
    guard units == classCount else {
      throw ArchitectureError(
        location: last, reason: "has \(units) units; the last layer needs as many as class_count, \(classCount)")
    }
  }

  private mutating func append(
    _ layer: Architecture.Layer, at index: Int, inputShape: [Int]
  ) throws(ArchitectureError) -> [Int] {
    let location = "layers[\(index)]"
    switch layer {
    case .flatten:
      return [try Self.product(inputShape, location)]

    case .dense(let name, let units, _):
      try Self.checkSize(units, "\(location).units")
      guard inputShape.count == 1 else {
        throw ArchitectureError(
          location: location, reason: "is dense and its input has shape \(inputShape); a flatten layer must come before"
        )
      }
      try addParameters(name, weight: [units, inputShape[0]], location)
      return [units]

    case .convolution(let name, let filters, let kernelSize, _):
      try Self.checkSize(filters, "\(location).filters")
      try Self.checkSize(kernelSize, "\(location).kernel_size")
      let input = try Self.image(inputShape, kernelSize, location)
      try addParameters(name, weight: [filters, input[0], kernelSize, kernelSize], location)
      let shape = [filters, input[1] - kernelSize + 1, input[2] - kernelSize + 1]
      _ = try Self.product(shape, location)
      return shape

    case .maxPool(let kernelSize, let stride):
      try Self.checkSize(kernelSize, "\(location).kernel_size")
      try Self.checkSize(stride, "\(location).stride")
      let input = try Self.image(inputShape, kernelSize, location)
      return [input[0], (input[1] - kernelSize) / stride + 1, (input[2] - kernelSize) / stride + 1]

    case .normalize(let mean, let scale):
      guard index == 0 else {
        throw ArchitectureError(location: location, reason: "is normalize, which can only be the first layer")
      }
      guard mean.count == inputShape[0], scale.count == inputShape[0] else {
        throw ArchitectureError(
          location: location,
          reason: "has \(mean.count) means and \(scale.count) scales for \(inputShape[0]) channels")
      }
      guard mean.allSatisfy(\.isFinite) else {
        throw ArchitectureError(location: "\(location).mean", reason: "is not finite")
      }
      guard scale.allSatisfy({ $0.isFinite && $0 > 0 }) else {
        throw ArchitectureError(location: "\(location).scale", reason: "is not finite and positive")
      }
      return inputShape
    }
  }

  private static func image(_ shape: [Int], _ kernelSize: Int, _ location: String) throws(ArchitectureError) -> [Int] {
    guard shape.count == 3 else {
      throw ArchitectureError(
        location: location, reason: "needs an input of (channels, height, width), and gets shape \(shape)")
    }
    guard kernelSize <= shape[1], kernelSize <= shape[2] else {
      throw ArchitectureError(
        location: location, reason: "has a kernel of size \(kernelSize) that does not fit its input of shape \(shape)")
    }
    return shape
  }

  private mutating func addParameters(_ name: String, weight: [Int], _ location: String) throws(ArchitectureError) {
    // Names become links of an HDF5 group, where "/" separates groups and "." is the group itself.
    guard !name.isEmpty, name != ".", name != "..", name.utf8.count <= 200,
      !name.unicodeScalars.contains(where: { $0 == "/" || $0.value < 0x20 || $0.value == 0x7F })
    else {
      throw ArchitectureError(
        location: "\(location).name", reason: "is \(JSONValue.quoted(name)), which cannot be a name in a file")
    }
    guard names.insert(name).inserted else {
      throw ArchitectureError(location: "\(location).name", reason: "is \"\(name)\", the name of another layer")
    }
    for parameter in [
      Architecture.Parameter(name: "\(name).weight", shape: weight),
      Architecture.Parameter(name: "\(name).bias", shape: [weight[0]]),
    ] {
      let count = try Self.product(parameter.shape, location)
      let (sum, overflow) = parameterCount.addingReportingOverflow(count)
      guard !overflow, sum <= Int.max / 8 else { throw Self.tooLarge(location) }
      parameterCount = sum
      parameters.append(parameter)
    }
  }

  private static func checkSize(_ size: Int, _ location: String) throws(ArchitectureError) {
    guard size >= 1 else { throw ArchitectureError(location: location, reason: "is \(size); sizes start at 1") }
  }

  /// Product of sizes, small enough that eight bytes each still fit.
  private static func product(_ sizes: [Int], _ location: String) throws(ArchitectureError) -> Int {
    var result = 1
    for size in sizes {
      let (product, overflow) = result.multipliedReportingOverflow(by: size)
      guard !overflow, product <= Int.max / 8 else { throw tooLarge(location) }
      result = product
    }
    return result
  }

  private static func tooLarge(_ location: String) -> ArchitectureError {
    ArchitectureError(location: location, reason: "has sizes whose product overflows")
  }
}
