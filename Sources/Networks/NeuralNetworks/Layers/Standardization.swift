internal import CComputeKernels

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

  private func loops(_ parameters: [UnsafePointer<Double>]) -> ckn_standardization {
    ckn_standardization(
      groups: groups, size: size, run: run, count: count, epsilon: epsilon, centred: isCentred,
      weight: hasWeight ? parameters[0] : nil, bias: hasBias ? parameters[1] : nil)
  }

  func forward(
    _ inputs: [UnsafePointer<Double>], _ parameters: [UnsafePointer<Double>], _ y: UnsafeMutablePointer<Double>
  ) {
    ckn_standardize(y, inputs[0], loops(parameters))
  }

  func backward(
    _ inputs: [UnsafePointer<Double>], _ parameters: [UnsafePointer<Double>], _ y: UnsafePointer<Double>,
    _ g: UnsafePointer<Double>, _ dx: [UnsafeMutablePointer<Double>?], _ dp: [UnsafeMutablePointer<Double>]?
  ) {
    ckn_standardize_backward(
      dx[0], hasWeight ? dp?[0] : nil, hasBias ? dp?[1] : nil, inputs[0], g, loops(parameters))
  }

  func bound(_ magnitudes: [Double], _ parameters: [UnsafeBufferPointer<Double>]) -> Double {
    let weight = hasWeight ? parameters[0].map { abs($0) }.max() ?? 1 : 1
    let bias = hasBias ? parameters[1].map { abs($0) }.max() ?? 0 : 0
    return weight * Double(size).squareRoot() + bias
  }
}
