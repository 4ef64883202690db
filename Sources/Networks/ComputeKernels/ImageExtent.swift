/// A number for each of an image's two directions: the size of a window, its steps, its dilation.
public struct ImageExtent: Sendable, Hashable {
  /// Vertically, in rows of pixels.
  public var height: Int
  /// Horizontally, in columns of pixels.
  public var width: Int

  /// Two numbers.
  public init(height: Int, width: Int) {
    self.height = height
    self.width = width
  }

  /// The same number in both directions.
  public init(_ both: Int) { self.init(height: both, width: both) }
}

extension ImageExtent: CustomStringConvertible {
  /// "height × width".
  public var description: String { "\(height)×\(width)" }
}
