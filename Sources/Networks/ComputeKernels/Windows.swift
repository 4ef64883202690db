internal import CComputeKernels
internal import COneDNN

/// How windows go over images.
struct Windows: Sendable {
  var size: ImageExtent
  var stride: ImageExtent
  var dilation = ImageExtent(1)
  var padding: ImagePadding

  /// The windows along the height and along the width of an image.
  func axes(height: Int, width: Int) -> (vertical: WindowAxis, horizontal: WindowAxis) {
    (
      WindowAxis(
        length: height, window: size.height, stride: stride.height, dilation: dilation.height, before: padding.top,
        after: padding.bottom),
      WindowAxis(
        length: width, window: size.width, stride: stride.width, dilation: dilation.width, before: padding.left,
        after: padding.right)
    )
  }

  /// Throws the sentence that says what is wrong with them, unless images of this size have at least one.
  func check(height: Int, width: Int, for name: String) throws {
    let axes = axes(height: height, width: width)
    for (axis, direction) in [(axes.vertical, "height"), (axes.horizontal, "width")] {
      if let fault = axis.fault { throw KernelError("\(name): \(fault) (along the \(direction))") }
    }
  }

  var oneDNN: cdnn_windows {
    cdnn_windows(
      size: (Int64(size.height), Int64(size.width)), stride: (Int64(stride.height), Int64(stride.width)),
      dilation: (Int64(dilation.height), Int64(dilation.width)), before: (Int64(padding.top), Int64(padding.left)),
      after: (Int64(padding.bottom), Int64(padding.right)))
  }
}

/// Windows along one direction of an image.
struct WindowAxis: Sendable {
  var length: Int
  var window: Int
  var stride: Int
  var dilation: Int
  var before: Int
  var after: Int

  /// What no size, and no padding, may exceed: oneDNN and the winners of a pooling count in 32 bits.
  static let limit = Int(Int32.max)

  /// Elements from the first to the last of a window.
  var reach: Int { dilation * (window - 1) + 1 }

  /// How many windows there are; those that do not lie within image and padding as a whole do not count.
  var positions: Int { (length + before + after - reach) / stride + 1 }

  /// Why there can be no such windows; nil if there can.
  var fault: String? {
    let sizes = [length, window, stride, dilation]
    if sizes.contains(where: { $0 < 1 }) || before < 0 || after < 0 {
      return "sizes must be positive, and padding not negative"
    }
    if (sizes + [before, after]).contains(where: { $0 > Self.limit }) || before + length + after > Self.limit {
      return "no size may exceed \(Self.limit)"
    }
    if reach > length + before + after {
      return "a window of \(reach) is larger than the image of \(length) with its padding of \(before) + \(after)"
    }
    return nil
  }

  var portable: portable_axis {
    portable_axis(length: length, window: window, stride: stride, dilation: dilation, before: before, after: after)
  }
}
