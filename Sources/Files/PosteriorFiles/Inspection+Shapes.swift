import HDF5
import NeuralNetworks

/// What the extents of a data set depend on, beside the posterior's own numbers.
struct FormatSurroundings {
  /// The parameter that it belongs to.
  var parameter: Architecture.Parameter?
  /// Number of labelled inputs; nil where it is not known, or this data set says it.
  var exampleCount: Int?
}

extension Inspection {
  /// The extent of every axis; nil where it may be any.
  func extents(of axes: [FormatAxis], in surroundings: FormatSurroundings = FormatSurroundings()) -> [Int?] {
    let hasDraws = structure.chainCount > 0
    return axes.flatMap { axis -> [Int?] in
      switch axis {
      case .chain: [hasDraws ? structure.chainCount : nil]
      case .draw: [hasDraws ? structure.drawsPerChain : nil]
      case .example: [surroundings.exampleCount]
      case .class: [structure.architecture?.classCount]
      case .parameter: surroundings.parameter?.shape ?? []
      case .input: structure.architecture?.inputShape ?? []
      case .channel: [structure.architecture?.inputShape.first]
      case .bound: [2]
      case .length: [nil]
      }
    }
  }

  /// Whether a shape has these extents, none of them 0.
  static func fits(_ shape: [Int], _ extents: [Int?]) -> Bool {
    shape.count == extents.count && zip(shape, extents).allSatisfy { $0 >= 1 && $0 == $1 ?? $0 }
  }

  /// A shape for people, with the name of an axis where its extent may be any.
  static func words(_ axes: [FormatAxis], _ extents: [Int?]) -> String {
    let names = axes.flatMap { axis -> [String] in
      switch axis {
      case .chain: ["chains"]
      case .draw: ["draws"]
      // As many numbers as there are, all of them known.
      case .parameter, .input: Array(repeating: "", count: max(0, extents.count - axes.count + 1))
      default: [axis.rawValue]
      }
    }
    return "(" + zip(names, extents).map { $1.map(String.init) ?? $0 }.joined(separator: ", ") + ")"
  }

  /// Checks a data set of the table that is there by name: what it is, its shape, its type, whether the file can hold
  /// it, and what its axes are called.
  ///
  /// - Returns: The data set if it is there, whatever is wrong with it; nil where it is missing, which is reported
  ///   where it must not be, or is a group.
  @discardableResult
  func check(_ path: String, in surroundings: FormatSurroundings = FormatSurroundings()) -> HDF5Dataset? {
    let item = FormatSchema.named(path)
    guard let dataset = structure.datasets[path] else {
      if groups.contains(path) {
        report(path, "is a group; it needs to be a data set")
      } else if item.isRequired, !problems.contains(where: { $0.path == path }) {
        reportAbsence(of: item, at: path)
      }
      return nil
    }
    let axes = item.shape ?? []
    let extents = extents(of: axes, in: surroundings)
    guard let shape = dataset.shape, item.shape == nil || Self.fits(shape, extents) else {
      let found = dataset.shape.map(Self.tuple) ?? "of nothing"
      report(path, "has shape \(found); \(item.needs) \(Self.words(axes, extents))")
      return dataset
    }
    accept(dataset, as: item)
    if let meanings = meanings(of: axes, surroundings.parameter) { checkAxes(dataset, meanings) }
    return dataset
  }

  /// What the axes mean; nil where names of axes are not compared.
  func meanings(of axes: [FormatAxis], _ parameter: Architecture.Parameter? = nil) -> AxisMeanings? {
    guard let architecture = structure.architecture else { return nil }
    return AxisMeanings(axes, parameter: parameter, inputShape: architecture.inputShape)
  }
}
