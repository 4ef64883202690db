import ArrayFiles

/// One graph, and for each draw a file of named tensors: where the tensors of the graph come from.
///
/// The graph was exported from one of the draws. What holds between its tensors and that draw's holds for the others:
/// a tensor is that of its name, or another's with its dimensions in another order or shape, or a convolution's into
/// which a batch normalisation was folded. What follows from nothing is refused, and so is what follows from several
/// tensors that other draws have differently.
struct NamedDraws: Sendable {
  let model: ONNXModel
  private let archives: [any ArrayArchive]
  private let paths: [String]
  private let relations: [String: TensorRelation]
  /// Names of the tensors that could be settings.
  private let settings: Set<String>
  /// What is to be known.
  let notes: [String]

  /// Tensors of which nothing shows that all draws have the graph's own numbers.
  let doubt: TensorDoubt?

  /// - Parameters:
  ///   - draws: The arrays of each draw.
  ///   - paths: What each draw is called in messages.
  ///   - kept: Whether a tensor was said to be the graph's own in all draws.
  ///   - isUnused: Whether an array was said to be of no use to the network.
  init(
    network model: ONNXModel, _ draws: [any ArrayArchive], in paths: [String],
    keeping kept: (String) -> Bool = { _ in false },
    leavingOut isUnused: (String) -> Bool = { _ in false }
  ) throws {
    self.model = model
    self.paths = paths
    let all = try model.tensors()
    let tensors = Dictionary(all.filter { !kept($0.name) }) { first, _ in first }
    settings = Set(tensors.keys.filter { LearnedTensors.isSmall(tensors[$0]?.shape ?? []) })
    let prefix = RenamedArchive.prefix(arrays: draws[0].names, tensors: Set(all.map(\.name)))
    let archives = prefix.map { prefix in draws.map { RenamedArchive($0, prefix) } } ?? draws
    self.archives = archives
    let own = try Self.ownDraw(tensors, archives)
    // A factor that draws differ in is a parameter also where it is 0 here, as residual branches begin.
    let network = try NetworkTranslation(model, learned: try LearnedTensors.named(in: model, archives))
    let search = try RelationSearch(
      tensors: tensors, slopes: model.graph.slopes, own: archives[own], draws: archives, paths: paths)
    let (found, needed) = try search.relations(of: network, drawPath: paths[own])
    relations = found
    let refusal = { (names: [String]) in
      RelationSearch.refusal(
        names, drawPath: paths[own], advice: "export a graph for each draw instead; or, " + TensorDoubt.advice(names[0])
      )
    }
    // A name with other numbers is no tensor that draws lack.
    if case let named = needed.filter(search.hasArray).sorted(), !named.isEmpty { throw refusal(named) }
    let graphOwn = GraphOwnTensors(
      absent: Set(tensors.keys).subtracting(found.keys),
      needed: needed.union(try search.coincidences(found)).union(
        network.masks(of: model.graph, besides: archives[own].names).filter { !kept($0) }),
      ArchitecturalTensors(model, all, network, findsLost: true),
      refusal: refusal)
    let used = found.values.reduce(into: Set<String>()) { $0.formUnion($1.arrays) }
    let unaccounted = try UnaccountedArrays(own: archives[own], draws: archives, taken: used, isUnused: isUnused)
    let absent = graphOwn.open.map { ($0, tensors[$0]?.count ?? 0) }
    doubt = TensorDoubt([
      graphOwn.doubt, try unaccounted.doubt(paths[own], beside: absent, own: archives[own]),
    ])
    notes = graphOwn.notes + [prefix?.note, try DrawPrecision.note(archives, used)].compactMap(\.self)
  }

  /// The draw that the graph was exported from: the one that has most of its tensors under their names, or under any.
  private static func ownDraw(_ tensors: [String: Constant], _ archives: [any ArrayArchive]) throws -> Int {
    let contents = Set(tensors.values.filter { $0.count > 1 }.compactMap(\.floats))
    var counts: [(named: Int, any: Int)] = []
    for archive in archives {
      var count = (named: 0, any: 0)
      for name in archive.names {
        let array = try archive.array(name)
        let tensor = tensors[name]
        guard !array.element.isWhole, tensor?.count == array.count || !contents.isEmpty else { continue }
        let floats = try array.floats()
        if tensor?.floats == floats { count.named += 1 }
        if Set(floats).count > 1, contents.contains(floats) { count.any += 1 }
      }
      counts.append(count)
    }
    let isNamed = counts.contains { $0.named > 0 }
    let best = counts.indices.max { a, b in
      isNamed ? counts[a].named < counts[b].named : counts[a].any < counts[b].any
    }
    guard let best, isNamed || counts[best].any > 0 else {
      let elements = Set(try archives[0].names.map { try archives[0].array($0).element })
      let half = elements.first { $0 == .float16 || $0 == .bfloat16 }
      throw ImportError(
        "holds the weights of none of the draws, so that nothing tells which of its tensors is which of theirs: "
          + (half.map {
            "the draws are in \($0.rawValue), and its numbers are others; export it from a network with the rounded weights, or save the draws in float32"
          } ?? "export it from one of them"))
    }
    // The first of those with as many.
    return counts.indices.first {
      isNamed ? counts[$0].named == counts[best].named : counts[$0].any == counts[best].any
    } ?? best
  }

  /// The graph's tensors as a draw has them.
  ///
  /// - Parameter ofSettings: Only those that could be settings of the network.
  func replacements(_ draw: Int, ofSettings: Bool = false) throws -> [String: Constant] {
    var result: [String: Constant] = [:]
    for (name, relation) in relations where !ofSettings || settings.contains(name) {
      result[name] = try relation.constant(archives[draw], paths[draw], origin: name)
    }
    return result
  }
}
