import ArrayFiles

/// The tensors of a graph that no draw has, so that all draws have the graph's own numbers: those that belong to the
/// network, which are said, and those of which nothing shows that other draws have them too.
struct GraphOwnTensors: Sendable {
  /// A sentence each, without a full stop.
  let notes: [String]
  /// The names of those of which nothing shows it.
  let open: [String]
  /// What nothing shows; nil where there is nothing of it.
  let doubt: TensorDoubt?

  /// - Parameters:
  ///   - absent: Names of tensors that no array is.
  ///   - needed: Those among them that a parameter follows from. Single numbers that may be a parameter are as doubtful.
  ///   - architectural: What belongs to the network.
  ///   - refusal: The error that names some of them.
  init(
    absent: Set<String>, needed: Set<String>, _ architectural: ArchitecturalTensors,
    refusal: ([String]) throws -> ImportError
  ) rethrows {
    notes = absent.union(needed).sorted().compactMap { name in
      guard let description = architectural.description(name), !description.isEmpty else { return nil }
      return "tensor \(name.quoted) \(description), and no draw has it: all have the graph's own numbers"
    }
    open = needed.union(absent.intersection(architectural.numbers)).filter { architectural.description($0) == nil }
      .sorted()
    doubt = open.isEmpty ? nil : TensorDoubt(absent: open, try refusal(open))
  }
}

/// The precision of draws in arrays.
enum DrawPrecision {
  /// What is to be known of it, a sentence without a full stop; nil of float32.
  static func note(_ archives: [any ArrayArchive], _ names: Set<String>) throws -> String? {
    var elements: Set<ForeignArray.ElementType> = []
    for archive in archives {
      for name in names where archive.names.contains(name) { elements.insert(try archive.array(name).element) }
      if elements.contains(.float64) { return "the draws are in float64, and were rounded to float32" }
    }
    let half = [ForeignArray.ElementType.float16, .bfloat16].filter(elements.contains)
    guard !half.isEmpty else { return nil }
    return
      "the draws are in \(half.map(\.rawValue).joined(separator: " and ")): their numbers are kept, and networks are computed in "
      + "float32 here"
  }
}
