import Foundation
import Reporting
import Synchronization

/// Whether the user pressed Ctrl-C. The first time ends the work at the next query; the second time ends the program.
enum Interruption {
  private static let requested = Atomic<Bool>(false)

  static func watch() {
    signal(SIGINT) { _ in
      if Interruption.requested.exchange(true, ordering: .relaxed) { _exit(130) }
    }
  }

  static var isRequested: Bool { requested.load(ordering: .relaxed) }
}

/// Progress on standard error, on a terminal only.
struct TerminalProgress: EvaluationProgress {
  private let line = ProgressLine(unit: "member-gradients")

  func willEvaluate(memberGradients: Int) { line.begin(total: memberGradients) }
  func willRun(_ part: String) { line.show(part) }
  func didPass(memberGradients: Int) { line.advance(memberGradients) }
  func didEnd() { line.end() }
  func checkForInterruption() throws {
    if Interruption.isRequested { throw Interrupted() }
  }
}
