import Foundation

/// γ(x − m)/√(σ² + ε) + β within groups of consecutive elements, σ² the mean square around m (no correction): layer and
/// group normalisation. Without m and β, RMS normalisation.
struct Standardization: RowFunction {
  let groups: Int
  /// Elements of a group.
  let size: Int
  let epsilon: Double
  /// Whether the mean is taken away.
  let isCentred: Bool
  let hasWeight: Bool
  let hasBias: Bool
  /// Which γ and β an element has: index / run, modulo `count`.
  let run: Int
  let count: Int

  private func moments(_ x: UnsafePointer<Double>) -> (mean: Double, inverse: Double) {
    var mean = 0.0
    if isCentred {
      for index in 0..<size { mean += x[index] }
      mean /= Double(size)
    }
    var squares = 0.0
    for index in 0..<size { squares += (x[index] - mean) * (x[index] - mean) }
    return (mean, 1 / (squares / Double(size) + epsilon).squareRoot())
  }

  private func place(_ index: Int) -> Int { index / run % count }

  func forward(
    _ inputs: [UnsafePointer<Double>], _ parameters: [UnsafePointer<Double>], _ y: UnsafeMutablePointer<Double>
  ) {
    for group in 0..<groups {
      let x = inputs[0] + group * size
      let (mean, r) = moments(x)
      for index in 0..<size {
        let element = group * size + index
        var value = (x[index] - mean) * r
        if hasWeight { value *= parameters[0][place(element)] }
        if hasBias { value += parameters[1][place(element)] }
        y[element] = value
      }
    }
  }

  func backward(
    _ inputs: [UnsafePointer<Double>], _ parameters: [UnsafePointer<Double>], _ y: UnsafePointer<Double>,
    _ g: UnsafePointer<Double>, _ dx: [UnsafeMutablePointer<Double>?], _ dp: [UnsafeMutablePointer<Double>]?
  ) {
    for group in 0..<groups {
      let x = inputs[0] + group * size
      let (mean, r) = moments(x)
      var (sum, along, squares) = (0.0, 0.0, 0.0)
      for index in 0..<size {
        let element = group * size + index
        let centred = x[index] - mean
        let h = hasWeight ? parameters[0][place(element)] * g[element] : g[element]
        sum += h
        along += h * centred
        squares += centred * centred
        guard let dp else { continue }
        if hasWeight { dp[0][place(element)] += g[element] * centred * r }
        if hasBias { dp[1][place(element)] += g[element] }
      }
      guard let target = dx[0] else { continue }
      // As in FilterResponseRows: of what is parallel to x − m, ε r² is left.
      let average = isCentred ? sum / Double(size) : 0
      let slope = squares > 0 ? along / squares : 0
      for index in 0..<size {
        let element = group * size + index
        let centred = x[index] - mean
        let h = hasWeight ? parameters[0][place(element)] * g[element] : g[element]
        target[element] += r * (h - average - slope * centred) + epsilon * r * r * r * slope * centred
      }
    }
  }

  func bound(_ magnitudes: [Double], _ parameters: [UnsafeBufferPointer<Double>]) -> Double {
    let weight = hasWeight ? parameters[0].map { abs($0) }.max() ?? 1 : 1
    let bias = hasBias ? parameters[1].map { abs($0) }.max() ?? 0 : 0
    return weight * Double(size).squareRoot() + bias
  }
}
