import Foundation
import Synchronization

/// Whether the user pressed Ctrl-C, or the system asks the program to end.
///
/// The first time ends the work at its next opportunity; the second time ends the program at once.
package enum Interruption {
  private static let requested = Atomic<Bool>(false)

  /// From now on interruptions are noted rather than deadly, and a limit on the size of files is an error.
  package static func watch() {
    // A program that another one starts from a thread of its own may inherit that these are blocked.
    var signals = sigset_t()
    sigemptyset(&signals)
    sigaddset(&signals, SIGINT)
    sigaddset(&signals, SIGTERM)
    pthread_sigmask(SIG_UNBLOCK, &signals, nil)
    // Made here: a handler must not be the first to ask, since what makes it may wait and allocate.
    _ = isRequested
    for number in [SIGINT, SIGTERM] {
      signal(number) { _ in
        if Interruption.requested.exchange(true, ordering: .relaxed) { _exit(130) }
      }
    }
    reportFileSizeLimit()
  }

  /// A limit on the size of files is an error to report, not a reason to die.
  package static func reportFileSizeLimit() { signal(SIGXFSZ, SIG_IGN) }

  /// Whether the program was asked to stop since ``watch()``.
  package static var isRequested: Bool { requested.load(ordering: .relaxed) }

  /// Ends work where it can be ended.
  ///
  /// - Parameter description: What is lost, and how to go on.
  /// - Throws: ``Interrupted`` once the program was asked to stop.
  package static func check(_ description: @autoclosure () -> String) throws(Interrupted) {
    if isRequested { throw Interrupted(description()) }
  }
}
