/// The product of two inputs, element by element. An input of one number for each channel, (channels) or (channels, 1,
/// 1), multiplies all positions of the channel: the gate of a squeeze-and-excitation block.
package struct Multiply: LayerKind {
  package static var type: String { "multiply" }
  package static var inputCount: ClosedRange<Int> { 2...2 }

  package init(_ fields: LayerFields) throws(ArchitectureError) { try fields.allowOnly([]) }

  package func trace(_ inputs: [[Int]], _ place: LayerPlace) throws(ArchitectureError) -> LayerTrace {
    let (a, b) = (inputs[0], inputs[1])
    guard a == b || Self.isGate(b, of: a) else {
      throw place.error("takes inputs of one shape, or a second one of one number a channel, and gets \(a) and \(b)")
    }
    return LayerTrace(a)
  }

  private static func isGate(_ gate: [Int], of shape: [Int]) -> Bool {
    gate[0] == shape[0] && gate.dropFirst().allSatisfy { $0 == 1 }
  }

  package func statement(_ node: NetworkGraph.Node) -> any RowFunction {
    let sizes = node.inputShapes.map { $0.reduce(1, *) }
    return MultiplyRows(count: sizes[0], positions: sizes[0] / sizes[1])
  }
}

/// y = a · b, b repeated over so many positions.
struct MultiplyRows: RowFunction {
  let count: Int
  let positions: Int

  func forward(
    _ inputs: [UnsafePointer<Double>], _ parameters: [UnsafePointer<Double>], _ y: UnsafeMutablePointer<Double>
  ) {
    for index in 0..<count { y[index] = inputs[0][index] * inputs[1][index / positions] }
  }

  func backward(
    _ inputs: [UnsafePointer<Double>], _ parameters: [UnsafePointer<Double>], _ y: UnsafePointer<Double>,
    _ g: UnsafePointer<Double>, _ dx: [UnsafeMutablePointer<Double>?], _ dp: [UnsafeMutablePointer<Double>]?
  ) {
    for index in 0..<count {
      dx[0]?[index] += g[index] * inputs[1][index / positions]
      dx[1]?[index / positions] += g[index] * inputs[0][index]
    }
  }

  func bound(_ magnitudes: [Double], _ parameters: [UnsafeBufferPointer<Double>]) -> Double {
    magnitudes[0] * magnitudes[1]
  }
}
