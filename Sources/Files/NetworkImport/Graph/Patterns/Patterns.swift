/// Several operators that together are one layer, recognised at the last of them.
protocol Pattern {
  /// How layers compute a value, if it is the end of such a pattern.
  static func plan(_ id: Int, _ graph: RowGraph) throws -> LayerPlan?
}

/// The patterns, a line each; the first that fits is taken.
enum Patterns {
  static let all: [any Pattern.Type] = [
    InputNormalization.self,
    MaskedSoftmax.self,
    Normalization.self,
    ExpandedNormalization.self,
    GroupNormalization.self,
    EuclideanNormalization.self,
    GatedActivation.self,
    ErrorFunctionGELU.self,
    HyperbolicGELU.self,
    ComposedActivation.self,
    ThresholdedSoftplus.self,
    ProductBias.self,
    ChannelAffine.self,
  ]
}

/// factor · x + shift.
struct AffineView {
  let base: Int
  var factor: Double
  var shift: Double

  var isIdentity: Bool { factor == 1 && shift == 0 }
}

extension RowGraph {
  /// So many steps are looked at together: no pattern has more, and a long chain costs no square of its length.
  static let chainLimit = 32

  /// What is left of a value without the constants that multiply it and are added to it.
  func affine(_ id: Int) -> AffineView {
    var view = AffineView(base: id, factor: 1, shift: 0)
    var steps = 0
    while steps < Self.chainLimit, let binary = nodes[view.base].operation as? BinaryRows {
      let inputs = nodes[view.base].inputs
      let (number, next): (Double, Int)
      let isReversed: Bool
      if let scalar = inputs[1].scalar, let id = inputs[0].rowID {
        (number, next, isReversed) = (scalar, id, false)
      } else if let scalar = inputs[0].scalar, let id = inputs[1].rowID {
        (number, next, isReversed) = (scalar, id, true)
      } else {
        break
      }
      // The number is one, whatever ones its shape is made of: nothing is repeated.
      guard nodes[next].shape.example == nodes[view.base].shape.example else { break }
      switch binary.kind {
      case .add: view.shift += view.factor * number
      case .subtract:
        view.shift += view.factor * (isReversed ? number : -number)
        if isReversed { view.factor = -view.factor }
      case .multiply: view.factor *= number
      case .divide where !isReversed && number != 0: view.factor /= number
      default: return AffineView(base: view.base, factor: view.factor, shift: view.shift)
      }
      view = AffineView(base: next, factor: view.factor, shift: view.shift)
      steps += 1
    }
    return view
  }

  /// The two values that a node multiplies.
  func factors(_ id: Int) -> (Int, Int)? {
    guard let binary = nodes[id].operation as? BinaryRows, binary.kind == .multiply,
      let a = nodes[id].inputs[0].rowID, let b = nodes[id].inputs[1].rowID
    else { return nil }
    return (a, b)
  }

  /// A value and the constant on the other side of it, of a node of a kind.
  func constantSide(_ id: Int, _ kind: BinaryKind, reversible: Bool = true) -> (id: Int, constant: Constant)? {
    guard let binary = nodes[id].operation as? BinaryRows, binary.kind == kind else { return nil }
    let inputs = nodes[id].inputs
    if let own = inputs[0].rowID, let constant = inputs[1].constant { return (own, constant) }
    guard reversible, let own = inputs[1].rowID, let constant = inputs[0].constant else { return nil }
    return (own, constant)
  }

  func activation(_ id: Int) -> ActivationRows.Kind? { (nodes[id].operation as? ActivationRows)?.kind }

  func input(_ id: Int, _ index: Int = 0) -> Int? {
    nodes[id].inputs.indices.contains(index) ? nodes[id].inputs[index].rowID : nil
  }
}
