/// What every attack must keep to. The raw value is the name that a failure gives.
public enum AttackRule: String, CaseIterable, Sendable {
  /// The name can be typed, and options read back as they are written.
  case declaration
  /// Points stay within ε of their inputs, in every norm that the attack declares, for small and large ε and for a
  /// radius for each feature.
  case budget
  /// Points stay in the box, also for inputs on its border and for a box other than [0, 1].
  case box
  /// With ε = 0 the inputs come back.
  case zeroEpsilon = "zero-epsilon"
  /// One input and many: the result has the shape of the inputs.
  case oneAndMany = "one-and-many"
  /// Vectors and images: the result has the shape of the inputs.
  case inputShapes = "input-shapes"
  /// Two classes are enough, unless the attack declares that it needs more.
  case twoClasses = "two-classes"
  /// Where every gradient is exactly zero, the points are finite and inside.
  case zeroGradients = "zero-gradients"
  /// Only features that the mask allows are changed.
  case mask
  /// The same streams give the same bits.
  case determinism
  /// A point does not depend on which other examples are attacked with it.
  case batchIndependence = "batch-independence"
  /// Running on several threads at once changes nothing.
  case threadIndependence = "thread-independence"
  /// With a target, the attack climbs towards it. For attacks that declare targets and use gradients.
  case target
  /// Where the robust radius is known exactly, 1.25 times of it is enough. For attacks that use gradients.
  case strength
}

extension AttackRule: ConformanceRule {
  var requirement: String {
    switch self {
    case .declaration: "the name can be typed and options read back as written"
    case .budget: "points stay within ε of their inputs"
    case .box: "points stay in the box"
    case .zeroEpsilon: "with ε = 0 the inputs come back"
    case .oneAndMany: "one input and many"
    case .inputShapes: "vectors and images"
    case .twoClasses: "two classes are enough, unless more are declared"
    case .zeroGradients: "finite points inside the threat model where every gradient is exactly zero"
    case .mask: "only features that the mask allows are changed"
    case .determinism: "the same streams give the same bits"
    case .batchIndependence: "a point does not depend on which other examples are attacked with it"
    case .threadIndependence: "several threads at once change nothing"
    case .target: "with a target, the attack climbs towards it"
    case .strength: "1.25 times the exactly known robust radius is enough"
    }
  }
}
