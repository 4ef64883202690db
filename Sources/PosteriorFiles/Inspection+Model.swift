import HDF5
import NeuralNetworks

extension Inspection {
  /// Reports a path of the table that is not a group. True when the group is there, and files of this version have it.
  func checkGroup(_ path: String) -> Bool {
    let item = FormatSchema.named(path)
    guard item.since <= structure.version else { return false }
    if groups.contains(path) { return true }
    if structure.datasets[path] != nil {
      report(path, "is a data set; it needs to be a group")
    } else if item.isRequired, !problems.contains(where: { $0.path == path }) {
      report(path, "is missing")
    }
    return false
  }

  func checkModel() {
    guard checkGroup("/model"), readAttributes(of: "/model") else { return }
    checkPresence(ofAttributesOf: "/model")
    checkArchitecture()
    checkBounds()
  }

  private func checkArchitecture() {
    let path = "/model@architecture"
    guard let text = structure.text(path) else { return }
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

  private func checkBounds() {
    let path = "/model@input_bounds"
    // Anything but two numbers has been reported.
    guard let attribute = structure.attribute(path), attribute.shape == [2], let bounds = attribute.doubles else {
      return
    }
    guard bounds.allSatisfy(\.isFinite), bounds[0] < bounds[1] else {
      return report(path, "is [\(bounds[0]), \(bounds[1])]; bounds are finite and increasing")
    }
    structure.inputBounds = bounds[0]...bounds[1]
  }

  func checkProvenance() {
    guard checkGroup("/provenance"), readAttributes(of: "/provenance"),
      let text = structure.text("/provenance@kind").map(Self.unpadded)
    else { return }
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
