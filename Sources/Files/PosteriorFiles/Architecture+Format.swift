import Foundation
import NeuralNetworks

extension Architecture {
  /// What of the description format 1.0 cannot say, a clause that continues "/model@architecture …"; nil for nothing.
  var beyondFormat10: String? {
    let spelling = Spelling(json)
    if let index = layers.indices.first(where: { !isOfFormat10($0) || !spelling.isOfFormat10($0) }) {
      return "has with layers[\(index)] a type of layer or a key that format 1.0 does not know"
    }
    if !(layers.last?.kind is Dense) { return "has a last layer that is not dense" }
    return isOfFormat10 ? nil : "gives one number for two classes"
  }

  private func isOfFormat10(_ index: Int) -> Bool {
    let layer = layers[index]
    let isNamed = layer.kind is Dense || layer.kind is Convolution
    return layer.kind.isOfFormat10 && layer.inputs == nil && (layer.name == nil || isNamed)
  }

  /// What makes probabilities where logits are needed; nil for nothing. A single number for two classes may be the
  /// probability of a sigmoid, whose logit is known: that is what entered it.
  var probabilityFunction: ElementwiseFunction? {
    switch lastFunction {
    case .hardsigmoid: .hardsigmoid
    case .sigmoid: .sigmoid
    default: nil
    }
  }
}

/// How a description is spelled: a key whose value is its default says nothing new, and readers of format 1.0 refuse it
/// all the same.
private struct Spelling {
  private let layers: [[String: Any]]

  private static let keys: [String: Set<String>] = [
    "normalize": ["mean", "scale"], "flatten": [], "dense": ["name", "units", "activation"],
    "conv2d": ["name", "filters", "kernel_size", "activation"], "max_pool2d": ["kernel_size", "stride"],
  ]

  /// - Parameter json: A text that has been read as an architecture.
  init(_ json: String) {
    let text = try? JSONSerialization.jsonObject(with: Data(json.utf8)) as? [String: Any]
    layers = text?["layers"] as? [[String: Any]] ?? []
  }

  func isOfFormat10(_ index: Int) -> Bool {
    guard layers.indices.contains(index), let type = layers[index]["type"] as? String, let known = Self.keys[type]
    else {
      return false
    }
    let isPlain = ["kernel_size", "stride"].allSatisfy { !(layers[index][$0] is [Any]) }
    return isPlain && layers[index].keys.allSatisfy { $0 == "type" || known.contains($0) }
  }
}
