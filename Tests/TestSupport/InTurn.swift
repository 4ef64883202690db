import Foundation
import Synchronization
public import Testing

/// Runs the tests of a suite one after another, as many suites at once as there are cores, each test on its own thread.
///
/// ```swift
/// @Suite(.inTurn) struct `A suite` { … }
/// ```
///
/// Without it every test of the package starts at once, on as many threads of Swift's pool as there are cores.
/// Tests here compute, or wait for programs, and so hold such a thread from beginning to end: a test that takes a
/// millisecond waits minutes for one after it was reported as started, the time that is reported for it is that of the
/// whole run, and a `.timeLimit` cannot fire, since the clock waits for a thread too. With it a test is reported as
/// started when it starts, and the pool is free for clocks.
public struct InTurn: SuiteTrait, TestTrait, TestScoping {
  /// Whether the suite goes before those that wait: one that is long must not be the last.
  let isEarly: Bool

  /// Whether what runs now is inside a suite that has its turn.
  @TaskLocal private static var hasTurn = false

  /// The tests inside get the trait too.
  public var isRecursive: Bool { true }

  /// Suites and cases have a scope each.
  public func scopeProvider(for test: Test, testCase: Test.Case?) -> InTurn? { self }

  /// Waits for the suite's turn; runs the cases in it on threads of their own.
  public func provideScope(
    for test: Test, testCase: Test.Case?, performing function: @Sendable () async throws -> Void
  ) async throws {
    if testCase != nil {
      try await withTaskExecutorPreference(OwnThreads.executor) { try await function() }
    } else if Self.hasTurn {
      try await function()
    } else {
      await Turns.all.take(isEarly: isEarly)
      defer { Turns.all.giveBack() }
      try await Self.$hasTurn.withValue(true) {
        let serialized = ParallelizationTrait.serialized
        try await serialized.provideScope(for: test, testCase: nil, performing: function)
      }
    }
  }
}

extension Trait where Self == InTurn {
  /// Runs the suite's tests one after another on their own threads, beside as few other suites as there are cores.
  public static var inTurn: InTurn { InTurn(isEarly: false) }
  /// The same for a suite that takes long: it does not wait for those that take a moment.
  public static var inTurnEarly: InTurn { InTurn(isEarly: true) }
}

/// A thread for every piece of work, so that one may block.
private final class OwnThreads: TaskExecutor {
  static let executor = OwnThreads()

  func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    let executor = asUnownedTaskExecutor()
    let thread = Thread { job.runSynchronously(on: executor) }
    // That of a main thread; threads of Foundation have less on macOS.
    thread.stackSize = 8 << 20
    thread.start()
  }
}

/// As many turns as there are cores; who asks for one waits without holding a thread.
private final class Turns: Sendable {
  private struct State {
    var free: Int
    var early: [CheckedContinuation<Void, Never>] = []
    var waiting: [CheckedContinuation<Void, Never>] = []
  }

  static let all = Turns(ProcessInfo.processInfo.activeProcessorCount)

  private let state: Mutex<State>

  init(_ count: Int) { state = Mutex(State(free: max(1, count))) }

  func take(isEarly: Bool) async {
    await withCheckedContinuation { continuation in
      let mayBegin = state.withLock { state in
        guard state.free == 0 else {
          state.free -= 1
          return true
        }
        if isEarly { state.early.append(continuation) } else { state.waiting.append(continuation) }
        return false
      }
      if mayBegin { continuation.resume() }
    }
  }

  func giveBack() {
    let next = state.withLock { state -> CheckedContinuation<Void, Never>? in
      if !state.early.isEmpty { return state.early.removeFirst() }
      if !state.waiting.isEmpty { return state.waiting.removeFirst() }
      state.free += 1
      return nil
    }
    next?.resume()
  }
}
