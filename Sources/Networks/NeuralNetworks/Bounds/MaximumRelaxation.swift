internal import RobustnessCore

/// The maximum over windows: below it the element whose lower end is largest; above it that element where no other can
/// be larger, else the largest upper end.
struct MaximumRelaxation: Relaxation {
  let windows: [[Int32]]
  let inputCount: Int

  init(_ windows: [[Int]], inputCount: Int) {
    self.windows = windows.map { $0.map(Int32.init) }
    self.inputCount = inputCount
  }

  var outputCount: Int { windows.count }

  var singleRoundings: Int? { 0 }

  func enclose(
    _ lower: UnsafePointer<Double>, _ upper: UnsafePointer<Double>, _ low: UnsafeMutablePointer<Double>,
    _ high: UnsafeMutablePointer<Double>
  ) {
    for (index, window) in windows.enumerated() {
      var (l, u) = (-Double.infinity, -Double.infinity)
      for place in window {
        l = max(l, lower[Int(place)])
        u = max(u, upper[Int(place)])
      }
      low[index] = l
      high[index] = u
    }
  }

  func relax(
    _ lower: UnsafePointer<Double>, _ upper: UnsafePointer<Double>, near: UnsafePointer<Double>?,
    into lines: inout RelaxationLines
  ) {
    if lines.lowerSources.isEmpty { lines = RelaxationLines(count: outputCount, sources: true) }
    for (index, window) in windows.enumerated() {
      var best = window[0]
      for place in window.dropFirst() where lower[Int(place)] > lower[Int(best)] { best = place }
      var largest = -Double.infinity
      for place in window where place != best { largest = max(largest, upper[Int(place)]) }
      var below = best
      if let near {
        // Any element lies below: the one that is largest there.
        for place in window where near[Int(place)] > near[Int(below)] { below = place }
      }
      let isDecided = lower[Int(best)] >= largest
      lines.lowerSources[index] = isDecided ? best : below
      lines.lowerSlope[index] = 1
      lines.lowerIntercept[index] = 0
      lines.upperSources[index] = best
      lines.upperSlope[index] = isDecided ? 1 : 0
      lines.upperIntercept[index] = isDecided ? 0 : max(largest, upper[Int(best)])
    }
  }
}
