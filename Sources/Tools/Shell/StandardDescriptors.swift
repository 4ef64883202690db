import Foundation
import Synchronization

/// Standard input, output and error, which a daemon or a careless script may have closed.
///
/// The next file that is opened would take the place of a closed one, and text for a person would go into it.
package enum StandardDescriptors {
  private static let closedOutput = Atomic<Bool>(false)

  /// Opens those that are closed on `/dev/null`: the first thing that a program does.
  package static func open() {
    for descriptor in [STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO] where fcntl(descriptor, F_GETFD) < 0 {
      // The lowest number that is free is the one that is closed here, since those below are open.
      let opened = Foundation.open("/dev/null", descriptor == STDIN_FILENO ? O_RDONLY : O_WRONLY)
      if opened != descriptor, opened >= 0 {
        dup2(opened, descriptor)
        close(opened)
      }
      if descriptor == STDOUT_FILENO { closedOutput.store(true, ordering: .relaxed) }
    }
    // A runtime with concurrency opens events of its own before the program begins: one of them may stand in the place
    // of a closed descriptor. It has no type of a file, and must stay.
    var status = stat()
    if fstat(STDOUT_FILENO, &status) == 0, status.st_mode & S_IFMT == 0 {
      closedOutput.store(true, ordering: .relaxed)
    }
  }

  /// Whether standard output was closed when the program began: what it is asked to print is lost.
  package static var outputWasClosed: Bool { closedOutput.load(ordering: .relaxed) }
}
