/// The data of a posterior: a set that `train --data` knows, or one that is made here and handed to it as a file.
public enum DataSpec: Sendable, Hashable {
  /// `mnist`, `fashion-mnist`, `half-moons` or `half-moons-noise-free`, all of it.
  case named(String)
  /// Noise-free half-moons, laid isometrically into a plane of a space of this dimension.
  case embeddedMoons(dimension: Int)
  /// Two concentric spheres of radius 1 and 1.3 in this dimension, one for each class (Gilmer et al. 2018, arXiv
  /// 1801.02774).
  case spheres(dimension: Int)
  /// The last images of a set in a random order: the mini-batch whose chain the authors' code keeps.
  case lastBatch(of: String, size: Int)

  /// A name for files and tables.
  public var name: String {
    switch self {
    case .named(let name): name
    case .embeddedMoons(let dimension): "half-moons-in-\(dimension)"
    case .spheres(let dimension): "spheres-in-\(dimension)"
    case .lastBatch(let name, let size): "\(name)-last-\(size)"
    }
  }
}
