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
      let architecture = try Architecture(json: text)
      structure.architecture = architecture
      if structure.version < .second, let reason = architecture.beyondFormat10 { reportVersion(path, reason) }
    } catch {
      report(
        path, error.location.isEmpty ? error.reason : "is ill-formed: \(error)",
        advice: "Docs/file-format.md#architecture has every layer with its keys")
    }
    // Numbers between 0 and 1 are probabilities: taken as logits they make every network unsure and easy to fool.
    if let architecture = structure.architecture, let function = architecture.probabilityFunction {
      report(
        path, "gives the last layer the activation \(function.word); the last layer gives logits",
        advice:
          "With identity, its outputs are what the \(function.word) was applied to. One unit of a sigmoid becomes two of "
          + "identity, with the weights (0, w) and the biases (0, b); from format 1.1 on it may stay, with class_count 2"
      )
    }
  }

  private func checkBounds() {
    let path = "/model@input_bounds"
    // Anything but two numbers, or so many pairs, has been reported.
    guard let attribute = structure.attribute(path), let shape = attribute.shape, let bounds = attribute.doubles,
      shape == [2] || shape.count == 2 && shape[1] == 2
    else { return }
    if shape.count == 2 {
      if structure.version < .second { return reportVersion(path, "holds a pair for each channel") }
      if let channels = structure.architecture?.inputShape.first, channels != shape[0] {
        return report(
          path,
          "has shape \(Self.tuple(shape)); for each of the \(channels) channels, the first axis of input_shape, "
            + "it needs [low, high]: (\(channels), 2)")
      }
    }
    var pairs: [ClosedRange<Double>] = []
    for start in stride(from: 0, to: bounds.count, by: 2) {
      let (low, high) = (bounds[start], bounds[start + 1])
      guard low.isFinite, high.isFinite, low < high else {
        let channel = shape.count == 2 ? " for channel \(start / 2)" : ""
        return report(path, "is [\(low), \(high)]\(channel); bounds are finite and increasing")
      }
      pairs.append(low...high)
    }
    guard let first = pairs.first else { return }
    structure.inputBounds = pairs.reduce(first) {
      min($0.lowerBound, $1.lowerBound)...max($0.upperBound, $1.upperBound)
    }
    // Equal pairs say what one of them says.
    structure.boundsPerChannel = pairs.allSatisfy { $0 == first } ? nil : pairs
  }

  func checkProvenance() {
    guard checkGroup("/provenance"), readAttributes(of: "/provenance") else { return }
    func word<Word: RawRepresentable<String> & CaseIterable>(_ path: String) -> Word? {
      guard let text = structure.text(path).map(Self.unpadded) else { return nil }
      if let word = Word(rawValue: text) { return word }
      let known = Word.allCases.map(\.rawValue).joined(separator: ", ")
      report(path, "is \"\(text.prefix(80))\"; it needs to be one of \(known)")
      return nil
    }
    structure.kind = word("/provenance@kind")
    if let kind = structure.kind, kind.since > structure.version {
      reportVersion("/provenance@kind", "is \(kind.rawValue)")
    }
    structure.exactness = word("/provenance@exactness")
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
