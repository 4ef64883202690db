import RobustnessCore

#if canImport(Darwin)
import Darwin
#elseif canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// A salient feature: a component of the mixture of Gaussians over the pixels.
struct Keypoint: Sendable, Hashable {
  /// Its centre, in pixels.
  var row: Int
  var column: Int
  /// Standard deviation of the pixels that belong to it.
  var spread: Double
  /// How strongly it stands out.
  var response: Double
}

/// Keypoints as SIFT finds them (Lowe 2004, §3): pixels at which the difference of two Gaussian blurs is larger, or
/// smaller, than at all neighbours in place and scale. The response is the magnitude of the difference.
struct KeypointDetector {
  /// Blurs from scale to scale; three scales an octave.
  static let ratio = 1.2599210498948732
  /// The finest blur, in pixels.
  static let finest = 0.8
  /// Differences below this are flat (Lowe's threshold of 0.03 is for three of our steps at once).
  static let faintest = 0.01
  /// No more features than these, the strongest.
  static let most = 64
  /// What the paper's program adds to a feature's spread, 15 pixels of images enlarged fifteenfold. The spread itself is
  /// OpenCV's size of a keypoint, which is a diameter: twice the blur.
  static let margin = 1.0

  /// The keypoints of an input. A flat image has one, in its middle and as wide as a quarter of it; an input that is no
  /// image has one for each number.
  static func keypoints(_ input: Tensor, _ raster: Raster, in threat: ThreatModel) -> [Keypoint] {
    guard raster.isImage else {
      return (0..<raster.pixelCount).map { Keypoint(row: 0, column: $0, spread: 0, response: 1) }
    }
    let differences = scaleSpace(raster.greys(input, in: threat), raster)
    var found: [Keypoint] = []
    for scale in 1..<max(1, differences.count - 1) {
      for pixel in 0..<raster.pixelCount where isExtremum(differences, scale, pixel, raster) {
        found.append(
          Keypoint(
            row: pixel / raster.width, column: pixel % raster.width,
            spread: 2 * finest * pow(ratio, Double(scale)) + margin, response: abs(differences[scale][pixel])))
      }
    }
    guard !found.isEmpty else {
      let side = Double(min(raster.height, raster.width))
      return [Keypoint(row: raster.height / 2, column: raster.width / 2, spread: side / 4 + margin, response: 1)]
    }
    // Of equal responses the one that was found first: sorting alone would not say.
    let order = found.indices.sorted { (found[$0].response, -$0) > (found[$1].response, -$1) }
    return order.prefix(most).map { found[$0] }
  }

  /// Differences of neighbouring blurs, up to a blur of a quarter of the image.
  private static func scaleSpace(_ image: [Double], _ raster: Raster) -> [[Double]] {
    let coarsest = Double(min(raster.height, raster.width)) / 4
    var sigma = finest
    var blurs: [[Double]] = []
    while sigma <= coarsest || blurs.count < 4 {
      blurs.append(blurred(image, raster, sigma))
      sigma *= ratio
    }
    return zip(blurs.dropFirst(), blurs).map { coarse, fine in zip(coarse, fine).map { $0 - $1 } }
  }

  /// The image under a Gaussian of standard deviation `sigma`, its border continued.
  private static func blurred(_ image: [Double], _ raster: Raster, _ sigma: Double) -> [Double] {
    let reach = Int((3 * sigma).rounded(.up))
    let weights = (-reach...reach).map { exp(-0.5 * Double($0 * $0) / (sigma * sigma)) }
    let total = weights.reduce(0, +)
    func pass(_ source: [Double], along length: Int, stride: Int, lines: Int, apart: Int) -> [Double] {
      var result = source
      for line in 0..<lines {
        for place in 0..<length {
          var sum = 0.0
          for (offset, weight) in weights.enumerated() {
            let from = min(max(place + offset - reach, 0), length - 1)
            sum += weight * source[line * apart + from * stride]
          }
          result[line * apart + place * stride] = sum / total
        }
      }
      return result
    }
    let rows = pass(image, along: raster.width, stride: 1, lines: raster.height, apart: raster.width)
    return pass(rows, along: raster.height, stride: raster.width, lines: raster.width, apart: 1)
  }

  private static func isExtremum(_ differences: [[Double]], _ scale: Int, _ pixel: Int, _ raster: Raster) -> Bool {
    let value = differences[scale][pixel]
    guard abs(value) >= faintest else { return false }
    let (row, column) = (pixel / raster.width, pixel % raster.width)
    for level in scale - 1...scale + 1 {
      for y in max(row - 1, 0)...min(row + 1, raster.height - 1) {
        for x in max(column - 1, 0)...min(column + 1, raster.width - 1) {
          let other = y * raster.width + x
          if level == scale, other == pixel { continue }
          let neighbour = differences[level][other]
          if value > 0 ? neighbour >= value : neighbour <= value { return false }
        }
      }
    }
    return true
  }
}
