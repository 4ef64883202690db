/// How the size of a perturbation is measured.
public enum Norm: String, Codable, Sendable, CaseIterable {
  /// The largest change of any feature.
  case linf
  /// The Euclidean length of the change.
  case l2

  /// "L∞" or "L2".
  public var symbol: String {
    switch self {
    case .linf: "L∞"
    case .l2: "L2"
    }
  }
}

/// How a point is brought back into the ball and the box.
public enum Projection: String, Codable, Sendable, CaseIterable {
  /// The nearest point of ball ∩ box (Euclidean).
  case exact
  /// The ball first, then the box, as Foolbox and torchattacks do. For L2 the result can be further from the point than
  /// need be.
  case sequential
  /// The box first, then the ball, as ART and CleverHans do.
  case boxFirst = "box-first"
}
