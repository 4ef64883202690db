/// What every metric must keep to. The raw value is the name that a failure gives.
public enum MetricRule: String, CaseIterable, Sendable {
  /// The name can be typed.
  case declaration
  /// A finite number with a unit, and the number of examples that it rests on.
  case value
  /// Where there is an interval, the number lies in it.
  case interval
  /// One example and many.
  case oneAndMany = "one-and-many"
  /// Two classes.
  case twoClasses = "two-classes"
  /// Inputs that are vectors and images.
  case inputShapes = "input-shapes"
  /// Probabilities of exactly 0 and 1 (log-probabilities of −∞ and 0) give no NaN.
  case certainty
  /// Nobody or everybody fooled gives no NaN.
  case extremes
  /// The same outcomes give the same bits.
  case determinism
  /// The order of the examples does not matter.
  case orderIndependence = "order-independence"
  /// The log-probabilities of single draws are declared when they are read.
  case members
}

extension MetricRule: ConformanceRule {
  var requirement: String {
    switch self {
    case .declaration: "the name can be typed"
    case .value: "a finite number with a unit, and the number of examples that it rests on"
    case .interval: "where there is an interval, the number lies in it"
    case .oneAndMany: "one example and many"
    case .twoClasses: "two classes"
    case .inputShapes: "inputs that are vectors and images"
    case .certainty: "probabilities of exactly 0 and 1 give no NaN"
    case .extremes: "nobody or everybody fooled gives no NaN"
    case .determinism: "the same outcomes give the same bits"
    case .orderIndependence: "the order of the examples does not matter"
    case .members: "log-probabilities of single draws are declared when they are read"
    }
  }
}
