import Diagnostics
import Foundation
import Reporting
import RobustnessCore
import Synchronization

/// One line for every chain that runs, on standard error and only on a terminal: phase, step size, acceptance,
/// log-posterior, effective draws of it so far, a bar, the time left.
final class TrainingProgress: Sendable {
  private struct Chain {
    var phase = ""
    var warmup: WarmupProgress?
    var draws = 0
    var drawsAtBegin = 0
    var stepsDone = 0
    var began = ContinuousClock.now
    var latest: [String: Double] = [:]
    var acceptances: [Double] = []
    var logDensities: [Double] = []
  }

  private struct State {
    var chains: [Int: Chain] = [:]
    var linesDrawn = 0
    var lastDrawn: ContinuousClock.Instant?
  }

  private let state = Mutex(State())
  private let isActive: Bool
  private let draws: Int

  init(draws: Int, isActive: Bool) {
    self.draws = draws
    self.isActive = isActive
  }

  func begin(_ chain: Int, draws: Int, statistics logDensities: [Double]) {
    change(chain) {
      $0.phase = "begins"
      $0.draws = draws
      $0.drawsAtBegin = draws
      $0.logDensities = logDensities
    }
  }

  func search(_ chain: Int, done: Int, logDensity: Double) {
    change(chain) {
      $0.phase = "start \(done)"
      $0.latest = ["lp": logDensity]
    }
  }

  func didStep(_ chain: Int, warmup: WarmupProgress?, draws: Int, _ statistics: [(name: String, value: Double)]) {
    change(chain) { state in
      if state.stepsDone == 0 { state.began = .now }
      state.stepsDone += 1
      // The acceptance of draws is not that of the warm-up.
      if draws == 0, warmup == nil { state.acceptances = [] }
      state.warmup = warmup
      state.latest = Dictionary(statistics.map { ($0.name, $0.value) }) { $1 }
      if let acceptance = state.latest["acceptance_rate"] {
        state.acceptances.append(acceptance)
        if state.acceptances.count > 50 { state.acceptances.removeFirst() }
      }
      if draws > state.draws {
        if let lp = state.latest["lp"] { state.logDensities.append(lp) }
        state.draws = draws
      }
      state.phase =
        warmup.map { "warm-up \($0.done)" + ($0.total.map { "/\($0)" } ?? "") } ?? "draw \(draws)/\(self.draws)"
    }
  }

  func end(_ chain: Int) {
    state.withLock { state in
      state.chains[chain] = nil
      draw(&state, force: true)
    }
  }

  /// Removes the lines.
  func clear() { state.withLock { erase(&$0) } }

  private func change(_ chain: Int, _ body: (inout Chain) -> Void) {
    guard isActive else { return }
    state.withLock { state in
      body(&state.chains[chain, default: Chain()])
      draw(&state, force: false)
    }
  }

  // MARK: - Drawing

  private func draw(_ state: inout State, force: Bool) {
    guard isActive else { return }
    let now = ContinuousClock.now
    if !force, let last = state.lastDrawn, now - last < .milliseconds(200) { return }
    state.lastDrawn = now
    let lines = state.chains.keys.sorted().map { line($0, state.chains[$0] ?? Chain(), now) }
    erase(&state)
    state.linesDrawn = lines.count
    write(lines.map { $0 + "\n" }.joined())
  }

  private func erase(_ state: inout State) {
    guard state.linesDrawn > 0 else { return }
    write("\u{1b}[\(state.linesDrawn)A\u{1b}[J")
    state.linesDrawn = 0
  }

  private func write(_ text: String) {
    guard isActive else { return }
    try? FileHandle.standardError.write(contentsOf: Data(text.utf8))
  }

  private func line(_ number: Int, _ chain: Chain, _ now: ContinuousClock.Instant) -> String {
    var parts = ["chain \(number + 1)  \(chain.phase)"]
    if let step = chain.latest["step_size"] { parts.append("step \(String(format: "%.2g", step))") }
    if !chain.acceptances.isEmpty {
      let mean = chain.acceptances.reduce(0, +) / Double(chain.acceptances.count)
      parts.append(String(format: "accept %.2f", mean))
    }
    if let lp = chain.latest["lp"] {
      parts.append("log posterior \(String(format: lp.magnitude < 1000 ? "%.1f" : "%.0f", lp))")
    }
    if chain.logDensities.count >= 8 {
      let size = EffectiveSampleSize.bulk([chain.logDensities])
      if size.isFinite { parts.append("ESS \(Int(size.rounded()))") }
    }
    if let (fraction, left) = advance(chain, now) {
      parts.append(ProgressLine.bar(fraction) + String(format: "  %2.0f %%", 100 * min(0.99, fraction)))
      if let left { parts.append("\(ProgressLine.duration(left)) left") }
    }
    return parts.joined(separator: "   ")
  }

  /// The fraction of the steps that are done, and the seconds that the others will take; nil while the length of the
  /// warm-up is not known.
  private func advance(_ chain: Chain, _ now: ContinuousClock.Instant) -> (Double, Double?)? {
    var left = draws - chain.draws
    var done = chain.draws
    if let warmup = chain.warmup {
      guard let total = warmup.total else { return nil }
      left += total - warmup.done
      done += warmup.done
    }
    let elapsed = chain.began.duration(to: now).components
    let seconds = Double(elapsed.seconds) + Double(elapsed.attoseconds) * 1e-18
    // The first step began before the clock.
    let rate = chain.stepsDone > 1 && seconds > 0.3 ? Double(chain.stepsDone - 1) / seconds : nil
    return (Double(done) / Double(max(1, done + left)), rate.map { Double(left) / $0 })
  }
}
