import ArrayFiles
import NeuralNetworks
import PosteriorFiles

/// One network, and for each draw named arrays of which a person says, or their names say, which tensor is which.
///
/// Shapes decide in which order an array's axes are the tensor's, where only one is possible. Where several are, a person
/// says it, or the numbers do: if the graph was exported from one of the draws, what holds between its tensors and that
/// draw holds for the others, and what does not hold is refused.
struct MappedDraws: Sendable {
  /// Number of draws.
  var count: Int { archives.count }
  /// What is to be known, a sentence each without a full stop.
  private(set) var notes: [String] = []
  /// Tensors of which nothing shows that all draws have the graph's own numbers.
  private(set) var doubt: TensorDoubt?

  private let archives: [any ArrayArchive]
  /// The file that is at fault where all draws are alike.
  private let path: String
  private let names: @Sendable (Int) -> String
  private var relations: [String: TensorRelation] = [:]
  /// Names of the tensors that could be settings of the network.
  private let settings: Set<String>

  /// A tensor and the array that it comes from.
  private struct Pair {
    let tensor: NetworkTensors.Tensor
    let array: String
    let arrangement: TensorMapping.Arrangement
    /// The orders of axes that are possible.
    var orders: [[Int]] = []
  }

  /// - Parameters:
  ///   - path: The file of all draws, or of the first.
  ///   - names: What each draw is called in messages.
  ///   - known: Names of arrays, also of those that cannot be read.
  init(
    _ network: NetworkTensors, _ archives: [any ArrayArchive], in path: String,
    names: @escaping @Sendable (Int) -> String,
    _ mappings: [TensorMapping], known: Set<String>? = nil
  ) throws {
    self.archives = archives
    self.path = path
    self.names = names
    settings = Set(network.tensors.filter { LearnedTensors.isSmall($0.shape) }.map(\.name))
    let arrays = known ?? Set(archives[0].names)
    try network.check(mappings, arrays: arrays.sorted())
    var pairs: [Pair] = []
    var rest: [NetworkTensors.Tensor] = []
    for tensor in network.tensors {
      let mapping = mappings.first { $0.covers(tensor.name) }
      if let mapping, mapping.array == nil { continue }
      guard let array = mapping?.array ?? (arrays.contains(tensor.name) ? tensor.name : nil) else {
        rest.append(tensor)
        continue
      }
      var pair = Pair(tensor: tensor, array: array, arrangement: mapping?.arrangement ?? .unsaid)
      pair.orders = try orders(pair)
      pairs.append(pair)
    }
    let own = try ownDraw(pairs)
    for pair in pairs { relations[pair.tensor.name] = try relation(pair, own) }
    try addRest(rest, of: network, own, mappings)
    try refuseUnsaidNumbers(rest, arrays)
    try addUnused(arrays.filter { name in !mappings.contains { $0.leavesOut(name) } }, own)
    // A sampler's variables are more than a network's; of files of a network's tensors each is in it.
    if known == nil, let own, network.own != nil { try addUnaccounted(own, absent: rest, mappings) }
    let used = relations.values.reduce(into: Set<String>()) { $0.formUnion($1.arrays) }
    if let note = try DrawPrecision.note(archives, used) { notes.append(note) }
  }

  /// The tensors as a draw has them.
  ///
  /// - Parameter ofSettings: Only those that could be settings of the network.
  func tensors(_ draw: Int, ofSettings: Bool = false) throws -> [String: Constant] {
    var result: [String: Constant] = [:]
    for (name, relation) in relations where !ofSettings || settings.contains(name) {
      result[name] = try relation.constant(archives[draw], names(draw), origin: name)
    }
    return result
  }

  // MARK: - Which order

  /// The orders of axes that are possible, or the one that was said.
  private func orders(_ pair: Pair) throws -> [[Int]] {
    let shape = try archives[0].array(pair.array).shape
    let wanted = pair.tensor.shape
    func fits(_ order: [Int]) -> Bool {
      order.count == shape.count && order.map { shape[$0] }.filter { $0 != 1 } == wanted.filter { $0 != 1 }
    }
    let orders: [[Int]] =
      switch pair.arrangement {
      case .unsaid: AxisOrders.fitting(shape, wanted)
      case .asItIs: [Array(shape.indices)].filter(fits)
      case .transposed: [AxisOrders.transpose(shape)].compactMap(\.self).filter(fits)
      case .axes(let axes): [axes].filter(fits)
      }
    guard orders.isEmpty else { return orders }
    let how = pair.arrangement == .unsaid ? " as it is or transposed" : pair.arrangement.words
    throw ImportError(
      file: path,
      "\(pair.array.quoted) has the shape \(shape), which is not that of tensor \(pair.tensor.name.quoted), \(wanted),\(how)"
        + (shape.count == 4 ? ": --map \(pair.tensor.name)=\(pair.array).transpose(3,2,0,1) says another order" : ""))
  }

