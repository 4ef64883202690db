/// A single text of NumPy: an array of text with one element, as `numpy.savez("file.npz", precision="float32")` writes.
enum NumPyText {
  /// Longest text that is read, in bytes as they are stored.
  static let limit = 4000

  /// The text; nil where the array holds something else, or several.
  ///
  /// - Parameter bytes: A whole `.npy`.
  static func text(_ bytes: [UInt8]) throws(NumPyHeader.Refusal) -> String? {
    let fields = try NumPyHeader.fields(bytes)
    let values = bytes[min(fields.length, bytes.count)...]
    guard fields.axes.allSatisfy({ $0 == 1 }), values.count <= limit, let order = fields.description.first else {
      return nil
    }
    switch fields.description.dropFirst().first {
    case "S": return String(validating: values.prefix { $0 != 0 }, as: UTF8.self)
    case "U":
      guard values.count % 4 == 0 else { return nil }
      let start = values.startIndex
      let units = stride(from: start, to: values.endIndex, by: 4).map { place in
        (0..<4).reduce(UInt32(0)) { $0 | UInt32(values[place + (order == ">" ? 3 - $1 : $1)]) << UInt32(8 * $1) }
      }.prefix { $0 != 0 }
      let scalars = units.compactMap(Unicode.Scalar.init)
      return scalars.count == units.count ? String(String.UnicodeScalarView(scalars)) : nil
    default: return nil
    }
  }
}
