import HDF5
import NeuralNetworks

/// What a file states and nothing here reads: a temperature, a normalisation, the number that labels count from.
struct FurtherStatements: Sendable, Hashable {
  /// The path of what it is stated of.
  let place: String
  /// The names of what is stated, in alphabetical order.
  let names: [String]

  /// What is stated beyond what changes no number; nil for nothing.
  ///
  /// - Parameter names: Names that the format does not know.
  init?(place: String, names: [String]) {
    let further = names.filter { !Self.isHarmless($0) }.sorted()
    guard !further.isEmpty else { return nil }
    self.place = place
    self.names = further
  }

  /// What people describe things with, and what libraries attach to everything.
  private static let harmless: Set<String> = [
    "CLASS", "NAME", "DIMENSION_LIST", "DIMENSION_LABELS", "REFERENCE_LIST", "_ARRAY_DIMENSIONS", "_NCProperties",
    "units", "long_name", "standard_name", "description", "title", "comment", "comments", "notes", "name", "source",
    "references", "history", "institution", "author", "authors", "license", "url", "doi", "citation", "version",
    "Conventions", "coordinates", "class_names", "classes", "class_count", "label_names", "flag_values",
    "flag_meanings", "dataset", "split", "created_at", "creation_library", "creation_library_version",
    "creation_library_language", "inference_library", "inference_library_version", "arviz_version", "sampling_time",
    "sha256", "seed", "dtype", "_FillValue", "missing_value", "valid_min", "valid_max", "valid_range", "_Unsigned",
    "scale_factor", "add_offset", "input_bounds", "framework", "library", "$schema",
  ]

  private static func isHarmless(_ name: String) -> Bool {
    harmless.contains(name) || ["_Netcdf4", "_nc", "IMAGE_"].contains { name.hasPrefix($0) }
  }

  /// The warning.
  var warning: PosteriorWarning {
    let list = names.prefix(6).joined(separator: ", ") + (names.count > 6 ? ", …" : "")
    return PosteriorWarning(
      place: place,
      sentence: "states \(list), which the format does not know: "
        + "\(names.count == 1 ? "it is" : "they are") not applied",
      advice: "Put what changes the logits into the layers or the weights, what changes the inputs into a normalize "
        + "layer; what only describes belongs into /provenance")
  }
}

extension Inspection {
  /// Collects what nobody reads of the network and of its examples, and compares the bounds where they are stated
  /// twice.
  func checkFurtherStatements() {
    var found: [FurtherStatements?] = []
    if let architecture = structure.architecture {
      found.append(FurtherStatements(place: "/model@architecture", names: architecture.furtherKeys))
    }
    found.append(
      FurtherStatements(place: "/model", names: structure.furtherAttributes(of: "/model").map(\.name)))
    for path in ["/evaluation_data", "/evaluation_data/inputs", "/evaluation_data/labels"]
    where groups.contains(path) || structure.datasets[path] != nil {
      guard let attributes = attempt({ () throws(HDF5Error) in try file.attributes(of: path, isLenient: true) }) else {
        continue
      }
      found.append(FurtherStatements(place: path, names: attributes.map(\.name)))
      compareBounds(attributes.first { $0.name == "input_bounds" }, of: path)
    }
    structure.furtherStatements = found.compactMap(\.self)
  }

  private func compareBounds(_ attribute: HDF5Attribute?, of path: String) {
    guard let values = attribute?.doubles, values.count == 2, values[0] < values[1],
      let architecture = structure.architecture, let bounds = structure.inputBounds
    else { return }
    let expected = ExpectedInputs(
      inputShape: architecture.inputShape, inputBounds: bounds, classCount: architecture.classCount)
    guard let reason = expected.boundsProblem(values[0]...values[1]) else { return }
    report(
      "\(path)@input_bounds", "\(reason), as /model@input_bounds says",
      advice: "Store the inputs in the scale that the network was trained with")
  }
}
