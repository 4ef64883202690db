import ArrayFiles
import NeuralNetworks

/// Finds how the tensors of a graph follow from those of the draw that it was exported from.
struct RelationSearch {
  /// The graph's tensors.
  private let tensors: [String: Constant]
  private let draws: [any ArrayArchive]
  private let own: any ArrayArchive
  /// The tensors of that draw by their names.
  private let named: [String: Constant]
  /// Their names by what they hold.
  private let places: [Content: [String]]
  private let norms: [NamedNorm]
  /// Tensors that are slopes, and so parameters, under names that an exporter made up.
  private let slopes: Set<String>

  /// The numbers of a tensor, whatever its shape.
  private struct Content: Hashable {
    let values: [UInt32]
    init(_ floats: [Float]) { values = floats.map(\.bitPattern) }
  }

  init(
    tensors: [String: Constant], slopes: Set<String>, own: any ArrayArchive, draws: [any ArrayArchive], paths: [String]
  ) throws {
    self.slopes = slopes
    self.tensors = tensors
    self.own = own
    self.draws = draws
    var named: [String: Constant] = [:]
    var places: [Content: [String]] = [:]
    for name in own.names {
      let array = try own.array(name)
      guard !array.element.isWhole else { continue }
      let floats = try array.floats()
      named[name] = Constant(shape: array.shape, values: .floats(floats), origins: [name])
      places[Content(floats), default: []].append(name)
    }
    self.named = named
    self.places = places
    norms = named.keys.filter { $0.hasSuffix(".running_var") }.sorted().flatMap { name in
      let stem = String(name.dropLast(".running_var".count))
      guard named["\(stem).running_mean"] != nil else { return [NamedNorm]() }
      return Self.epsilons.map {
        NamedNorm(
          stem: stem, hasFactor: named["\(stem).weight"] != nil, hasShift: named["\(stem).bias"] != nil, epsilon: $0)
      }
    }
  }

  /// What libraries have: PyTorch and Flax, Keras, and what networks set.
  private static let epsilons = [1e-5, 1e-3, 1e-6, 1e-4, 1e-8, 1e-12, 1e-2]

  // MARK: - All of them

  /// A relation for every tensor that a parameter follows from, and for others that have one; and the tensors that a
  /// parameter follows from and that have none.
  ///
  /// - Parameter drawPath: What the draw is called that the graph was exported from.
  func relations(
    of network: NetworkTranslation, drawPath: String
  ) throws -> (found: [String: TensorRelation], left: Set<String>) {
    let needed = network.origins.reduce(into: Set<String>()) { $0.formUnion($1) }
    var uses: [String: Int] = [:]
    for origins in network.origins { for origin in origins { uses[origin, default: 0] += 1 } }
    var relations: [String: TensorRelation] = [:]
    var open: [String] = []
    for name in tensors.keys.sorted() {
      if let relation = try exact(name, uses: uses[name] ?? 0) {
        relations[name] = relation
      } else if needed.contains(name) {
        // What hides tokens from each other is the program's, and no parameter.
        if !MaskedSoftmax.isMask(tensors[name]?.floats ?? []) { open.append(name) }
      } else if named[name] != nil {
        // A constant that is no parameter, with another value than that of its name.
        throw ImportError(
          "tensor \(name.quoted) has another value than that of its name in \(drawPath), from which the rest is")
      }
    }
    let left = try fold(open, of: network, into: &relations)
    return (relations, left)
  }

  /// The error about tensors that follow from nothing.
  static func refusal(_ names: [String], drawPath: String, advice: String) -> ImportError {
    let list = names.prefix(5).map(\.quoted).joined(separator: ", ")
    return ImportError(
      "tensor\(names.count == 1 ? "" : "s") \(list)\(names.count > 5 ? " and \(names.count - 5) more" : "") follow\(names.count == 1 ? "s" : "") from no tensor of \(drawPath), nor from a batch normalisation folded into one: \(advice)"
    )
  }

  /// Whether the draw has an array of this name.
  func hasArray(_ name: String) -> Bool { named[name] != nil }

