import HDF5
package import NeuralNetworks
import RobustnessCore

extension PosteriorFile {
  /// Whether the file says what its author's program answers.
  public var hasReferenceAnswers: Bool { structure.holds(.referenceAnswers) }

  /// What the author's program answers, as it is stored; nil when the file does not say.
  public func referenceAnswers() throws(PosteriorFileError) -> ReferenceAnswers? {
    guard hasReferenceAnswers, let inputs = try numbers("inputs"), let precision = referencePrecision else {
      return nil
    }
    var answers = ReferenceAnswers(
      inputs: inputs, logits: try numbers("logits"), logPredictive: try numbers("log_predictive"),
      software: referenceSoftware, precision: precision)
    answers.areLogProbabilities =
      structure.text("/reference@logits_are") == ReferenceAnswers.Meaning.logProbabilities.rawValue
    answers.furtherAttributes = structure.furtherAttributes(of: "/reference")
    return answers
  }

  /// Compares the network of the file with the answers of its author's program; nil where there are none.
  ///
  /// - Parameters:
  ///   - budget: Products that the comparison may take; nil for some seconds.
  ///   - threads: Worker threads; nil for all cores.
  /// - Throws: `PosteriorFileError` when the file can no longer be read.
  package func referenceFindings(budget: Double? = nil, threads: Int? = nil) throws -> ReferenceFindings? {
    guard let answers = try referenceAnswers() else { return nil }
    let values = answers.inputs.values
    // Answers in double precision that were computed in less hold what was computed.
    let isSingle = [answers.logits, answers.logPredictive].contains { $0?.element == .float32 }
    let question = ReferenceQuestion(
      inputs: values, count: values.count / architecture.inputShape.reduce(1, *), logits: answers.logits?.values,
      logPredictive: answers.logPredictive?.values, precision: answers.precision, storedError: isSingle ? 0x1p-24 : 0,
      areLogProbabilities: answers.areLogProbabilities)
    return try ReferenceComparison(
      self, chainCount: chainCount, question: question, budget: budget, threads: threads
    ).findings()
  }

  /// Who answered, in words: `PyTorch 2.15.0 (float64)`.
  package var referenceAuthor: String {
    let software = referenceSoftware.map { String($0.prefix(80)) } ?? "the author's program"
    // Names come from the file: they must not steer a terminal.
    let clean = String(software.unicodeScalars.map { $0.properties.generalCategory == .control ? " " : Character($0) })
    return clean + (referencePrecision.map { " (\($0.rawValue))" } ?? "")
  }

  /// What the file holds, for people; nil where it holds nothing of it.
  package var referenceSummary: String? {
    guard hasReferenceAnswers, let count = structure.dataset("/reference/inputs")?.shape?.first else { return nil }
    let kinds = [("logits", "logits of every draw"), ("log_predictive", "log-predictive")].filter { name, _ in
      structure.dataset("/reference/\(name)") != nil
    }
    return "\(count) input\(count == 1 ? "" : "s"), \(kinds.map(\.1).joined(separator: " and ")), by \(referenceAuthor)"
  }

  private var referenceSoftware: String? { structure.text("/reference@software") }

  private var referencePrecision: AnswerPrecision? {
    structure.text("/reference@precision").flatMap { AnswerPrecision(rawValue: $0) }
  }

  private func numbers(_ name: String) throws(PosteriorFileError) -> StoredNumbers? {
    guard let dataset = structure.dataset("/reference/\(name)") else { return nil }
    do throws(HDF5Error) {
      return try StoredNumbers(dataset)
    } catch {
      throw PosteriorFileError(file: self.path, path: error.path, reason: "can no longer be read: \(error.reason)")
    }
  }
}
