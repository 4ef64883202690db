import ArrayFiles

/// A draw whose arrays have names with a prefix that the graph's tensors lack, or without one that they have:
/// `module.fc1.weight` of a `DataParallel`, `_orig_mod.fc1.weight` of a compiled module, `fc1.weight` of what a wrapper
/// was exported around.
struct RenamedArchive: ArrayArchive {
  private let archive: any ArrayArchive
  private let prefix: Prefix

  /// What the names of arrays have too much or too little.
  enum Prefix: Hashable, Sendable {
    case ofArrays(String)
    case ofTensors(String)

    /// What an array's name would be as a tensor's; nil where it has not the prefix.
    func tensor(_ array: String) -> String? {
      switch self {
      case .ofArrays(let prefix): array.hasPrefix(prefix) ? String(array.dropFirst(prefix.count)) : nil
      case .ofTensors(let prefix): prefix + array
      }
    }

    fileprivate func array(_ tensor: String) -> String {
      switch self {
      case .ofArrays(let prefix): prefix + tensor
      case .ofTensors(let prefix): String(tensor.dropFirst(prefix.count))
      }
    }

    /// What was done, a sentence without a full stop.
    var note: String {
      switch self {
      case .ofArrays(let prefix): "the names of the draws' arrays are taken without \(prefix.quoted)"
      case .ofTensors(let prefix): "the names of the draws' arrays are taken with \(prefix.quoted) before them"
      }
    }
  }

  /// The prefix that makes most names those of tensors; nil where some are already, or none does.
  static func prefix(arrays: [String], tensors: Set<String>) -> Prefix? {
    guard tensors.isDisjoint(with: arrays) else { return nil }
    var counts: [Prefix: Int] = [:]
    for array in arrays {
      for tensor in tensors {
        if array.hasSuffix(".\(tensor)") { counts[.ofArrays(String(array.dropLast(tensor.count))), default: 0] += 1 }
        if tensor.hasSuffix(".\(array)") { counts[.ofTensors(String(tensor.dropLast(array.count))), default: 0] += 1 }
      }
    }
    guard let most = counts.values.max() else { return nil }
    let best = counts.filter { $0.value == most }
    // Several that do as well: `a.weight` and `b.weight` are two layers, and no prefixes.
    guard best.count == 1, let prefix = best.first?.key else { return nil }
    // Without it the names are still different ones.
    let renamed = arrays.compactMap(prefix.tensor)
    return Set(renamed).count == arrays.count ? prefix : nil
  }

  init(_ archive: any ArrayArchive, _ prefix: Prefix) {
    self.archive = archive
    self.prefix = prefix
  }

  var names: [String] { archive.names.compactMap(prefix.tensor) }

  func array(_ name: String) throws(ArrayFileError) -> ForeignArray { try archive.array(prefix.array(name)) }

  func text(_ name: String) throws(ArrayFileError) -> String? { try archive.text(name) }
}
