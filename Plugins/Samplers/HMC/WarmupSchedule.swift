/// How a warm-up is divided: a beginning in which only the step size adapts, windows that double, each of which ends
/// with new masses, and an end in which only the step size adapts (Stan's schedule).
public struct WarmupSchedule: Sendable, Hashable {
  /// The windows in order: ranges of transitions that together are the whole warm-up. The first and the last are those
  /// without masses, where there are at least three.
  public let windows: [Range<Int>]

  /// The schedule of a warm-up of `count` transitions: 75, then 25 and doubling, then 50; below 150 in proportion 15 :
  /// 75 : 10, and one window below 20.
  public init(count: Int) {
    guard count >= 20 else {
      windows = count > 0 ? [0..<count] : []
      return
    }
    var first = 75
    var base = 25
    var last = 50
    if first + base + last > count {
      first = Int(0.15 * Double(count))
      last = Int(0.1 * Double(count))
      base = count - first - last
    }
    var windows = [0..<first]
    var begin = first
    let end = count - last
    var size = base
    while begin < end {
      // A window whose follower, twice as long, would not fit takes all that is left.
      let next = begin + size
      let close = next + 2 * size > end ? end : next
      windows.append(begin..<close)
      begin = close
      size *= 2
    }
    windows.append(end..<count)
    self.windows = windows
  }

  /// Whether masses are estimated from the draw of this transition.
  public func collects(_ transition: Int) -> Bool {
    windows.count >= 3 && windows.dropFirst().dropLast().contains { $0.contains(transition) }
  }

  /// Whether a window with masses ends with this transition.
  public func endsWindow(_ transition: Int) -> Bool {
    windows.count >= 3 && windows.dropFirst().dropLast().contains { $0.upperBound == transition + 1 }
  }
}
