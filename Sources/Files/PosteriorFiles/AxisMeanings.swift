import NeuralNetworks

/// What the axes of a data set mean, and the names that say so.
struct AxisMeanings {
  /// For every axis its name in messages, and the other names that mean the same.
  let axes: [(name: String, synonyms: Set<String>)]
  /// The layer whose parameter it is, whose name may stand before a direction.
  let layer: String?

  private static let chain = ("chain", Set(["chains"]))
  private static let draw = ("draw", Set(["draws", "sample", "samples", "iteration", "iterations"]))

  private static let example = (
    "example", Set(["examples", "sample", "samples", "image", "images", "batch", "n"])
  )
  private static let image: [(String, Set<String>)] = [
    ("channel", ["channels", "c", "band", "bands"]), ("height", ["h", "row", "rows"]),
    ("width", ["w", "column", "columns", "col", "cols"]),
  ]

  /// The axes of an item of the format.
  ///
  /// Images are (channel, height, width); of other inputs nothing is known but that examples come first.
  ///
  /// - Parameter parameter: Whose dimensions they are, where they are those of a parameter.
  init(_ axes: [FormatAxis], parameter: Architecture.Parameter? = nil, inputShape: [Int] = []) {
    let found = axes.flatMap { axis -> [(name: String, synonyms: Set<String>)] in
      switch axis {
      case .chain: [Self.chain]
      case .draw: [Self.draw]
      case .example: [Self.example]
      case .class: [("class", ["classes"])]
      case .parameter:
        parameter.map { zip($0.dimensionNames, $0.dimensionSynonyms).map { ($0, $1) } } ?? []
      case .input: inputShape.count == 3 ? Self.image : []
      case .channel, .bound, .length: []
      }
    }
    // A word for two of the axes says nothing: samples may be draws, or examples.
    self.axes = found.map { axis in
      let others = found.filter { $0.name != axis.name }.flatMap(\.synonyms)
      return (axis.name, axis.synonyms.subtracting(others))
    }
    layer = parameter?.layerName
  }

  /// Chain and draw, and the dimensions of one draw.
  static func parameter(_ parameter: Architecture.Parameter) -> AxisMeanings {
    AxisMeanings([.chain, .draw, .parameter], parameter: parameter)
  }

  /// The dimensions of one draw.
  static func oneDraw(_ parameter: Architecture.Parameter) -> AxisMeanings {
    AxisMeanings([.parameter], parameter: parameter)
  }

  /// Labelled inputs.
  static func inputs(_ inputShape: [Int]) -> AxisMeanings { AxisMeanings([.example, .input], inputShape: inputShape) }

  /// The first axis whose names say that it is another one of these.
  func contradiction(_ names: [[String]]) -> String? {
    for (axis, names) in names.enumerated() {
      for name in names {
        guard let known = position(name), known != axis else { continue }
        let needed = axes.indices.contains(axis) ? "it needs to be \(axes[axis].name)" : "\(name) is axis \(known)"
        return "axis \(axis) is the dimension \(name); \(needed)"
      }
    }
    return nil
  }

  /// The axis that a name means; nil where it says nothing. A layer may be called `in`.
  private func position(_ name: String) -> Int? {
    if let exact = axes.firstIndex(where: { $0.name == name }) { return exact }
    guard name.lowercased() != layer?.lowercased() else { return nil }
    return axes.firstIndex { $0.synonyms.contains(name.lowercased()) } ?? directed(name)
  }

  // MARK: - Directions

  /// Words for the side of a layer that its inputs come in by, and for the other.
  private static let directions = [
    "in": "in", "input": "in", "inputs": "in", "from": "in", "previous": "in", "i": "in",
    "out": "out", "output": "out", "outputs": "out", "to": "out", "next": "out", "o": "out",
  ]
  /// Words that say what there is so many of, and not on which side.
  private static let quantities: Set<String> = [
    "n", "num", "fan", "feature", "features", "channel", "channels", "unit", "units", "node", "nodes", "neuron",
    "neurons", "dim", "dims", "dimension", "size", "axis", "weight", "weights", "kernel",
  ]

  /// The axis that a name such as `in_features`, `fan_out`, `n_in` or `LAYER.input` means; nil where it says nothing,
  /// or speaks of another layer.
  private func directed(_ name: String) -> Int? {
    guard let layer else { return nil }
    var rest = name.lowercased()[...]
    let own = layer.lowercased()
    if rest.hasPrefix(own), let next = rest.dropFirst(own.count).first, !next.isLetter, !next.isNumber {
      rest = rest.dropFirst(own.count)
    }
    let words = rest.split { !$0.isLetter && !$0.isNumber }.map(String.init).filter { !Self.quantities.contains($0) }
    guard words.count == 1, let direction = Self.directions[words[0]] else { return nil }
    return axes.firstIndex { $0.synonyms.contains(direction) }
  }
}