  /// Finds weights and biases into which batch normalisations were folded, and gives the tensors that are left.
  private func fold(
    _ open: [String], of network: NetworkTranslation, into relations: inout [String: TensorRelation]
  ) throws -> Set<String> {
    var left = Set(open)
    var found: [(weight: String, bias: String?, folds: [Fold])] = []
    for (weight, bias) in products(network) where left.contains(weight) {
      let folds = try folds(of: weight)
      if !folds.isEmpty { found.append((weight, bias, folds)) }
    }
    // Where variances are large, several ε fit one tensor; a network has one, or each tensor says its own.
    let common = found.map { Set($0.folds.map(\.norm.epsilon)) }.reduce(Set(Self.epsilons)) { $0.intersection($1) }
    for (weight, bias, folds) in found {
      let fold = try chosen(common.isEmpty ? folds : folds.filter { common.contains($0.norm.epsilon) }, weight)
      relations[weight] = fold.relation
      left.remove(weight)
      guard let bias, left.contains(bias), let own = tensors[bias]?.floats else { continue }
      let stem = fold.weight.hasSuffix(".weight") ? String(fold.weight.dropLast(7)) : fold.weight
      let candidates = [named["\(stem).bias"] != nil ? "\(stem).bias" : nil, nil]
      for candidate in candidates {
        let relation = TensorRelation.foldedBias(candidate, fold.norm)
        guard try holds(relation, own) else { continue }
        relations[bias] = relation
        left.remove(bias)
        break
      }
    }
    return left
  }

  /// Pairs of weights and biases of one layer.
  private func products(_ network: NetworkTranslation) -> [(weight: String, bias: String?)] {
    var result: [(weight: String, bias: String?)] = []
    let parameters = network.architecture.parameters
    for (index, parameter) in parameters.enumerated() where parameter.name.hasSuffix(".weight") {
      guard network.origins[index].count == 1, let weight = network.origins[index].first else { continue }
      let next = index + 1
      let isPair =
        next < parameters.count && parameters[next].layer == parameter.layer && network.origins[next].count == 1
      result.append((weight, isPair ? network.origins[next].first : nil))
    }
    return result
  }

  // MARK: - Equal

  /// The array that a tensor is, perhaps with its dimensions in another order.
  private func exact(_ name: String, uses: Int) throws -> TensorRelation? {
    guard let tensor = tensors[name], let floats = tensor.floats else { return nil }
    var found: [(name: String, relation: TensorRelation)] = []
    for axes in Self.orders(tensor.shape.count) {
      let turned = axes == Array(axes.indices) ? floats : tensor.transposed(axes).floats ?? []
      for other in places[Content(turned)] ?? [] {
        guard let array = named[other] else { continue }
        if axes == Array(axes.indices) {
          found.append(
            (other, .array(other, stored: array.shape, axes: Array(array.shape.indices), shape: tensor.shape)))
        } else if array.shape == axes.map({ tensor.shape[$0] }) {
          // Turned back: dimension axes[i] of the tensor is dimension i of the array.
          let back = axes.indices.map { axes.firstIndex(of: $0) ?? 0 }
          found.append((other, .array(other, stored: array.shape, axes: back, shape: tensor.shape)))
        }
      }
    }
    guard let chosen = found.first(where: { $0.name == name }) ?? found.first else { return nil }
    // One number over and over is in many arrays, of zeros for instance: without the name it says nothing, unless it is
    // the same in all draws.
    if chosen.name != name, floats.allSatisfy({ $0 == floats[0] }), try differs(chosen.name) {
      // A slope that an exporter renamed is the array that has its number, if no tensor has that one's name. Any other
      // number tells by many digits, but for where another tensor has the same: a program's may be that of an array.
      let isSlope = slopes.contains(name) && tensors[chosen.name] == nil && Set(found.map(\.name)).count == 1
      let isOnly = tensors.allSatisfy { $0.key == name || $0.value.floats != floats }
      guard isSlope || isTelling(floats) && isOnly else { return nil }
    }
    // Others with the same numbers may be what is meant: where nothing has its name, or exporters have merged tensors that
    // are equal in this draw.
    // A weight that is symmetric in this draw may be transposed in the graph.
    let rivals = found.filter { chosen.name != name || $0.name != name && tensors[$0.name] == nil }.dropFirst(
      chosen.name == name ? 0 : 1)
    guard chosen.name != name || uses > 1 else { return chosen.relation }
    for rival in rivals where try !agree(chosen.relation, rival.relation) {
      let rest = "which other draws have differently: export a graph for each draw instead"
      throw ImportError(
        rival.name == chosen.name
          ? "tensor \(name.quoted) is \(rival.name.quoted) as it is and transposed in this draw, \(rest)"
          : "tensor \(name.quoted) has the numbers of \(chosen.name.quoted) and of \(rival.name.quoted), \(rest)")
    }
    return chosen.relation
  }

