import HDF5
import NeuralNetworks

extension Inspection {
  static let shared = "/shared"

  /// Checks the parameters that all draws share, and notes which they are.
  func checkShared() {
    guard structure.version >= FormatSchema.named(Self.shared).since else { return checkNothingShared() }
    guard checkGroup(Self.shared) else { return }
    checkNoGroups(in: Self.shared)
    guard let architecture = structure.architecture else { return }
    for (index, parameter) in architecture.parameters.enumerated() {
      guard check("\(Self.shared)/\(parameter.name)", in: FormatSurroundings(parameter: parameter)) != nil else {
        continue
      }
      structure.sharedParameters.insert(index)
    }
    let names = Set(architecture.parameters.map(\.name))
    for (name, dataset) in datasets(in: Self.shared) where !names.contains(name) {
      checkDimension(dataset, of: Self.shared)
    }
  }

  /// A file of the first version has a group of this name for something else, unless a parameter lies in it.
  private func checkNothingShared() {
    guard let architecture = structure.architecture,
      architecture.parameters.contains(where: { structure.datasets["\(Self.shared)/\($0.name)"] != nil })
    else { return }
    reportVersion(Self.shared, "holds parameters that all draws share")
  }

  /// Says that a parameter is there for each draw, and for all.
  func reportTwice(_ parameter: Architecture.Parameter) {
    report(
      "\(Self.shared)/\(parameter.name)",
      "is in /posterior as well: a parameter is stored for each draw there, or once for all draws here, not both",
      advice: "Remove one of them")
  }

  /// Where else a parameter that is missing could be; empty where the file's version has no such place.
  func alternative(_ parameter: Architecture.Parameter) -> String {
    guard structure.version >= FormatSchema.named(Self.shared).since else { return "" }
    return ", or once for all draws in \(Self.shared) with shape \(Self.tuple(parameter.shape))"
  }

  /// Where no parameter says how many draws there are, there is one.
  func checkDrawCounts(_ architecture: Architecture) {
    guard structure.chainCount == 0, structure.sharedParameters.count == architecture.parameters.count else { return }
    let counts = ["chain", "draw"].map { structure.datasets["/posterior/\($0)"]?.shape?.first ?? 1 }
    (structure.chainCount, structure.drawsPerChain) = (1, 1)
    guard counts != [1, 1] else { return }
    report(
      Self.shared,
      "holds every parameter of the network: all draws would be equal, and /posterior has chain and draw for "
        + "\(counts[0]) chains of \(counts[1]) draws",
      advice: "Store in /posterior what differs between draws, or keep one draw")
  }

  /// Says that a file uses what its version of the format does not have.
  func reportVersion(_ place: String, _ reason: String) {
    let needed = FormatVersion.second.rawValue
    report(
      place, "\(reason), which needs format_version \(needed); the file says \(structure.formatVersion)",
      advice: "Set format_version to \(needed)")
  }
}
