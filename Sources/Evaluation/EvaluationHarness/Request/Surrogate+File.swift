import NeuralNetworks
import PosteriorFiles
import RobustnessCore
import Shell

extension EvaluationRequest {
  /// The surrogate that the request asks for, of the draws of `subject` or of a file of its own; nil where attacks ask
  /// the posterior itself.
  ///
  /// - Throws: `UsageError` for draws that `subject` does not have, and what opening a file throws.
  func surrogateEnsemble(for subject: EvaluationSubject) throws -> Surrogate? {
    let count = subject.ensemble.drawCount
    switch surrogate {
    case nil: return nil
    case .draw(let draw):
      guard draw < count else { throw UsageError("--surrogate draw:\(draw) is not there: draws are 0 to \(count - 1)") }
      return Surrogate(name: "draw:\(draw)", ensemble: subject.ensemble, draws: [draw])
    case .draws(let number):
      guard number <= count else {
        throw UsageError("--surrogate draws:\(number) asks for more draws than the \(count) that there are")
      }
      return Surrogate(name: "draws:\(number)", ensemble: subject.ensemble, draws: evenlySpaced(number, of: count))
    case .file(let path):
      let file = try PosteriorFile.open(path, acceptChanged: acceptChanged, probe: .currentProgram)
      guard file.architecture.inputShape == subject.ensemble.inputShape else {
        throw UsageError(
          "--surrogate \(path) takes inputs of shape \(file.architecture.inputShape), the posterior "
            + "\(subject.ensemble.inputShape)")
      }
      let (ensemble, _) = try ensemble(file, file, subject.examples, memoryLimit: memoryLimit)
      return Surrogate(name: PrintedText.line(file.fileName), ensemble: ensemble)
    }
  }
}
