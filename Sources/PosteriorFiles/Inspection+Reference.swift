import HDF5
import NeuralNetworks

extension PosteriorStructure {
  /// Whether the file is of a version that has reference answers; in others the group may be anything.
  var mayHoldReferenceAnswers: Bool {
    (formatVersion.split(separator: ".").last.flatMap { Int($0) } ?? 0) >= 1
  }
}

extension Inspection {
  static let reference = "/reference"

  /// Checks the answers of the author's program, and the inputs that they are about.
  func checkReference() {
    guard structure.mayHoldReferenceAnswers, checkGroup(Self.reference, isRequired: false),
      let attributes = attempt({ () throws(HDF5Error) in try file.attributes(of: Self.reference) })
    else { return }
    structure.referenceAttributes = attributes
    checkSigned(attributes, of: Self.reference)
    checkReferenceAttributes(attributes)
    guard let architecture = structure.architecture else { return }
    let inputs = checkReferenceInputs(architecture)
    let count = inputs?.shape?.first
    let n = count.map(String.init) ?? "n"
    let found = [
      checkAnswers(
        "logits", [structure.chainCount, structure.drawsPerChain, count, architecture.classCount],
        names: ["chain", "draw", "example", "class"],
        needed: "(chain, draw, n, class): (\(structure.chainCount), \(structure.drawsPerChain), \(n), "
          + "\(architecture.classCount))"),
      checkAnswers(
        "log_predictive", [count, architecture.classCount], names: ["example", "class"],
        needed: "(n, class): (\(n), \(architecture.classCount))"),
    ]
    guard !found.contains(true), !problems.contains(where: { $0.path.hasPrefix(Self.reference + "/") }) else { return }
    report(
      Self.reference, "holds no answers",
      advice: "Add logits (chain, draw, n, class) or log_predictive (n, class), or remove the group")
  }

  private func checkReferenceAttributes(_ attributes: [HDF5Attribute]) {
    if let software = attributes.first(where: { $0.name == "software" }), software.value != .unread {
      checkText(software, Self.reference + "@software")
    }
    let place = Self.reference + "@precision"
    let known = AnswerPrecision.allCases.map(\.rawValue).joined(separator: ", ")
    guard let precision = attributes.first(where: { $0.name == "precision" }) else {
      return report(place, "is missing", advice: "It says how the answers were computed, as one of \(known)")
    }
    guard let text = precision.text else {
      if precision.value != .unread { checkText(precision, place) }
      return
    }
    if AnswerPrecision(rawValue: text) == nil {
      report(place, "is \"\(text.prefix(80))\"; it needs to be one of \(known)")
    }
  }

  private func checkReferenceInputs(_ architecture: Architecture) -> HDF5Dataset? {
    let path = Self.reference + "/inputs"
    guard let inputs = structure.datasets[path] else {
      if groups.contains(path) {
        report(path, "is a group; it needs to be a data set")
      } else if !problems.contains(where: { $0.path == path }) {
        report(path, "is missing; answers are to inputs")
      }
      return nil
    }
    guard let shape = inputs.shape, shape.count >= 1, Array(shape.dropFirst()) == architecture.inputShape, shape[0] >= 1
    else {
      let wanted = "(n, " + architecture.inputShape.map(String.init).joined(separator: ", ") + ")"
      report(path, "has shape \(inputs.shape.map(Self.tuple) ?? "of nothing"); the architecture needs \(wanted)")
      return nil
    }
    accept(inputs, as: .referenceInputs, types: [.float32, .float64, .uint8])
    checkAxes(inputs, .inputs(architecture.inputShape))
    if inputs.type == .number(.uint8), let bounds = structure.inputBounds,
      let reason = StoredInputs.byteProblem(within: bounds)
    {
      report(path, reason)
    }
    return inputs
  }

  /// True when answers of this name are there, whatever is wrong with them.
  private func checkAnswers(_ name: String, _ shape: [Int?], names: [String], needed: String) -> Bool {
    let path = "\(Self.reference)/\(name)"
    guard let dataset = structure.datasets[path] else {
      if groups.contains(path) { report(path, "is a group; it needs to be a data set") }
      return groups.contains(path)
    }
    // Draws and inputs are unknown where they were refused, and that has been said.
    let isKnown = !shape.contains(nil) && structure.chainCount > 0
    guard let found = dataset.shape, !isKnown || found == shape.compactMap(\.self) else {
      report(path, "has shape \(dataset.shape.map(Self.tuple) ?? "of nothing"); it needs \(needed)")
      return true
    }
    accept(dataset, as: .referenceAnswers, types: [.float32, .float64])
    if found.count == names.count {
      checkAxes(dataset, AxisMeanings(axes: names.map { ($0, [$0 + "s"]) }))
    }
    return true
  }
}

extension StatementReview {
  /// Answers in a file that says that it is of a version without them.
  var referenceWarnings: [PosteriorWarning] {
    let reference = Inspection.reference
    guard !structure.mayHoldReferenceAnswers, structure.datasets["\(reference)/inputs"] != nil,
      structure.datasets["\(reference)/logits"] != nil || structure.datasets["\(reference)/log_predictive"] != nil
    else { return [] }
    return [
      PosteriorWarning(
        place: reference,
        sentence:
          "looks like reference answers, which format 1.1 has; the file says \(structure.formatVersion), and they "
          + "are not compared",
        advice: "Set format_version to 1.1")
    ]
  }
}
