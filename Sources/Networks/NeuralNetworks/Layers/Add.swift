internal import CComputeKernels
internal import ComputeKernels

/// The sum of its inputs, which have one shape: the end of a residual block.
package struct Add: LayerKind {
  package static var type: String { "add" }
  package static var inputCount: ClosedRange<Int> { 2...64 }

  package init(_ fields: LayerFields) throws(ArchitectureError) { try fields.allowOnly([]) }

  package func trace(_ inputs: [[Int]], _ place: LayerPlace) throws(ArchitectureError) -> LayerTrace {
    LayerTrace(try place.common(inputs))
  }

  package func statement(_ node: NetworkGraph.Node) -> any RowFunction {
    AddRows(count: node.shape.reduce(1, *))
  }

  package func lower(_ node: NetworkGraph.Node, into lowering: inout Lowering) throws -> Lowering.Value {
    var sum = lowering.operands[0]
    for operand in lowering.operands.dropFirst() {
      let layout = try lowering.layout(sum)
      let other = try lowering.value(operand, in: layout)
      sum = lowering.append(AddStage(), [sum, other], shape: node.shape, layout: layout)
    }
    return sum
  }
}

extension LayerPlace {
  /// The shape that all inputs have.
  func common(_ inputs: [[Int]]) throws(ArchitectureError) -> [Int] {
    guard inputs.allSatisfy({ $0 == inputs[0] }) else {
      throw error(
        "takes inputs of one shape, and gets " + inputs.map(String.init(describing:)).joined(separator: " and "))
    }
    return inputs[0]
  }
}

/// The sum of two values in one layout.
struct AddStage: Stage {
  func forward(_ pass: StagePass) {
    let layout = pass.outputLayout
    ckn_add_values(
      pass.result, pass.input(0), pass.input(1), layout.precision.elementType, pass.rows * layout.elementsPerRow)
  }

  func backward(_ pass: StagePass) {
    let layout = pass.outputLayout
    for index in 0..<2 {
      guard let target = pass.target(index) else { continue }
      target.gradient.copyMemory(
        from: pass.incoming, byteCount: pass.rows * layout.elementsPerRow * layout.precision.bytes)
    }
  }

  func bound(_ magnitudes: [Double], _ parameters: UnsafePointer<Float>) -> Double { magnitudes.reduce(0, +) }
}

/// y = Σ x.
struct AddRows: RowFunction {
  let count: Int

  func forward(
    _ inputs: [UnsafePointer<Double>], _ parameters: [UnsafePointer<Double>], _ y: UnsafeMutablePointer<Double>
  ) {
    for index in 0..<count { y[index] = inputs.reduce(0) { $0 + $1[index] } }
  }

  func backward(
    _ inputs: [UnsafePointer<Double>], _ parameters: [UnsafePointer<Double>], _ y: UnsafePointer<Double>,
    _ g: UnsafePointer<Double>, _ dx: [UnsafeMutablePointer<Double>?], _ dp: [UnsafeMutablePointer<Double>]?
  ) {
    for target in dx {
      guard let target else { continue }
      for index in 0..<count { target[index] += g[index] }
    }
  }

  func bound(_ magnitudes: [Double], _ parameters: [UnsafeBufferPointer<Double>]) -> Double {
    magnitudes.reduce(0, +)
  }
}
