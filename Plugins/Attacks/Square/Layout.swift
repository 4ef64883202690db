import RobustnessCore

#if canImport(Darwin)
import Darwin
#elseif canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// How the features of an input lie beside each other, and so what a window of it is.
enum Layout: Sendable, Hashable {
  /// An image of `channels` planes, row-major.
  case image(channels: Int, height: Int, width: Int)
  /// A vector whose neighbours belong together.
  case runs(Int)
  /// A vector in no order.
  case scattered(Int)

  /// The layout of inputs of shape `shape`: two axes are (height, width), three (channels, height, width).
  ///
  /// - Throws: `CoreError` when a vector is to be a square image and is none.
  init(_ shape: [Int], vectors: VectorWindows) throws {
    let size = shape.reduce(1, *)
    switch (shape.count, vectors) {
    case (2, _): self = .image(channels: 1, height: shape[0], width: shape[1])
    case (3, _): self = .image(channels: shape[0], height: shape[1], width: shape[2])
    case (_, .scattered): self = .scattered(size)
    case (_, .runs): self = .runs(size)
    case (_, .squareImage):
      let found = [1, 3].compactMap { channels -> Layout? in
        let side = Int(Double(size / channels).squareRoot().rounded())
        return channels * side * side == size ? .image(channels: channels, height: side, width: side) : nil
      }
      guard let image = found.first else {
        throw CoreError(
          "square: vectors=square-image needs inputs of n·n or 3·n·n numbers, and these have \(size); "
            + "use vectors=scattered")
      }
      self = image
    }
  }

  /// Number of planes whose windows are drawn together, each with a sign of its own.
  var channelCount: Int {
    if case .image(let channels, _, _) = self { return channels }
    return 1
  }

  /// The extent of a window that covers `fraction` of a plane: the side of a square, or a number of features.
  ///
  /// - Parameters:
  ///   - fraction: p of the paper.
  ///   - norm: in L2 a square has an odd side of at least 3, so that its bump has a centre, and a vector's window two
  ///     features, between which norm can turn.
  func extent(of fraction: Double, _ norm: Norm) -> Int {
    switch self {
    case .image(_, let height, let width):
      var side = max(Int((fraction * Double(height * width)).squareRoot().rounded()), norm == .l2 ? 3 : 1)
      if norm == .l2, side % 2 == 0 { side += 1 }
      return min(side, height, width)
    case .runs(let count), .scattered(let count):
      return min(max(Int((fraction * Double(count)).rounded()), norm == .l2 ? 2 : 1), count)
    }
  }

  /// A window anywhere in the input, the last row and column included: the positions of its features, one list for each
  /// plane, in the order of ``bump(extent:_:)``.
  func window(extent: Int, _ stream: inout RandomStream) -> [[Int]] {
    switch self {
    case .image(_, let height, let width):
      let top = stream.below(height - extent + 1)
      let left = stream.below(width - extent + 1)
      return square(top: top, left: left, extent)
    case .runs(let count):
      let first = stream.below(count - extent + 1)
      return [Array(first..<first + extent)]
    case .scattered(let count):
      // The head of a shuffle (Fisher and Yates).
      var order = Array(0..<count)
      for place in 0..<extent { order.swapAt(place, place + stream.below(count - place)) }
      return [Array(order[..<extent])]
    }
  }

  /// The features of a window that share a sign in L∞: those of a plane, and in no order each alone.
  func signGroups(of window: [[Int]]) -> [[Int]] {
    guard case .scattered = self else { return window }
    return window.joined().map { [$0] }
  }

  private func square(top: Int, left: Int, _ extent: Int) -> [[Int]] {
    guard case .image(let channels, let height, let width) = self else { return [] }
    return (0..<channels).map { channel in
      var places: [Int] = []
      places.reserveCapacity(extent * extent)
      for row in top..<top + extent {
        let start = (channel * height + row) * width + left
        places.append(contentsOf: start..<start + extent)
      }
      return places
    }
  }

  /// The windows that the first perturbation consists of, one list for each window and plane: in L∞ the columns of an
  /// image and the single features of a vector, in L2 a grid of five by five squares, or five runs.
  func tiles(_ norm: Norm) -> [[Int]] {
    switch (self, norm) {
    case (.image(let channels, let height, let width), .linf):
      return (0..<channels * width).map { stripe in
        let (channel, column) = (stripe / width, stripe % width)
        return (0..<height).map { (channel * height + $0) * width + column }
      }
    case (.image(_, let height, let width), .l2):
      let side = max(1, min(height, width) / 5)
      return Self.starts(height, side).flatMap { top in
        Self.starts(width, side).flatMap { left in square(top: top, left: left, side) }
      }
    case (.runs(let count), .l2):
      let length = max(1, count / 5)
      return Self.starts(count, length).map { Array($0..<$0 + length) }
    case (.runs(let count), .linf), (.scattered(let count), _):
      return (0..<count).map { [$0] }
    }
  }

  /// As many intervals of `length` as fit, in the middle.
  private static func starts(_ total: Int, _ length: Int) -> [Int] {
    let count = total / length
    let first = (total - count * length) / 2
    return (0..<count).map { first + $0 * length }
  }
}

extension RandomStream {
  /// A whole number from 0 up to, without, `bound`.
  mutating func below(_ bound: Int) -> Int { Int(next().multipliedFullWidth(by: UInt64(bound)).high) }

  /// 1 or −1.
  mutating func sign() -> Double { next() >> 63 == 0 ? 1 : -1 }
}
