import Foundation
import Synchronization

/// Whether the user pressed Ctrl-C, or the system asks the program to end. The first time every chain stops after its step; the second time the program ends at once, which loses no more than a kill.
enum Interruption {
  private static let requested = Atomic<Bool>(false)

  static func watch() {
    // A program that another one starts from a thread of its own may inherit that these are blocked.
    var signals = sigset_t()
    sigemptyset(&signals)
    sigaddset(&signals, SIGINT)
    sigaddset(&signals, SIGTERM)
    pthread_sigmask(SIG_UNBLOCK, &signals, nil)
    for number in [SIGINT, SIGTERM] {
      signal(number) { _ in
        if Interruption.requested.exchange(true, ordering: .relaxed) { _exit(130) }
      }
    }
    // A limit on the size of files is an error to report, not a reason to die.
    signal(SIGXFSZ, SIG_IGN)
  }

  static var isRequested: Bool { requested.load(ordering: .relaxed) }
}
