import RobustnessCore

/// Where the numbers of an input lie: pixels in rows and columns, each with one number for every channel. A vector that
/// is no image has one pixel a number, and no neighbours.
struct Raster: Sendable, Hashable {
  let channels: Int
  let height: Int
  let width: Int
  /// Whether rows and columns mean anything.
  let isImage: Bool

  /// The raster of inputs of shape `shape`: two axes are (height, width), three (channels, height, width).
  ///
  /// - Throws: `CoreError` when a vector is to be a square image and is none.
  init(_ shape: [Int], vectors: VectorFeatures) throws {
    let size = shape.reduce(1, *)
    switch (shape.count, vectors) {
    case (2, _): (channels, height, width, isImage) = (1, shape[0], shape[1], true)
    case (3, _): (channels, height, width, isImage) = (shape[0], shape[1], shape[2], true)
    case (_, .each): (channels, height, width, isImage) = (1, 1, size, false)
    case (_, .squareImage):
      let found = [1, 3].compactMap { channels -> (Int, Int)? in
        let side = Int(Double(size / channels).squareRoot().rounded())
        return channels * side * side == size ? (channels, side) : nil
      }
      guard let (planes, side) = found.first else {
        throw CoreError(
          "feature-guided: vectors=square-image needs inputs of n·n or 3·n·n numbers, and these have \(size); "
            + "use vectors=each")
      }
      (channels, height, width, isImage) = (planes, side, side, true)
    }
  }

  var pixelCount: Int { height * width }

  /// The positions of a pixel's numbers; pixels are counted row by row.
  func places(_ pixel: Int) -> [Int] {
    (0..<channels).map { $0 * pixelCount + pixel }
  }

  /// The mean over the channels of every pixel, in units in which the box has width 1.
  func greys(_ input: Tensor, in threat: ThreatModel) -> [Double] {
    let span = threat.box.upperBound - threat.box.lowerBound
    return (0..<pixelCount).map { pixel in
      var sum = 0.0
      for channel in 0..<channels {
        let place = channel * pixelCount + pixel
        let box = threat.boxPerFeature?[place]
        let width = box.map { $0.upperBound - $0.lowerBound } ?? span
        let low = box?.lowerBound ?? threat.box.lowerBound
        sum += width > 0 ? (input.elements[place] - low) / width : 0
      }
      return sum / Double(channels)
    }
  }
}