  /// The array as the tensor, once the order is known.
  private func relation(_ pair: Pair, _ order: [Int]) throws -> TensorRelation {
    .array(pair.array, stored: try archives[0].array(pair.array).shape, axes: order, shape: pair.tensor.shape)
  }

  private mutating func relation(_ pair: Pair, _ own: Int?) throws -> TensorRelation {
    let name = pair.tensor.name
    let shape = try archives[0].array(pair.array).shape
    guard let own else {
      guard pair.orders.count == 1 else { throw ambiguity(pair, shape) }
      note(pair, pair.orders[0], shape)
      return try relation(pair, pair.orders[0])
    }
    let holding = try pair.orders.filter { try holds(pair, $0, own) }
    guard let order = holding.first else {
      throw ImportError(
        "tensor \(name.quoted) has other numbers than \(pair.array.quoted)\(pair.arrangement.words) in \(names(own)), from which the rest of the graph is"
      )
    }
    guard holding.count == 1 else { throw ambiguity(pair, shape) }
    note(pair, order, shape)
    return try relation(pair, order)
  }

  private func ambiguity(_ pair: Pair, _ shape: [Int]) -> ImportError {
    let name = pair.tensor.name
    return ImportError(
      file: path,
      "\(pair.array.quoted) has the shape \(shape), from which nothing tells whether it is tensor \(name.quoted) as it is or "
        + "transposed: say --map \(name)=\(pair.array),as-is or --map \(name)=\(pair.array),transposed"
        + (shape.count == 4 ? " (of a kernel \(pair.array).transpose(3,2,0,1))" : ""))
  }

  private mutating func note(_ pair: Pair, _ order: [Int], _ shape: [Int]) {
    guard pair.arrangement == .unsaid, !AxisOrders.isAsItIs(order, shape) else { return }
    notes.append(
      "\(pair.array.quoted) \(shape) was transposed to \(pair.tensor.shape) for tensor \(pair.tensor.name.quoted)")
  }

  // MARK: - The draw that the graph was exported from

  private func holds(_ pair: Pair, _ order: [Int], _ draw: Int) throws -> Bool {
    try relation(pair, order).constant(archives[draw], names(draw), origin: "").floats == pair.tensor.floats
  }

  /// The draw whose numbers most of the tensors have; nil where none has any, or all have as many, which says nothing.
  private func ownDraw(_ pairs: [Pair]) throws -> Int? {
    let known = pairs.filter { $0.tensor.floats != nil && $0.tensor.floats?.isEmpty == false }
    guard !known.isEmpty else { return nil }
    let counts = try archives.indices.map { draw in
      try known.count { pair in try pair.orders.contains { try holds(pair, $0, draw) } }
    }
    guard let most = counts.max(), most > 0, counts.count == 1 || counts.contains(where: { $0 < most }) else {
      return nil
    }
    return counts.firstIndex(of: most)
  }

  // MARK: - What nobody named

  /// Tensors without a name among the arrays: they follow by their numbers, or they are refused.
  private mutating func addRest(
    _ rest: [NetworkTensors.Tensor], of network: NetworkTensors, _ own: Int?, _ mappings: [TensorMapping]
  ) throws {
    var needed = Set(rest.filter(\.isNeeded).map(\.name))
    var absent = Set(rest.map(\.name))
    var advice = "--map TENSOR=VARIABLE says which variable is one"
    if let own, let translation = network.own {
      advice += "; " + TensorDoubt.advice("TENSOR")
      let constants = rest.map { tensor in
        (tensor.name, Constant(shape: tensor.shape, values: .floats(tensor.floats ?? []), origins: [tensor.name]))
      }
      let search = try RelationSearch(
        tensors: Dictionary(constants) { first, _ in first }, slopes: network.slopes, own: archives[own],
        draws: archives,
        paths: archives.indices.map(names))
      let (found, left) = try search.relations(of: translation, drawPath: names(own))
      needed = left.intersection(absent).union(try search.coincidences(found.merging(relations) { first, _ in first }))
      if case .graph(let model) = network.kind {
        let masks = translation.masks(of: model.graph, besides: archives[own].names)
        needed.formUnion(masks.filter { name in !mappings.contains { $0.covers(name) } })
      }
      absent.subtract(found.keys)
      relations.merge(found) { first, _ in first }
    }
    guard let architectural = network.architectural else {
      if !needed.isEmpty { throw try refusal(rest.filter(\.isNeeded), advice) }
      return
    }
    let graphOwn = try GraphOwnTensors(absent: absent, needed: needed, architectural) { open in
      guard let own else {
        return try refusal(rest.filter { open.contains($0.name) }, advice + "; " + TensorDoubt.advice(open[0]))
      }
      return RelationSearch.refusal(open, drawPath: names(own), advice: advice)
    }
    notes += graphOwn.notes
    doubt = graphOwn.doubt
  }

