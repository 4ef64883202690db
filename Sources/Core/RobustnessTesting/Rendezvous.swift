import Foundation

/// A place where threads wait for each other, so that all of them are inside a plugin at the same time.
///
/// Threads that ended are not waited for. A plugin may hold a lock of its own across a query, and then only one thread
/// can ever arrive: after a moment nobody waits any longer.
final class Rendezvous: @unchecked Sendable {
  // Every stored property is used under the lock of `condition`.
  private let condition = NSCondition()
  private var active: Int
  private var waiting = 0
  private var generation = 0
  private var isOpen = false

  init(threads: Int) { active = threads }

  /// Waits until every active thread has arrived.
  func arrive() {
    condition.lock()
    defer { condition.unlock() }
    guard !isOpen else { return }
    waiting += 1
    let mine = generation
    release()
    let patience = Date(timeIntervalSinceNow: 0.5)
    while generation == mine, !isOpen {
      if !condition.wait(until: patience) {
        isOpen = true
        condition.broadcast()
      }
    }
  }

  /// The calling thread will not arrive again.
  func leave() {
    condition.lock()
    defer { condition.unlock() }
    active -= 1
    release()
  }

  private func release() {
    guard waiting >= active else { return }
    waiting = 0
    generation += 1
    condition.broadcast()
  }
}

/// What `body` returns on each of `count` threads of their own, which it is given the numbers of.
func onThreads<Value: Sendable>(
  _ count: Int, _ body: @escaping @Sendable (_ thread: Int, _ rendezvous: Rendezvous) throws -> Value
) throws -> [Value] {
  let rendezvous = Rendezvous(threads: count)
  let results = Results<Value>(count)
  let group = DispatchGroup()
  for index in 0..<count {
    group.enter()
    Thread.detachNewThread {
      results.store(Result { try body(index, rendezvous) }, at: index)
      rendezvous.leave()
      group.leave()
    }
  }
  group.wait()
  return try results.all.map { try $0.get() }
}

private final class Results<Value: Sendable>: @unchecked Sendable {
  private let lock = NSLock()
  private var values: [Result<Value, any Error>?]

  init(_ count: Int) { values = Array(repeating: nil, count: count) }

  func store(_ value: Result<Value, any Error>, at index: Int) {
    lock.withLock { values[index] = value }
  }

  var all: [Result<Value, any Error>] { lock.withLock { values.compactMap(\.self) } }
}
