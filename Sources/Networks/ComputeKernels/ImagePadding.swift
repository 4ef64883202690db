/// Rows and columns that windows find around an image. The sides may differ: where TensorFlow's "SAME" needs an odd
/// number, the larger half is at the bottom and right, and results differ from a padding of one on every side.
public struct ImagePadding: Sendable, Hashable {
  /// Rows above the image.
  public var top: Int
  /// Rows below the image.
  public var bottom: Int
  /// Columns before the image.
  public var left: Int
  /// Columns behind the image.
  public var right: Int

  /// Nothing.
  public static let none = ImagePadding(0)

  /// Four numbers.
  public init(top: Int, bottom: Int, left: Int, right: Int) {
    self.top = top
    self.bottom = bottom
    self.left = left
    self.right = right
  }

  /// The same number on every side.
  public init(_ all: Int) { self.init(top: all, bottom: all, left: all, right: all) }
}

extension ImagePadding: CustomStringConvertible {
  /// The four numbers: top, bottom, left, right.
  public var description: String { "(\(top), \(bottom), \(left), \(right))" }
}
