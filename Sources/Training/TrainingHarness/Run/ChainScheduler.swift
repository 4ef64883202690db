import Foundation
import Synchronization

/// Runs chains on threads of their own, so many at a time, in their order.
final class ChainScheduler: Sendable {
  private struct State {
    var next = 0
    var failures: [any Error] = []
  }

  private let state = Mutex(State())

  /// Whether a chain has failed, so that the others stop.
  var hasFailed: Bool { state.withLock { !$0.failures.isEmpty } }

  /// Calls `body` for every chain and waits for all. After a failure no further chain begins.
  ///
  /// - Throws: The first failure; an interruption only if nothing else failed.
  func run(_ chains: Int, atOnce: Int, _ body: @escaping @Sendable (_ chain: Int) throws -> Void) throws {
    let group = DispatchGroup()
    for _ in 0..<min(chains, atOnce) {
      group.enter()
      let thread = Thread {
        while let chain = self.take(below: chains) {
          do {
            try body(chain)
          } catch {
            self.state.withLock { $0.failures.append(error) }
          }
        }
        group.leave()
      }
      // Secondary threads have half a megabyte on some systems: too little for some libraries' kernels.
      thread.stackSize = 8 << 20
      thread.start()
    }
    group.wait()
    let failures = state.withLock { $0.failures }
    if let error = failures.first(where: { !($0 is StopRequest) }) ?? failures.first { throw error }
  }

  private func take(below count: Int) -> Int? {
    state.withLock { state in
      guard state.failures.isEmpty, state.next < count else { return nil }
      defer { state.next += 1 }
      return state.next
    }
  }
}

/// A chain was asked to stop, and has saved what it has.
struct StopRequest: Error {}
