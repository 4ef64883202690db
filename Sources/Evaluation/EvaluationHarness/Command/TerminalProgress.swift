import Reporting
import Shell

/// Progress on standard error: a line on a terminal, elsewhere one every minute; ends the work at the next query once
/// the user pressed Ctrl-C.
package struct TerminalProgress: EvaluationProgress {
  private let line = ProgressLine(unit: "member-gradients", interval: .seconds(60))
  private let prefix: String

  /// Progress of one evaluation among several, which `prefix` tells apart.
  package init(prefix: String = "") { self.prefix = prefix }

  package func willEvaluate(memberGradients: Int) { line.begin(total: memberGradients) }
  package func willRun(_ part: String) { line.show(prefix + part) }
  package func didPass(memberGradients: Int) { line.advance(memberGradients) }
  package func didEnd() { line.end() }
  package func note(_ sentence: String) { ProgramEnd.say("note: \(sentence)") }
  package func checkForInterruption() throws { try Interruption.check(Interrupted.inEvaluation.description) }
}

extension Interrupted {
  /// What an interruption of an evaluation means.
  static var inEvaluation: Interrupted { Interrupted("interrupted; no result was written") }
}
