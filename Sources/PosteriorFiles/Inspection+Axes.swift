import HDF5
import NeuralNetworks

extension Architecture.Parameter {
  /// Names of the dimensions of one draw. A square weight has two: no dimension may come twice.
  var dimensionNames: [String] { zip(shape, Self.dimensionSuffixes).map { "\(layerName)_\($1)" } }

  /// The layer that it belongs to.
  var layerName: String { String(name.prefix(upTo: name.lastIndex(of: ".") ?? name.endIndex)) }

  static let dimensionSuffixes = ["out", "in", "kh", "kw"]
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
