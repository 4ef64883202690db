/// The sizes of a convolution.
///
/// Windows of `kernel` elements, `dilation` apart, go over the padded image in steps of `stride`; what remains behind
/// the last whole window is ignored. With `groups`, channels and filters are split into as many equal parts, and each
/// filter sees the channels of its own part: as many groups as channels make a depthwise convolution.
public struct ConvolutionGeometry: Sendable, Hashable {
  /// Number of images of a block.
  public var rows: Int
  /// (channels, height, width).
  public var inputShape: [Int]
  /// Number of output channels.
  public var filters: Int
  /// Size of a window.
  public var kernel: ImageExtent
  /// Steps between windows.
  public var stride: ImageExtent
  /// Zeros around the image.
  public var padding: ImagePadding
  /// Distance of a window's elements: 1 where they are neighbours.
  public var dilation: ImageExtent
  /// Parts of the channels that are convolved separately.
  public var groups: Int

  /// A convolution; without further words valid, dense and with stride 1. Whether the sizes fit is checked by the
  /// kernel that is made of it.
  public init(
    rows: Int, inputShape: [Int], filters: Int, kernel: ImageExtent, stride: ImageExtent = ImageExtent(1),
    padding: ImagePadding = .none, dilation: ImageExtent = ImageExtent(1), groups: Int = 1
  ) {
    self.rows = rows
    self.inputShape = inputShape
    self.filters = filters
    self.kernel = kernel
    self.stride = stride
    self.padding = padding
    self.dilation = dilation
    self.groups = groups
  }

  /// (filters, height, width) of the results, for sizes that fit.
  public var outputShape: [Int] {
    let (vertical, horizontal) = axes
    return [filters, vertical.positions, horizontal.positions]
  }

  /// Dimensions of the weights, in C order: (filters, channels / groups, kernel height, kernel width).
  public var weightShape: [Int] { [filters, inputShape[0] / groups, kernel.height, kernel.width] }

  /// Number of weights.
  public var weightCount: Int { weightShape.reduce(1, *) }

  var windows: Windows { Windows(size: kernel, stride: stride, dilation: dilation, padding: padding) }

  var axes: (vertical: WindowAxis, horizontal: WindowAxis) {
    windows.axes(height: inputShape[1], width: inputShape[2])
  }

  /// Throws the sentence that says what is wrong with the sizes.
  func check(for name: String) throws {
    guard inputShape.count == 3 else { throw KernelError("\(name): images are (channels, height, width)") }
    let counts = [rows, inputShape[0], filters, groups]
    guard counts.allSatisfy({ $0 > 0 }) else { throw KernelError("\(name): sizes must be positive") }
    guard counts.allSatisfy({ $0 <= WindowAxis.limit }) else {
      throw KernelError("\(name): no size may exceed \(WindowAxis.limit)")
    }
    guard inputShape[0] % groups == 0, filters % groups == 0 else {
      throw KernelError("\(name): \(groups) groups must divide the channels and the filters")
    }
    try windows.check(height: inputShape[1], width: inputShape[2], for: name)
    let patches = weightShape.dropFirst() + outputShape.dropFirst()
    for sizes in [[rows] + inputShape, [rows] + outputShape, weightShape, Array(patches)] {
      guard sizes.hasAddressableProduct else { throw KernelError("\(name) does not fit into memory") }
    }
  }
}

extension ConvolutionGeometry: CustomStringConvertible {
  /// What a sentence about it calls it.
  public var description: String {
    var text = "a convolution of \(rows) images \(inputShape) with \(filters) filters of size \(kernel)"
    if stride != ImageExtent(1) { text += ", stride \(stride)" }
    if padding != .none { text += ", padding \(padding)" }
    if dilation != ImageExtent(1) { text += ", dilation \(dilation)" }
    if groups != 1 { text += ", in \(groups) groups" }
    return text
  }
}

extension [Int] {
  /// Whether an array of these sizes can be addressed, with eight bytes an element and some room for padding.
  var hasAddressableProduct: Bool {
    var product = 64
    for size in self {
      let (next, overflow) = product.multipliedReportingOverflow(by: size)
      if overflow { return false }
      product = next
    }
    return true
  }
}
