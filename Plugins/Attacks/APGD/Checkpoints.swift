/// Where a run looks back: after 22 % of its steps, then after ever shorter windows, each 3 % of the steps shorter than
/// the one before but 6 % at least (Croce and Hein 2020, §3.3).
///
/// Of 100 steps: after 22, 41, 57, 70, 80, 87, 93 and 99. Other numbers are rounded down as in the authors' program.
struct Checkpoints: Sendable {
  /// The number of steps after which each check is made, and how many steps it looks back on.
  let windows: [Int: Int]

  init(iterations: Int) {
    func part(_ fraction: Double) -> Int { max(Int(fraction * Double(iterations)), 1) }
    var windows: [Int: Int] = [:]
    var length = part(0.22)
    var place = length
    while place <= iterations {
      windows[place] = length
      length = max(length - part(0.03), part(0.06))
      place += length
    }
    self.windows = windows
  }

  /// The length of the window that ends once `steps` steps were made; nil where there is no check.
  func window(endingAt steps: Int) -> Int? { windows[steps] }
}
