import ArrayFiles

/// Arrays that differ between draws and that nothing in the graph is made of, of any type.
///
/// Some are what a network has and does not use. Others the exporter made something else of, as they are in the draw at
/// hand: it drops a factor of 1, merges what is equal, and computes what follows from constants, such as exp(s), a
/// standard deviation with an ε, the order that indices give. All draws would have it as in that one.
struct UnaccountedArrays {
  /// Their names, in order.
  let names: [String]
  /// Those that are one number over and over in the draw at hand, or have the numbers of an array that is used.
  private let folded: Set<String>

  /// - Parameters:
  ///   - own: The draw that the graph was exported from.
  ///   - draws: All of them.
  ///   - taken: Names of arrays that tensors of the graph are made of.
  ///   - isUnused: Whether a person said that the network does not use an array.
  init(
    own: any ArrayArchive, draws: [any ArrayArchive], taken: Set<String>, isUnused: (String) -> Bool
  ) throws {
    let used = try taken.map { (name: $0, numbers: try own.array($0).floats()) }
    // What is the same as a used array in every draw is tied to it, and stands for it.
    func isTied(_ name: String) throws -> Bool {
      let numbers = try own.array(name).floats()
      return try used.filter { $0.numbers == numbers }.contains { twin in
        try draws.allSatisfy { draw in
          let both = Set(draw.names).isSuperset(of: [name, twin.name])
          return try both && draw.array(name).floats() == draw.array(twin.name).floats()
        }
      }
    }
    let present = Set(own.names)
    let all = draws.reduce(into: present) { $0.formUnion($1.names) }
    let names = try all.sorted().filter { name in
      guard !taken.contains(name), !Self.isCounter(name), !isUnused(name) else { return false }
      // What only other draws have was nothing in this one, a factor of 1 that was not saved for instance.
      guard present.contains(name) else { return true }
      return try Self.differs(name, own, draws) && (own.array(name).element.isWhole || !isTied(name))
    }
    let contents = Set(used.map { $0.numbers.sorted() })
    folded = Set(
      try names.filter { name in
        guard present.contains(name) else { return true }
        let array = try own.array(name)
        guard !array.element.isWhole else { return false }
        let numbers = try array.floats()
        return numbers.allSatisfy { $0 == numbers[0] } || contents.contains(numbers.sorted())
      })
    self.names = names
  }

  /// Counts of steps that frameworks keep beside parameters, and that no answer depends on.
  private static func isCounter(_ name: String) -> Bool {
    ["num_batches_tracked", "n_averaged"].contains { name == $0 || name.hasSuffix(".\($0)") }
  }

  /// Whether an array has other numbers in some draw, or is missing there.
  static func differs(_ name: String, _ own: any ArrayArchive, _ draws: [any ArrayArchive]) throws -> Bool {
    let array = try own.array(name)
    func isSame<Value: Equatable>(_ values: (ForeignArray) throws -> [Value]) throws -> Bool {
      let first = try values(array)
      return try draws.allSatisfy { draw in
        guard draw.names.contains(name) else { return false }
        let other = try draw.array(name)
        return try other.element.isWhole == array.element.isWhole && values(other) == first
      }
    }
    return try !(array.element.isWhole ? isSame { try $0.integers() } : isSame { try $0.floats() })
  }

  /// What nothing shows about them; nil where there are none.
  ///
  /// - Parameters:
  ///   - path: The file of the draw that the graph was exported from.
  ///   - tensors: Tensors of the graph that no draw has, with the number of their numbers.
  func doubt(_ path: String, beside tensors: [(name: String, count: Int)], own: any ArrayArchive) throws -> TensorDoubt?
  {
    guard let first = names.first else { return nil }
    let isOne = names.count == 1
    let fate =
      names.allSatisfy(folded.contains)
      ? "exporters drop a factor of 1, and merge what is equal in the draw at hand"
      : "exporters make constants of what they compute from \(isOne ? "it" : "them")"
    var advice = "Export a graph for each draw; or"
    // An array that a tensor of another name may be.
    if let count = try? own.array(first).count, isOne, tensors.count == 1, tensors[0].count == count {
      advice +=
        ", if that is tensor \(tensors[0].name.quoted), --map \(TensorDoubt.word("\(tensors[0].name)=\(first)")); or"
    }
    advice +=
      ", if the network does not use \(isOne ? "it" : "them"), say so with --map \(TensorDoubt.word("=\(first)")), or give the answers "
      + "of every draw as --reference"
    let list = TensorDoubt.list(names)
    return TensorDoubt(
      ImportError(
        file: path,
        "\(list) differ\(isOne ? "s" : "") between draws, and nothing in the graph is made of \(isOne ? "it" : "them"): \(fate). \(advice)"
      ),
      settled: [
        "\(list) differ\(isOne ? "s" : "") between draws, and nothing in the graph is made of \(isOne ? "it" : "them"): left out, and every draw answers as its author's program did"
      ])
  }
}
