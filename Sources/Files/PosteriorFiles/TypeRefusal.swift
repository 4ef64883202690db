import HDF5

/// Why the type of a data set is refused, and what to store instead.
struct TypeRefusal {
  /// A clause that continues the path.
  let reason: String
  /// What to do; nil where nothing in particular is.
  let advice: String?

  /// Describes a data set that is none of the types that it needs to be.
  init(_ dataset: HDF5Dataset, role: DatasetRole, types: [ElementType]) {
    let isLabel = role == .labels
    let wanted =
      isLabel
      ? "whole numbers" : types.count > 4 ? "little-endian numbers" : types.map(\.rawValue).joined(separator: " or ")
    reason = "holds \(Self.words(dataset)); it needs to hold \(wanted)"
    switch role {
    case .inputs: advice = Self.inputs(dataset)
    case .labels where Self.isText(dataset):
      advice = "Number the classes, in numpy with unique(labels, return_inverse=True)[1]"
    case .labels: advice = "In numpy: .astype(\"<i8\")"
    default: advice = types.count > 4 ? nil : types.first.map { "In numpy: .astype(\"\($0.rawValue)\")" }
    }
  }

  private static func words(_ dataset: HDF5Dataset) -> String {
    if dataset.isEnumeration { return "truth values" }
    return dataset.type == .number(.bigEndianFloat32) ? "big-endian numbers (>f4)" : dataset.type.description
  }

  private static func isText(_ dataset: HDF5Dataset) -> Bool {
    if case .text = dataset.type { true } else { false }
  }

  /// A whole number can be a grey level or the number itself, which only its author knows.
  private static func inputs(_ dataset: HDF5Dataset) -> String {
    let cast = ".astype(\"<f4\")"
    let isWhole =
      switch dataset.type {
      case .number(let element): ElementType.integers.contains(element) && !dataset.isEnumeration
      case .other(let words): words.contains("integer")
      default: false
      }
    guard isWhole else { return "In numpy: \(cast)" }
    return "In numpy: \(cast) where they are the numbers that the network takes, (values / 255)\(cast) where they are "
      + "levels from 0 to 255 of a network of 0 to 1"
  }
}
