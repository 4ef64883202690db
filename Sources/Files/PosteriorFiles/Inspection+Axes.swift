import HDF5
import NeuralNetworks

extension Architecture.Parameter {
  /// Names of the dimensions of one draw. A square weight has two: no dimension may come twice.
  ///
  /// Those of a weight that sums inputs have meanings, and so has the one dimension of whatever there is for each unit
  /// or channel. Others are numbered.
  var dimensionNames: [String] { suffixes.map { "\(layerName)_\($0)" } }

  /// Other names for each that mean the same; none for numbers, which libraries give to all axes of an array.
  var dimensionSynonyms: [Set<String>] { hasMeaning ? suffixes.map { [$0] } : shape.map { _ in [] } }

  private var suffixes: [String] {
    hasMeaning ? zip(shape, Self.dimensionSuffixes).map { $1 } : shape.indices.map { "dim_\($0)" }
  }

  private var hasMeaning: Bool {
    if case .weight = purpose { return shape.count <= Self.dimensionSuffixes.count }
    return shape.count == 1
  }

  /// The layer that it belongs to.
  var layerName: String { String(name.prefix(upTo: name.lastIndex(of: ".") ?? name.endIndex)) }

  private static let dimensionSuffixes = ["out", "in", "kh", "kw"]
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
