import HDF5
import NeuralNetworks

extension Inspection {
  static let reference = "/reference"

  /// Checks the answers of the author's program, and the inputs that they are about.
  func checkReference() {
    guard checkGroup(Self.reference), readAttributes(of: Self.reference) else { return }
    checkPresence(ofAttributesOf: Self.reference)
    if let text = structure.text("/reference@precision"), AnswerPrecision(rawValue: text) == nil {
      let known = AnswerPrecision.allCases.map(\.rawValue).joined(separator: ", ")
      report("/reference@precision", "is \"\(text.prefix(80))\"; it needs to be one of \(known)")
    }
    if let text = structure.text("/reference@logits_are"), ReferenceAnswers.Meaning(rawValue: text) == nil {
      let known = ReferenceAnswers.Meaning.allCases.map(\.rawValue).joined(separator: " or ")
      report("/reference@logits_are", "is \"\(text.prefix(80))\"; it needs to be \(known)")
    }
    guard structure.architecture != nil else { return }
    check("/reference/inputs")
    // Inputs that were refused say nothing about the number of answers.
    let surroundings = FormatSurroundings(exampleCount: structure.dataset("/reference/inputs")?.shape?.first)
    for path in ["/reference/logits", "/reference/log_predictive"] { check(path, in: surroundings) }
    let isThere = ["/reference/logits", "/reference/log_predictive"].contains {
      structure.datasets[$0] != nil || groups.contains($0)
    }
    guard !isThere, !problems.contains(where: { $0.path.hasPrefix(Self.reference + "/") }) else { return }
    report(
      Self.reference, "holds no answers",
      advice: "Add logits (chain, draw, n, class) or log_predictive (n, class), or remove the group")
  }
}

extension StatementReview {
  /// Answers in a file that says that it is of a version without them.
  var referenceWarnings: [PosteriorWarning] {
    let reference = Inspection.reference
    guard structure.version < FormatSchema.named(reference).since, structure.datasets["\(reference)/inputs"] != nil,
      structure.datasets["\(reference)/logits"] != nil || structure.datasets["\(reference)/log_predictive"] != nil
    else { return [] }
    return [
      PosteriorWarning(
        place: reference,
        sentence:
          "looks like reference answers, which format 1.1 has; the file says \(structure.formatVersion), and they "
          + "are not compared",
        advice: "Set format_version to \(FormatSchema.named(reference).since.rawValue)")
    ]
  }
}
