import Foundation
import Reporting
import Synchronization

/// Whether the user pressed Ctrl-C. The first time ends the work at the next query; the second time ends the program.
package enum Interruption {
  private static let requested = Atomic<Bool>(false)

  package static func watch() {
    signal(SIGINT) { _ in
      if Interruption.requested.exchange(true, ordering: .relaxed) { _exit(130) }
    }
  }

  package static var isRequested: Bool { requested.load(ordering: .relaxed) }
}

/// Progress on standard error, on a terminal only.
package struct TerminalProgress: EvaluationProgress {
  private let line = ProgressLine(unit: "member-gradients")
  private let prefix: String

  /// Progress of one evaluation among several, which `prefix` tells apart.
  package init(prefix: String = "") { self.prefix = prefix }

  package func willEvaluate(memberGradients: Int) { line.begin(total: memberGradients) }
  package func willRun(_ part: String) { line.show(prefix + part) }
  package func didPass(memberGradients: Int) { line.advance(memberGradients) }
  package func didEnd() { line.end() }
  package func checkForInterruption() throws {
    if Interruption.isRequested { throw Interrupted() }
  }
}
