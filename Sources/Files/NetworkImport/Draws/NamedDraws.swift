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

  /// - Parameter kept: Whether a tensor was said to be the graph's own in all draws.
  init(network model: ONNXModel, draws paths: [String], keeping kept: (String) -> Bool = { _ in false }) throws {
    self.model = model
    let archives = try paths.map { try ArrayFormat.open($0) }
    self.archives = archives
    self.paths = paths
    let all = try model.tensors()
    let tensors = Dictionary(all.filter { !kept($0.name) }) { first, _ in first }
    settings = Set(tensors.keys.filter { LearnedTensors.isSmall(tensors[$0]?.shape ?? []) })
    let own = try Self.ownDraw(tensors, archives, paths)
    let network = try NetworkTranslation(model)
    let search = try RelationSearch(tensors: tensors, own: archives[own], draws: archives, paths: paths)
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
      absent: Set(tensors.keys).subtracting(found.keys), needed: needed,
      ArchitecturalTensors(model, all, network, findsLost: true),
      refusal: refusal)
    doubt = graphOwn.doubt
    let left = try search.leftOut(by: relations)
    guard left.folded.isEmpty else {
      if let doubt { throw doubt.error }
      throw ImportError(
        file: paths[own],
        "\(Self.list(left.folded)) differ\(left.folded.count == 1 ? "s" : "") between draws, and nothing in the graph is made of \(left.folded.count == 1 ? "it" : "them"): exporters drop a factor of 1, and merge what is equal in the draw at hand. Export a graph for each draw"
      )
    }
    // Truth values of the graph are nobody's tensors here: what they choose by must be the same in all draws.
    let choices = network.origins.reduce(into: Set<String>()) { $0.formUnion($1) }.subtracting(all.map(\.name))
    let varying = try left.unused + search.varyingChoices()
    if let choice = choices.min(), !varying.isEmpty {
      throw ImportError(
        file: paths[own],
        "\(Self.list(varying)) differ\(varying.count == 1 ? "s" : "") between draws, and the graph chooses by \(choice.quoted), which may follow from \(varying.count == 1 ? "it" : "them"): export a graph for each draw"
      )
    }
    let unused =
      left.unused.isEmpty
      ? [] : ["\(Self.list(left.unused)) differ between draws, and nothing in the graph is made of them: left out"]
    let used = found.values.reduce(into: Set<String>()) { $0.formUnion($1.arrays) }
    notes = graphOwn.notes + unused + [try DrawPrecision.note(archives, used)].compactMap(\.self)
  }

  private static func list(_ names: [String]) -> String {
    names.prefix(5).map(\.quoted).joined(separator: ", ") + (names.count > 5 ? " and \(names.count - 5) more" : "")
  }

  /// The draw that the graph was exported from: the one that has most of its tensors under their names.
  private static func ownDraw(
    _ tensors: [String: Constant], _ archives: [any ArrayArchive], _ paths: [String]
  ) throws -> Int {
    var counts: [Int] = []
    for archive in archives {
      var count = 0
      for name in archive.names {
        guard let tensor = tensors[name], let floats = tensor.floats else { continue }
        let array = try archive.array(name)
        if array.count == floats.count, try array.floats() == floats { count += 1 }
      }
      counts.append(count)
    }
    guard let best = counts.max(), best > 0, let index = counts.firstIndex(of: best) else {
      throw ImportError(
        "holds the weights of none of the draws, so that nothing tells which of its tensors is which of theirs: export it from one of them"
      )
    }
    return index
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
