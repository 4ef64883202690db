import Foundation
import Synchronization

/// A line about a whole job: how much is done, what is at work, how much time is left.
///
/// Work is counted in expected seconds; what is left is scaled by how true the expectations were so far.
final class JobProgress: Sendable {
  private struct State {
    var total = 0.0
    var done = 0.0
    var spent = 0.0
    var current = 0.0
    var began = ContinuousClock.now
    var label = ""
    var isDrawn = false
  }

  private let state = Mutex(State())
  private let isTerminal: Bool
  private let isQuiet: Bool

  init(isQuiet: Bool, isTerminal: Bool = isatty(2) == 1) {
    self.isQuiet = isQuiet
    self.isTerminal = isTerminal
  }

  /// The whole job, in expected seconds.
  func begin(total: Double) { state.withLock { $0.total = total } }

  /// Runs a part of so many expected seconds.
  func part<T>(_ label: String, expected: Double, _ body: () throws -> T) rethrows -> T {
    state.withLock {
      $0.current = expected
      $0.began = .now
      $0.label = label
      draw(&$0, line: true)
    }
    defer {
      state.withLock {
        $0.spent += $0.began.duration(to: .now).seconds
        $0.done += expected
        $0.current = 0
      }
    }
    return try body()
  }

  /// Names what the current part is at.
  func show(_ detail: String) { state.withLock { draw(&$0, detail: detail, line: false) } }

  /// Removes the line.
  func end() {
    state.withLock {
      if $0.isDrawn { write("\r\u{1b}[K") }
      $0.isDrawn = false
    }
  }

  /// Time left, scaled by how long the work so far took.
  static func secondsLeft(total: Double, done: Double, spent: Double) -> Double {
    // Expectations count as ten seconds that went as expected, so that the first parts do not upset the rest.
    (total - done) * (spent + 10) / (done + 10)
  }

  private func draw(_ state: inout State, detail: String? = nil, line: Bool) {
    guard !isQuiet, isTerminal || line else { return }
    let running = state.began.duration(to: .now).seconds
    let done = state.done + min(running, state.current)
    let left = Self.secondsLeft(total: state.total, done: done, spent: state.spent + running)
    let percent = state.total > 0 ? 100 * done / state.total : 0
    let text = String(
      format: "%3.0f %%  about %@ left  %@%@", percent, duration(left), state.label, detail.map { " · \($0)" } ?? "")
    write(isTerminal ? "\r\u{1b}[K" + text.prefix(160) : text + "\n")
    state.isDrawn = isTerminal
  }

  private func write(_ text: String) { try? FileHandle.standardError.write(contentsOf: Data(text.utf8)) }
}

extension Duration {
  var seconds: Double { Double(components.seconds) + Double(components.attoseconds) * 1e-18 }
}

/// A length of time in words.
func duration(_ seconds: Double) -> String {
  if seconds < 90 { return String(format: "%.0f s", seconds) }
  if seconds < 5400 { return String(format: "%.0f min", seconds / 60) }
  return seconds < 2 * 86400 ? String(format: "%.1f h", seconds / 3600) : String(format: "%.0f days", seconds / 86400)
}
