import HDF5
import NeuralNetworks

extension Architecture.Parameter {
  /// Names of the dimensions of one draw. A square weight has two: no dimension may come twice.
  var dimensionNames: [String] {
    let layer = name.prefix(upTo: name.lastIndex(of: ".") ?? name.endIndex)
    return zip(shape, Self.dimensionSuffixes).map { "\(layer)_\($1)" }
  }

  static let dimensionSuffixes = ["out", "in", "kh", "kw"]
}

/// What the axes of a data set mean, and the names that say so.
struct AxisMeanings {
  /// For every axis its name in messages, and the other names that mean the same.
  let axes: [(name: String, synonyms: Set<String>)]

  private static let chain = ("chain", Set(["chains"]))
  private static let draw = ("draw", Set(["draws", "sample", "samples", "iteration", "iterations"]))

  /// Chain and draw.
  static let statistic = AxisMeanings(axes: [chain, draw])

  /// Chain and draw, and the dimensions of one draw.
  static func parameter(_ parameter: Architecture.Parameter) -> AxisMeanings {
    AxisMeanings(axes: [chain, draw] + oneDraw(parameter).axes)
  }

  /// The dimensions of one draw.
  static func oneDraw(_ parameter: Architecture.Parameter) -> AxisMeanings {
    AxisMeanings(
      axes: zip(parameter.dimensionNames, Architecture.Parameter.dimensionSuffixes).map { ($0, Set([$1])) })
  }

  /// Images are (channel, height, width); of other inputs nothing is known but that examples come first.
  static func inputs(_ inputShape: [Int]) -> AxisMeanings {
    let image: [(String, Set<String>)] = [
      ("channel", ["channels", "c", "band", "bands"]), ("height", ["h", "row", "rows"]),
      ("width", ["w", "column", "columns", "col", "cols"]),
    ]
    let example = ("example", Set(["examples", "sample", "samples", "image", "images", "batch", "n"]))
    return AxisMeanings(axes: [example] + (inputShape.count == 3 ? image : []))
  }

  /// The first axis whose names say that it is another one of these.
  func contradiction(_ names: [[String]]) -> String? {
    for (axis, names) in names.enumerated() {
      for name in names {
        let known = axes.firstIndex { $0.name == name || $0.synonyms.contains(name.lowercased()) }
        guard let known, known != axis else { continue }
        let needed = axes.indices.contains(axis) ? "it needs to be \(axes[axis].name)" : "\(name) is axis \(known)"
        return "axis \(axis) is the dimension \(name); \(needed)"
      }
    }
    return nil
  }
}

extension Inspection {
  /// Compares what a data set calls its axes with what they are: shapes alone cannot tell as many chains as draws, or a
  /// square weight, from their transposes.
  func checkAxes(_ dataset: HDF5Dataset, _ meanings: AxisMeanings) {
    guard let names = attempt({ () throws(HDF5Error) in try file.axisNames(of: dataset.path) }),
      let contradiction = meanings.contradiction(names)
    else { return }
    report(dataset.path, contradiction, advice: "Transpose the values, or attach the scales to their own axes")
  }
}
