internal import RobustnessCore

/// Elements from other places; −1 is a zero.
struct GatherMap: LinearMap {
  let inputCount: Int
  let places: [Int]
  let longestColumn: Int

  init(_ places: [Int], inputCount: Int) {
    self.places = places
    self.inputCount = inputCount
    var uses = [Int](repeating: 0, count: inputCount)
    for place in places where place >= 0 { uses[place] += 1 }
    longestColumn = uses.max() ?? 0
  }

  var outputCount: Int { places.count }
  var bytes: Int { 8 * places.count }
  var longestRow: Int { 1 }
  var multiplications: Double { 0 }

  func apply(_ x: UnsafePointer<Double>, rows: Int, to y: UnsafeMutablePointer<Double>) {
    for row in 0..<rows {
      let (x, y) = (x + row * inputCount, y + row * outputCount)
      for (index, place) in places.enumerated() { y[index] = place < 0 ? 0 : x[place] }
    }
  }

  func applyMagnitudes(_ x: UnsafePointer<Double>, rows: Int, to y: UnsafeMutablePointer<Double>) {
    apply(x, rows: rows, to: y)
  }

  func applyTransposed(_ a: UnsafePointer<Double>, rows: Int, to y: UnsafeMutablePointer<Double>) {
    y.update(repeating: 0, count: rows * inputCount)
    for row in 0..<rows {
      let (a, y) = (a + row * outputCount, y + row * inputCount)
      for (index, place) in places.enumerated() where place >= 0 { y[place] += a[index] }
    }
  }
}

/// The same numbers.
struct IdentityMap: LinearMap {
  let inputCount: Int

  var outputCount: Int { inputCount }
  var longestRow: Int { 1 }
  var longestColumn: Int { 1 }
  var multiplications: Double { 0 }

  func apply(_ x: UnsafePointer<Double>, rows: Int, to y: UnsafeMutablePointer<Double>) {
    y.update(from: x, count: rows * inputCount)
  }

  func applyMagnitudes(_ x: UnsafePointer<Double>, rows: Int, to y: UnsafeMutablePointer<Double>) {
    apply(x, rows: rows, to: y)
  }

  func applyTransposed(_ a: UnsafePointer<Double>, rows: Int, to y: UnsafeMutablePointer<Double>) {
    apply(a, rows: rows, to: y)
  }
}

/// Every number times a factor, each of which serves so many positions.
struct DiagonalMap: LinearMap {
  let factors: [Double]
  let positions: Int
  let elementRoundings: Int

  init(_ factors: [Double], positions: Int = 1, roundings: Int = 0) {
    self.factors = factors
    self.positions = positions
    elementRoundings = roundings
  }

  var bytes: Int { 8 * factors.count }
  var inputCount: Int { factors.count * positions }
  var outputCount: Int { inputCount }
  var longestRow: Int { 1 }
  var longestColumn: Int { 1 }
  var multiplications: Double { Double(inputCount) }

  private func multiply(
    _ x: UnsafePointer<Double>, _ rows: Int, _ y: UnsafeMutablePointer<Double>, _ factor: (Double) -> Double
  ) {
    for row in 0..<rows {
      for (channel, number) in factors.enumerated() {
        let start = row * inputCount + channel * positions
        let f = factor(number)
        for index in start..<start + positions { y[index] = f * x[index] }
      }
    }
  }

  func apply(_ x: UnsafePointer<Double>, rows: Int, to y: UnsafeMutablePointer<Double>) {
    multiply(x, rows, y) { $0 }
  }

  func applyMagnitudes(_ x: UnsafePointer<Double>, rows: Int, to y: UnsafeMutablePointer<Double>) {
    multiply(x, rows, y) { abs($0) }
  }

  func applyTransposed(_ a: UnsafePointer<Double>, rows: Int, to y: UnsafeMutablePointer<Double>) {
    multiply(a, rows, y) { $0 }
  }
}

/// Means over windows: for each result the places that it takes and the factor 1/n.
struct MeanMap: LinearMap {
  let inputCount: Int
  let windows: [[Int32]]
  let factors: [Double]
  let longestRow: Int
  let longestColumn: Int

  init(_ windows: [[Int]], divisors: [Int], inputCount: Int) {
    self.windows = windows.map { $0.map(Int32.init) }
    self.inputCount = inputCount
    factors = divisors.map { 1 / Double($0) }
    longestRow = windows.map(\.count).max() ?? 0
    var uses = [Int](repeating: 0, count: inputCount)
    for window in windows { for place in window { uses[place] += 1 } }
    longestColumn = uses.max() ?? 0
  }

  var outputCount: Int { windows.count }
  var bytes: Int { windows.reduce(0) { $0 + 32 + 4 * $1.count } }
  var elementRoundings: Int { 1 }
  var multiplications: Double { Double(longestRow) * Double(outputCount) }

  func apply(_ x: UnsafePointer<Double>, rows: Int, to y: UnsafeMutablePointer<Double>) {
    for row in 0..<rows {
      for (index, window) in windows.enumerated() {
        var sum = 0.0
        for place in window { sum += x[row * inputCount + Int(place)] }
        y[row * outputCount + index] = sum * factors[index]
      }
    }
  }

  func applyMagnitudes(_ x: UnsafePointer<Double>, rows: Int, to y: UnsafeMutablePointer<Double>) {
    apply(x, rows: rows, to: y)
  }

  func applyTransposed(_ a: UnsafePointer<Double>, rows: Int, to y: UnsafeMutablePointer<Double>) {
    y.update(repeating: 0, count: rows * inputCount)
    for row in 0..<rows {
      for (index, window) in windows.enumerated() {
        let part = a[row * outputCount + index] * factors[index]
        if part == 0 { continue }
        for place in window { y[row * inputCount + Int(place)] += part }
      }
    }
  }
}
