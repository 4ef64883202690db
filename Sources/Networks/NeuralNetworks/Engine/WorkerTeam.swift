import Dispatch
import Foundation
import Synchronization

/// Runs the same work on a fixed number of threads and waits for all of them.
package struct WorkerTeam: Sendable {
  let count: Int

  package init(count: Int) { self.count = count }

  /// As many of the threads asked for as are of use. Every one has memory of its own, and results depend on none, so
  /// that a million of them would cost gigabytes for nothing.
  static func useful(_ threads: Int) -> Int { min(threads, max(16, 4 * ProcessorAllowance.current.bound)) }

  /// Calls `body` once for each worker, in parallel; the first error is thrown after all have ended.
  package func perform(_ body: @Sendable (_ worker: Int) throws -> Void) throws {
    if count == 1 { return try body(0) }
    let failure = Mutex<(any Error)?>(nil)
    DispatchQueue.concurrentPerform(iterations: count) { worker in
      do {
        try body(worker)
      } catch {
        failure.withLock { $0 = $0 ?? error }
      }
    }
    if let error = failure.withLock({ $0 }) { throw error }
  }
}
