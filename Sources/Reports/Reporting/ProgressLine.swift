import Foundation
import Synchronization

/// One line on standard error that tells how far long work is: what, a bar, a rate, the time left. Elsewhere than on a
/// terminal it is printed now and then, if that was asked for.
public final class ProgressLine: Sendable {
  private struct State {
    var part = ""
    var total = 0
    var done = 0
    var started = ContinuousClock.now
    var lastDrawn: ContinuousClock.Instant?
    var isDrawn = false
    var lastPrinted = ContinuousClock.now
  }

  private let state = Mutex(State())
  private let isActive: Bool
  private let unit: String

  private let interval: Duration?
  private let print: @Sendable (String) -> Void

  /// A line for work counted in `unit`; active on a terminal unless said otherwise.
  ///
  /// - Parameters:
  ///   - unit: What is counted.
  ///   - isActive: Whether the line is drawn, again and again in its place.
  ///   - interval: How often a line of its own is printed where it is not drawn, for a log; nil for never.
  public convenience init(unit: String, isActive: Bool? = nil, interval: Duration? = nil) {
    // Where standard error cannot be written, nobody looks.
    self.init(unit: unit, isActive: isActive ?? (isatty(2) == 1), interval: interval) {
      try? FileHandle.standardError.write(contentsOf: Data($0.utf8))
    }
  }

  init(unit: String, isActive: Bool, interval: Duration?, print: @escaping @Sendable (String) -> Void) {
    self.unit = unit
    self.isActive = isActive
    self.interval = interval
    self.print = print
  }

  /// Begins; `total` is the work to expect, 0 when it is not known.
  public func begin(total: Int) {
    state.withLock {
      $0.total = total
      $0.started = .now
      $0.lastPrinted = .now
    }
  }

  /// Names the part that is at work.
  public func show(_ part: String) {
    state.withLock {
      $0.part = part
      draw(&$0, force: true)
    }
  }

  /// Adds work done.
  public func advance(_ count: Int) {
    state.withLock {
      $0.done += count
      draw(&$0, force: false)
    }
  }

  /// Removes the line.
  public func end() {
    state.withLock {
      guard $0.isDrawn else { return }
      $0.isDrawn = false
      print("\r\u{1b}[K")
    }
  }

  private func draw(_ state: inout State, force: Bool) {
    let now = ContinuousClock.now
    guard isActive else {
      guard let interval, now - state.lastPrinted >= interval else { return }
      state.lastPrinted = now
      return print(text(state, now) + "\n")
    }
    if !force, let last = state.lastDrawn, now - last < .milliseconds(100) { return }
    state.lastDrawn = now
    state.isDrawn = true
    print("\r\u{1b}[K" + text(state, now))
  }

  private func text(_ state: State, _ now: ContinuousClock.Instant) -> String {
    let elapsed =
      Double((now - state.started).components.seconds) + Double((now - state.started).components.attoseconds) * 1e-18
    var line = state.part
    if state.done > 0, elapsed > 0.3 {
      let rate = Double(state.done) / elapsed
      if state.total > 0, state.done >= state.total {
        // What comes behind the work that was expected is not counted in it: a time left would be made up.
        line += "   \(Self.duration(elapsed)) so far"
      } else if state.total > 0 {
        let fraction = min(0.99, Double(state.done) / Double(state.total))
        line += "   " + Self.bar(fraction) + String(format: "  %2.0f %%", 100 * fraction)
        line += "   \(Self.short(rate)) \(unit)/s"
        line += "   \(Self.duration((1 - fraction) / fraction * elapsed)) left"
      } else {
        line += "   \(Self.short(rate)) \(unit)/s"
      }
    }
    return line
  }

  /// A bar of eighths of characters.
  public static func bar(_ fraction: Double, width: Int = 18) -> String {
    let eighths = Int((fraction * Double(width * 8)).rounded())
    let parts = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"]
    let filled = String(repeating: "█", count: eighths / 8) + parts[eighths % 8]
    return filled + String(repeating: " ", count: max(0, width - filled.count))
  }

  static func short(_ rate: Double) -> String {
    rate >= 1e6
      ? String(format: "%.1f M", rate / 1e6)
      : rate >= 1e3 ? String(format: "%.0f k", rate / 1e3) : String(format: "%.0f", rate)
  }

  /// Seconds, minutes or hours, whichever is short.
  public static func duration(_ seconds: Double) -> String {
    seconds < 90
      ? String(format: "%.0f s", seconds)
      : seconds < 5400 ? String(format: "%.0f min", seconds / 60) : String(format: "%.1f h", seconds / 3600)
  }
}