  private func refusal(_ needed: [NetworkTensors.Tensor], _ advice: String) throws -> ImportError {
    let list = needed.prefix(6).map { "\($0.name.quoted) \($0.shape)" }.joined(separator: ", ")
    let arrays = try archives[0].names.prefix(12).map { "\($0.quoted) \(try archives[0].array($0).shape)" }
    return ImportError(
      file: path,
      "has no array for \(needed.count == 1 ? "tensor" : "tensors") \(list)\(needed.count > 6 ? ", …" : ""): it has "
        + "\(arrays.joined(separator: ", "))\(archives[0].names.count > 12 ? ", …" : ""); \(advice)")
  }

  /// Refuses single numbers of the graph that nobody named, where single numbers of the draws are left: one may be the
  /// other, and all draws would have the graph's own.
  private func refuseUnsaidNumbers(_ rest: [NetworkTensors.Tensor], _ arrays: Set<String>) throws {
    let open = rest.filter { $0.isNumber && relations[$0.name] == nil }
    guard let tensor = open.first, archives.count > 1 else { return }
    let used = relations.values.reduce(into: Set<String>()) { $0.formUnion($1.arrays) }
    let readable = Set(archives[0].names)
    let left = try arrays.subtracting(used).intersection(readable).sorted().first { name in
      let first = try archives[0].array(name)
      guard first.count == 1 else { return false }
      let number = try first.floats()
      return try archives.contains { try $0.array(name).floats() != number }
    }
    guard let left else { return }
    throw ImportError(
      file: path,
      "nothing says which variable tensor \(tensor.name.quoted) is, one number, and \(left.quoted) is one number that no tensor has: "
        + "--map \(tensor.name)=\(left) says that it is that one, and --map \(tensor.name)= that all draws have the graph's own number"
    )
  }

  /// Says which arrays no tensor has, and refuses statistics of a batch normalisation that is not in the graph: where
  /// it was folded, tensors have their names and another value.
  private mutating func addUnused(_ arrays: Set<String>, _ own: Int?) throws {
    let used = relations.values.reduce(into: Set<String>()) { $0.formUnion($1.arrays) }
    let unused = arrays.subtracting(used).sorted()
    if own == nil, let norm = unused.first(where: { $0.hasSuffix(".running_var") }) {
      throw ImportError(
        file: path,
        "has \(norm.quoted), which no tensor of the graph is: exporters fold batch normalisations into other tensors. "
          + "Export the graph from one of the draws, so that its numbers tell")
    }
    guard !unused.isEmpty else { return }
    notes.append(
      "no tensor of the network is " + unused.prefix(8).map(\.quoted).joined(separator: ", ")
        + (unused.count > 8 ? " and \(unused.count - 8) more" : ""))
  }

  /// Doubts that nothing is made of arrays that differ between draws, where the graph is that of a draw.
  private mutating func addUnaccounted(
    _ own: Int, absent: [NetworkTensors.Tensor], _ mappings: [TensorMapping]
  ) throws {
    let used = relations.values.reduce(into: Set<String>()) { $0.formUnion($1.arrays) }
    let arrays = try UnaccountedArrays(own: archives[own], draws: archives, taken: used) { name in
      mappings.contains { $0.leavesOut(name) }
    }
    let open = absent.filter { relations[$0.name] == nil && ($0.isNeeded || $0.isNumber) }.map {
      ($0.name, $0.shape.reduce(1, *))
    }
    doubt = TensorDoubt([doubt, try arrays.doubt(names(own), beside: open, own: archives[own])])
  }

  /// Says what of an InferenceData was rounded.
  mutating func addNotes(on file: InferenceDataFile) {
    let used = relations.values.reduce(into: Set<String>()) { $0.formUnion($1.arrays) }
    let doubles = file.variables.filter { $0.isDouble && used.contains($0.name) }
    guard !doubles.isEmpty else { return }
    notes.append("the draws are in float64, and were rounded to float32")
  }
}
