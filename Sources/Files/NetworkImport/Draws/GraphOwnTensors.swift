import ArrayFiles

/// The tensors of a graph that no draw has, so that all draws have the graph's own numbers: those that belong to the
/// network, which are said, and those of which nothing shows that other draws have them too.
struct GraphOwnTensors: Sendable {
  /// A sentence each, without a full stop.
  let notes: [String]
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
    let open = needed.union(absent.intersection(architectural.numbers)).filter { architectural.description($0) == nil }
      .sorted()
    doubt = open.isEmpty ? nil : TensorDoubt(names: open, error: try refusal(open))
  }
}

/// Tensors of a graph of which nothing shows that all draws have the same: refused, unless the author's program answers
/// for every draw as the graph with these numbers does.
struct TensorDoubt: Sendable {
  let names: [String]
  let error: ImportError

  /// What is said where the answers agree.
  var settled: String {
    let list = names.prefix(5).map(\.quoted).joined(separator: ", ")
    let more = names.count > 5 ? " and \(names.count - 5) more" : ""
    return names.count == 1
      ? "tensor \(list) is in no draw: all have the graph's own numbers, with which every draw answers as its author's program did"
      : "tensors \(list)\(more) are in no draw: all have the graph's own numbers, with which every draw answers as its author's program did"
  }

  /// The same of a file.
  func of(_ path: String) -> TensorDoubt { TensorDoubt(names: names, error: error.of(path)) }

  /// What to do where the graph's own numbers are meant.
  static func advice(_ name: String) -> String {
    let word = name.contains { !$0.isLetter && !$0.isNumber && !"/._-".contains($0) } ? "'\(name)='" : "\(name)="
    return "if all draws have the graph's own numbers, say so with --map \(word), or give the answers of every draw as "
      + "--reference"
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
