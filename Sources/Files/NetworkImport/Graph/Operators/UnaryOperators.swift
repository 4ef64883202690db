import Foundation

/// Functions of one number that are no layers by themselves, but parts of normalisations and activations.
enum UnaryOperators: Operator {
  static let types = ["Sqrt", "Reciprocal", "Exp", "Log", "Erf", "Neg", "Abs", "Floor", "Ceil", "Sin", "Cos"]

  static func apply(_ call: inout OperatorCall) throws -> [Value] {
    switch call[0] {
    case .constant(let constant):
      if let integers = constant.integers {
        guard call.node.type == "Neg" else { throw call.refusal("takes whole numbers") }
        let values = try integers.map { value in
          guard let negative = SymbolicInteger(0).adding(value, times: -1) else { throw call.refusal("overflows") }
          return negative
        }
        return [.constant(Constant(shape: constant.shape, values: .integers(values), origins: constant.origins))]
      }
      guard let result = constant.mapped(function(call.node.type)) else { throw call.refusal("takes no numbers") }
      return [.constant(result)]
    case .rows(let id):
      let shape = call.graph[id].shape
      if call.node.type == "Neg" {
        let factor = Value.constant(Constant(shape: [], values: .doubles([-1])))
        return [call.append(BinaryRows(kind: .multiply), [call[0], factor], shape)]
      }
      return [call.append(UnaryRows(type: call.node.type), [call[0]], shape)]
    default: throw call.refusal("has no input that it could take")
    }
  }

  private static func function(_ type: String) -> (Double) -> Double {
    switch type {
    case "Sqrt": { $0.squareRoot() }
    case "Reciprocal": { 1 / $0 }
    case "Exp": { exp($0) }
    case "Log": { log($0) }
    case "Erf": { erf($0) }
    case "Abs": { abs($0) }
    case "Sin": { sin($0) }
    case "Cos": { cos($0) }
    case "Floor": { $0.rounded(.down) }
    case "Ceil": { $0.rounded(.up) }
    default: { -$0 }
    }
  }
}

/// A function of one number without a layer.
struct UnaryRows: RowOperation {
  let type: String
}
