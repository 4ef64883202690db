import HDF5
import NeuralNetworks

extension Inspection {
  /// Reports a path of the table that is not a group. True when the group is there.
  func checkGroup(_ path: String, isRequired: Bool) -> Bool {
    if groups.contains(path) { return true }
    if structure.datasets[path] != nil {
      report(path, "is a data set; it needs to be a group")
    } else if isRequired, !problems.contains(where: { $0.path == path }) {
      report(path, "is missing")
    }
    return false
  }

  func checkModel() {
    guard checkGroup("/model", isRequired: true),
      let attributes = attempt({ () throws(HDF5Error) in try file.attributes(of: "/model") })
    else { return }
    structure.modelAttributes = attributes
    checkSigned(attributes, of: "/model")
    checkArchitecture(attributes.first { $0.name == "architecture" })
    checkBounds(attributes.first { $0.name == "input_bounds" })
  }

  /// Reports attributes that no digest can cover. What /provenance holds changes no number, and may be anything.
  func checkSigned(_ attributes: [HDF5Attribute], of group: String) {
    for attribute in attributes where attribute.value == .unread && attribute.name != "architecture" {
      report(
        "\(group)@\(attribute.name)",
        "holds \(attribute.type); it needs to be one text, or numbers (a truth value is 0 or 1)")
    }
  }

  private func checkArchitecture(_ attribute: HDF5Attribute?) {
    let path = "/model@architecture"
    guard let attribute else {
      return report(path, "is missing", advice: "It describes the network as JSON")
    }
    guard let text = attribute.text else { return checkText(attribute, path) }
    do throws(ArchitectureError) {
      structure.architecture = try Architecture(json: text)
    } catch {
      report(
        path, error.location.isEmpty ? error.reason : "is ill-formed: \(error)",
        advice: "Docs/file-format.md#architecture has every layer with its keys")
    }
    // Numbers between 0 and 1 are probabilities: taken as logits they make every network unsure and easy to fool.
    if let architecture = structure.architecture, architecture.lastActivation == .sigmoid {
      report(
        path, "gives the last layer the activation sigmoid; the last layer gives logits",
        advice: "With identity, its outputs are what the sigmoid was applied to. One unit of a sigmoid becomes two of "
          + "identity, with the weights (0, w) and the biases (0, b)")
    }
  }

  private func checkBounds(_ attribute: HDF5Attribute?) {
    let path = "/model@input_bounds"
    guard let attribute else { return report(path, "is missing", advice: "It holds [low, high]") }
    guard case .number = attribute.type, let bounds = attribute.doubles else {
      return report(path, "holds \(attribute.type); it needs two numbers")
    }
    guard attribute.shape == [2], bounds.count == 2 else {
      return report(path, "has shape \(Self.tuple(attribute.shape ?? [])); it needs two numbers, [low, high]")
    }
    guard bounds.allSatisfy(\.isFinite), bounds[0] < bounds[1] else {
      return report(path, "is [\(bounds[0]), \(bounds[1])]; bounds are finite and increasing")
    }
    structure.inputBounds = bounds[0]...bounds[1]
  }

  func checkProvenance() {
    guard checkGroup("/provenance", isRequired: false),
      let attributes = attempt({ () throws(HDF5Error) in try file.attributes(of: "/provenance", isLenient: true) })
    else { return }
    structure.provenanceAttributes = attributes
    guard let kind = attributes.first(where: { $0.name == "kind" }) else { return }
    guard let text = kind.text.map(Self.unpadded) else { return checkText(kind, "/provenance@kind") }
    structure.kind = PosteriorKind(rawValue: text)
    if structure.kind == nil {
      let known = PosteriorKind.allCases.map(\.rawValue).joined(separator: ", ")
      report("/provenance@kind", "is \"\(text.prefix(80))\"; it needs to be one of \(known)")
    }
  }

  /// Compares the kind with the shape. One network cannot be several; what else differs from the table changes no
  /// number, and is a warning.
  func checkKind() {
    let draws = structure.chainCount * structure.drawsPerChain
    guard structure.kind == .single, draws > 1 else { return }
    report(
      "/provenance@kind",
      "is single, which is one chain of one draw; /posterior holds \(structure.chainCount) chains of \(structure.drawsPerChain) draws",
      advice: "Keep one draw, or say what the others are: ensemble, variational or mcmc")
  }
}
