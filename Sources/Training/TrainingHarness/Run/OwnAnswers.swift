import NeuralNetworks
import PosteriorFiles
import RobustnessCore
import Shell

/// What the network of a run answers, for the file: whoever reads it later can tell whether it is read as it was
/// meant. It shows nothing about the training itself.
enum OwnAnswers {
  /// Number of inputs, where there are as many and they cost little.
  private static let inputs = 16
  /// So many answers go into a file, and so many products may they take, if one input does not take more.
  private static let answerLimit = 1 << 17
  private static let budget = 2e9

  /// Logits of every draw at some of the contents' evaluation data, in Double; nil without such data.
  ///
  /// - Throws: `CoreError` and `KernelError` when the network cannot run here, and what reading the weights throws.
  static func make(_ contents: PosteriorContents, programVersion: String) throws -> ReferenceAnswers? {
    guard let data = contents.evaluationData, data.count > 0 else { return nil }
    let (weights, architecture) = (contents.weights, contents.weights.architecture)
    let draws = Double(weights.drawCount)
    let affordable = min(
      Double(answerLimit) / (draws * Double(architecture.classCount)),
      2 * budget / (draws * max(1, architecture.operationsPerExample)))
    let rows = evenlySpaced(max(1, min(inputs, Int(affordable))), of: data.count)
    let numbers = data.inputs.rows(rows, size: data.inputSize)
    let tensor = Tensor(shape: [rows.count] + architecture.inputShape, elements: numbers.values)
    var parameters = [Float](repeating: 0, count: architecture.parameterCount)
    var logits: [Double] = []
    for draw in 0..<weights.drawCount {
      try parameters.withUnsafeMutableBufferPointer { try weights.read(draw: draw, into: $0) }
      logits += try Network(architecture: architecture, parameters: parameters).logits(tensor).elements
    }
    // Trained weights may answer beyond any number; the diagnostics say so.
    guard logits.allSatisfy(\.isFinite) else { return nil }
    return ReferenceAnswers(
      inputs: numbers, logits: .doubles(logits), software: "bayesian-robustness \(programVersion)",
      precision: .float64)
  }

  /// Refuses a file whose network does not answer as the file says.
  ///
  /// - Throws: `BadDataError` that says how it differs, and what reading throws.
  static func check(_ file: PosteriorFile, as name: String) throws {
    guard let findings = try file.referenceFindings(), findings.outcome == .differs else { return }
    throw BadDataError("\(name): \(findings.sentence(author: file.referenceAuthor)). \(findings.whatToDo)")
  }
}
