extension DecodingError {
  /// What is wrong with the JSON, in a sentence for somebody who has not heard of Swift.
  var sentence: String {
    switch self {
    case .keyNotFound(let key, let context): "the key '\(Self.place(context.codingPath + [key]))' is missing"
    case .valueNotFound(_, let context): "'\(Self.place(context.codingPath))' has no value"
    case .typeMismatch(let type, let context):
      context.codingPath.isEmpty
        ? "it is JSON, but not \(Self.name(of: type))"
        : "'\(Self.place(context.codingPath))' is not \(Self.name(of: type))"
    case .dataCorrupted(let context): Self.corrupted(context)
    @unknown default: "\(self)"
    }
  }

  private static func corrupted(_ context: Context) -> String {
    // Foundation says the same of both, and not where.
    guard !context.codingPath.isEmpty else { return "it is not JSON, or holds a number that is out of range" }
    // What an enumeration says of a text that is none of its values ends in that text.
    if let text = context.debugDescription.split(separator: " from invalid String value ").last,
      context.debugDescription.hasPrefix("Cannot initialize")
    {
      return "'\(place(context.codingPath))' cannot be '\(text)'"
    }
    return "'\(place(context.codingPath))': \(context.debugDescription)"
  }

  /// `runs[0].epsilon`
  private static func place(_ path: [any CodingKey]) -> String {
    path.reduce("") { text, key in
      if let index = key.intValue { return text + "[\(index)]" }
      return text.isEmpty ? key.stringValue : text + "." + key.stringValue
    }
  }

  private static func name(of type: any Any.Type) -> String {
    switch type {
    case is any FixedWidthInteger.Type: "a whole number in range"
    case is any BinaryFloatingPoint.Type: "a number"
    case is String.Type: "a text"
    case is Bool.Type: "true or false"
    case is [Any].Type: "a list"
    default: "\(type)".hasPrefix("Array") ? "a list" : "an object"
    }
  }
}