  /// Whether a single number has so many digits that another would not have the same by chance: 0.1 has one.
  private func isTelling(_ floats: [Float]) -> Bool {
    guard floats.count == 1, floats[0].isNormal else { return false }
    return floats[0].magnitude.description.prefix { $0 != "e" }.filter(\.isNumber).drop { $0 == "0" }.count >= 6
  }

  /// Orders of dimensions, the one that changes nothing first.
  private static func orders(_ rank: Int) -> [[Int]] {
    guard (2...4).contains(rank) else { return [Array(0..<rank)] }
    var result: [[Int]] = [[]]
    for _ in 0..<rank {
      result = result.flatMap { order in (0..<rank).filter { !order.contains($0) }.map { order + [$0] } }
    }
    return result
  }

  /// Whether an array has other numbers in some draw, or is missing there.
  private func differs(_ name: String) throws -> Bool { try UnaccountedArrays.differs(name, own, draws) }

  /// Single numbers of the graph that have no relation, and that an array which differs between draws has too, with so many
  /// digits that it may be the array's: an exporter computed it from there.
  func coincidences(_ relations: [String: TensorRelation]) throws -> [String] {
    let single = tensors.filter { name, tensor in
      relations[name] == nil && tensor.floats.map(isTelling) == true
    }
    guard !single.isEmpty else { return [] }
    let differing = try named.filter { try LearnedTensors.isSmall($0.value.shape) && differs($0.key) }
    let numbers = Set(differing.flatMap { $0.value.floats ?? [] }.map(\.bitPattern))
    return single.filter { numbers.contains($0.value.floats?.first?.bitPattern ?? 0) }.map(\.key).sorted()
  }

  /// Whether two relations give the same in every draw.
  private func agree(_ a: TensorRelation, _ b: TensorRelation) throws -> Bool {
    for (index, draw) in draws.enumerated() {
      let first = try a.constant(draw, "draw \(index)", origin: "").floats
      guard try b.constant(draw, "draw \(index)", origin: "").floats == first else { return false }
    }
    return true
  }

  // MARK: - Folded

  /// Weights and the batch normalisation behind them.
  private struct Fold {
    let weight: String
    let norm: NamedNorm
    var relation: TensorRelation { .foldedWeight(weight, norm) }
  }

  /// The weights and batch normalisations that a tensor may be the product of.
  private func folds(of name: String) throws -> [Fold] {
    guard let tensor = tensors[name], let floats = tensor.floats, let channels = tensor.shape.first, channels > 0 else {
      return []
    }
    // The exporters keep the name, with another value.
    let weights = [name] + named.keys.sorted().filter { $0 != name }
    var found: [Fold] = []
    for weight in weights {
      guard let own = named[weight], own.shape == tensor.shape, own.shape.count >= 2 else { continue }
      for norm in norms where named["\(norm.stem).running_var"]?.count == channels {
        let fold = Fold(weight: weight, norm: norm)
        if try holds(fold.relation, floats) { found.append(fold) }
      }
    }
    return found
  }

  /// The only one of several folds, or the first where all give the same in every draw.
  private func chosen(_ folds: [Fold], _ name: String) throws -> Fold {
    let first = folds[0]
    for rival in folds.dropFirst() where try !agree(first.relation, rival.relation) {
      throw ImportError(
        "tensor \(name.quoted) may be \(first.weight.quoted) folded with \(first.norm.stem.quoted) (ε \(first.norm.epsilon)) "
          + "or \(rival.weight.quoted) with \(rival.norm.stem.quoted) (ε \(rival.norm.epsilon)), which other draws have "
          + "differently: export a graph for each draw instead")
    }
    return first
  }

  /// Whether a relation gives these numbers, up to the rounding of exporters that computed them in float32.
  private func holds(_ relation: TensorRelation, _ floats: [Float]) throws -> Bool {
    guard let values = try relation.constant(own, "", origin: "").reals, values.count == floats.count else {
      return false
    }
    var scale = 0.0
    if case .foldedBias(let name, let norm) = relation {
      // Summands that cancel leave the rounding of both.
      let sizes = try norm.factors(own)
      let means = named["\(norm.stem).running_mean"]?.reals ?? []
      let bias = name.flatMap { named[$0]?.reals } ?? []
      scale =
        sizes.indices.map {
          abs(sizes[$0])
            * (abs(means.indices.contains($0) ? means[$0] : 0) + abs(bias.indices.contains($0) ? bias[$0] : 0))
        }.max() ?? 0
    }
    return zip(values, floats).allSatisfy { abs($0 - Double($1)) <= 1e-6 * max(abs($0), scale) + 1e-30 }
  }
}
