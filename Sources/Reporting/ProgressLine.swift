import Foundation
import Synchronization

/// One line on standard error that tells how far long work is: what, a bar, a rate, the time left. Only on a terminal.
public final class ProgressLine: Sendable {
  private struct State {
    var part = ""
    var total = 0
    var done = 0
    var started = ContinuousClock.now
    var lastDrawn: ContinuousClock.Instant?
    var isDrawn = false
  }

  private let state = Mutex(State())
  private let isActive: Bool
  private let unit: String

  /// A line for work counted in `unit`; active on a terminal unless said otherwise.
  public init(unit: String, isActive: Bool? = nil) {
    self.unit = unit
    self.isActive = isActive ?? (isatty(2) == 1)
  }

  /// Begins; `total` is the work to expect, 0 when it is not known.
  public func begin(total: Int) {
    state.withLock {
      $0.total = total
      $0.started = .now
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
      write("\r\u{1b}[K")
    }
  }

  private func draw(_ state: inout State, force: Bool) {
    guard isActive else { return }
    let now = ContinuousClock.now
    if !force, let last = state.lastDrawn, now - last < .milliseconds(100) { return }
    state.lastDrawn = now
    state.isDrawn = true
    let elapsed =
      Double((now - state.started).components.seconds) + Double((now - state.started).components.attoseconds) * 1e-18
    var line = state.part
    if state.done > 0, elapsed > 0.3 {
      let rate = Double(state.done) / elapsed
      if state.total > 0 {
        let fraction = min(0.99, Double(state.done) / Double(state.total))
        line += "   " + Self.bar(fraction) + String(format: "  %2.0f %%", 100 * fraction)
        line += "   \(Self.short(rate)) \(unit)/s"
        line += "   \(Self.duration((1 - fraction) / fraction * elapsed)) left"
      } else {
        line += "   \(Self.short(rate)) \(unit)/s"
      }
    }
    write("\r\u{1b}[K" + line)
  }

  private func write(_ text: String) { FileHandle.standardError.write(Data(text.utf8)) }

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
