/// The members of one layer's object, as its kind reads them: everything that is not asked for is refused, since a
/// setting that is not applied would give a different network without a word.
package struct LayerFields {
  /// The word of `type`.
  package let type: String
  let members: [String: JSONValue]
  /// `layers[3]`.
  package let location: String

  /// Keys that every layer may have.
  static let common: Set<String> = ["type", "name", "inputs"]

  package func allowOnly(_ known: Set<String>) throws(ArchitectureError) {
    if let unknown = members.keys.filter({ !Self.common.contains($0) && !known.contains($0) }).min() {
      throw ArchitectureError(
        location: location, reason: "has the unknown key \(JSONValue.quoted(unknown)) for a layer of type \"\(type)\"")
    }
  }

  package func has(_ key: String) -> Bool { members[key] != nil }

  func value(_ key: String) throws(ArchitectureError) -> JSONValue {
    guard let value = members[key] else { throw error(key, "is missing") }
    return value
  }

  package func error(_ key: String, _ reason: String) -> ArchitectureError {
    ArchitectureError(location: "\(location).\(key)", reason: reason)
  }

  package func integer(_ key: String, default fallback: Int? = nil) throws(ArchitectureError) -> Int {
    if let fallback, !has(key) { return fallback }
    guard let integer = try value(key).integer else { throw error(key, "is not an integer") }
    return integer
  }

  package func number(_ key: String, default fallback: Double? = nil) throws(ArchitectureError) -> Double {
    if let fallback, !has(key) { return fallback }
    guard let number = try value(key).double else { throw error(key, "is not a number") }
    guard number.isFinite else { throw error(key, "is not finite") }
    return number
  }

  /// A positive number, such as the ε of a normalisation.
  package func positive(_ key: String, default fallback: Double? = nil) throws(ArchitectureError) -> Double {
    let number = try number(key, default: fallback)
    guard number > 0 else { throw error(key, "is \(number); it must be positive") }
    return number
  }

  package func boolean(_ key: String, default fallback: Bool) throws(ArchitectureError) -> Bool {
    guard let value = members[key] else { return fallback }
    guard case .boolean(let truth) = value else { throw error(key, "is neither true nor false") }
    return truth
  }

  package func text(_ key: String) throws(ArchitectureError) -> String {
    guard let text = try value(key).string else { throw error(key, "is not a text") }
    return text
  }

  package func integers(_ key: String) throws(ArchitectureError) -> [Int] {
    try Architecture.Description.list(try value(key), "\(location).\(key)") { $0.integer }
  }

  package func numbers(_ key: String) throws(ArchitectureError) -> [Double] {
    try Architecture.Description.list(try value(key), "\(location).\(key)") { $0.double }
  }

  /// One size for both directions, or [height, width].
  package func pair(_ key: String, default fallback: Int? = nil) throws(ArchitectureError) -> [Int] {
    if let fallback, !has(key) { return [fallback, fallback] }
    if let both = try value(key).integer { return [both, both] }
    guard try value(key).array != nil else { throw error(key, "is not an integer") }
    let sizes = try integers(key)
    guard sizes.count == 2 else { throw error(key, "has \(sizes.count) numbers; it takes [height, width]") }
    return sizes
  }

  /// [top, bottom, left, right].
  package func padding(_ key: String = "padding") throws(ArchitectureError) -> [Int] {
    guard has(key) else { return [0, 0, 0, 0] }
    guard try value(key).array != nil else {
      throw error(key, "is not a list; it takes [top, bottom, left, right]")
    }
    let sides = try integers(key)
    guard sides.count == 4 else {
      throw error(key, "has \(sides.count) numbers; it takes [top, bottom, left, right]")
    }
    guard sides.allSatisfy({ $0 >= 0 }) else { throw error(key, "is negative") }
    return sides
  }

  /// The activation that a layer with weights applies to its result.
  package func activation(isRequired: Bool) throws(ArchitectureError) -> Architecture.Activation {
    if !isRequired, !has("activation") { return .identity }
    let name = try text("activation")
    guard let activation = Architecture.Activation(rawValue: name) else {
      throw error(
        "activation",
        "is \(JSONValue.quoted(name)), which is not a known activation" + KnownWords.activations.hint(name))
    }
    return activation
  }
}

/// A few values as JSON.
enum JSONText {
  static func list(_ values: [Int]) -> String { "[" + values.map(String.init).joined(separator: ",") + "]" }
  static func list(_ values: [Double]) -> String { "[" + values.map(\.description).joined(separator: ",") + "]" }
  /// One number where both are equal.
  static func pair(_ values: [Int]) -> String { values[0] == values[1] ? "\(values[0])" : list(values) }
}
