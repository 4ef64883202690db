internal import ComputeKernels

/// How a window goes over an image: sizes in both directions, and what is around the image.
package struct Window: Sendable, Hashable {
  /// (height, width).
  package let kernel: [Int]
  package let stride: [Int]
  /// (top, bottom, left, right).
  package let padding: [Int]
  package let dilation: [Int]

  package init(_ kernelSize: Int, stride: Int) {
    kernel = [kernelSize, kernelSize]
    self.stride = [stride, stride]
    padding = [0, 0, 0, 0]
    dilation = [1, 1]
  }

  /// - Parameter stride: Its default; nil where a text must say it.
  init(_ fields: LayerFields, stride: Int?, hasDilation: Bool) throws(ArchitectureError) {
    kernel = try fields.pair("kernel_size")
    self.stride = try fields.pair("stride", default: stride)
    padding = try fields.padding()
    dilation = hasDilation ? try fields.pair("dilation", default: 1) : [1, 1]
  }

  static let keys: Set<String> = ["kernel_size", "stride", "padding"]

  /// As JSON; `stride` always where it has no default.
  func members(strideHasDefault: Bool) -> [(key: String, json: String)] {
    var members = [(key: "kernel_size", json: JSONText.pair(kernel))]
    if !strideHasDefault || stride != [1, 1] { members.append((key: "stride", json: JSONText.pair(stride))) }
    if padding != [0, 0, 0, 0] { members.append((key: "padding", json: JSONText.list(padding))) }
    if dilation != [1, 1] { members.append((key: "dilation", json: JSONText.pair(dilation))) }
    return members
  }

  /// Whether it is square, without padding and dilation: what format 1.0 knows.
  var isPlain: Bool {
    kernel[0] == kernel[1] && stride[0] == stride[1] && padding == [0, 0, 0, 0] && dilation == [1, 1]
  }

  /// Whether a window can lie entirely outside the image on some side: then a mean or maximum has nothing there.
  private var padsBeyondWindow: Bool {
    max(padding[0], padding[1]) >= kernel[0] || max(padding[2], padding[3]) >= kernel[1]
  }

  /// (height, width) of the positions.
  func positions(
    _ shape: [Int], _ place: LayerPlace, isPool: Bool
  ) throws(ArchitectureError) -> [Int] {
    let image = try place.image(shape)
    for size in kernel { try place.positive(size, "kernel_size") }
    for size in stride { try place.positive(size, "stride") }
    for size in dilation { try place.positive(size, "dilation") }
    for size in kernel + stride + padding + dilation where size > 1 << 20 {
      throw place.error("has a window of size \(size), larger than any image")
    }
    if isPool, padsBeyondWindow {
      throw place.error("is as large as the window: some windows would hold nothing but padding", at: "padding")
    }
    var result: [Int] = []
    for axis in 0..<2 {
      let room = image[axis + 1] + padding[2 * axis] + padding[2 * axis + 1]
      let extent = dilation[axis] * (kernel[axis] - 1) + 1
      guard extent <= room else {
        throw place.error(
          "has a kernel of size \(JSONText.pair(kernel)) that does not fit its input of shape \(shape)")
      }
      result.append((room - extent) / stride[axis] + 1)
    }
    return result
  }

  /// For people: `5×5`, `3×3/2`.
  var words: String {
    "\(kernel[0])×\(kernel[1])"
      + (stride == [1, 1] ? "" : stride[0] == stride[1] ? "/\(stride[0])" : "/\(stride[0])×\(stride[1])")
  }

  var extent: ImageExtent { ImageExtent(height: kernel[0], width: kernel[1]) }
  var steps: ImageExtent { ImageExtent(height: stride[0], width: stride[1]) }
  var spread: ImageExtent { ImageExtent(height: dilation[0], width: dilation[1]) }
  var sides: ImagePadding {
    ImagePadding(top: padding[0], bottom: padding[1], left: padding[2], right: padding[3])
  }
}
