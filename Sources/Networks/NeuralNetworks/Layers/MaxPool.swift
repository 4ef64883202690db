internal import ComputeKernels

/// The maximum over windows; padding is −∞. Windows that do not fit are left out.
package struct MaxPool: LayerKind {
  package let window: Window

  package static var type: String { "max_pool2d" }

  package init(window: Window) { self.window = window }

  package init(_ fields: LayerFields) throws(ArchitectureError) {
    try fields.allowOnly(Window.keys)
    window = try Window(fields, stride: nil, hasDilation: false)
  }

  package var members: [(key: String, json: String)] { window.members(strideHasDefault: false) }
  package var isOfFormat10: Bool { window.isPlain }

  package var words: String? {
    let (kernel, stride) = (window.kernel, window.stride)
    guard window.isPlain else { return "pool \(window.words)" }
    return kernel == stride ? "pool \(kernel[0])" : "pool \(kernel[0]) stride \(stride[0])"
  }

  package func trace(_ inputs: [[Int]], _ place: LayerPlace) throws(ArchitectureError) -> LayerTrace {
    let positions = try window.positions(inputs[0], place, isPool: true)
    return LayerTrace([inputs[0][0]] + positions)
  }

  package func statement(_ node: NetworkGraph.Node) -> any RowFunction {
    PoolRows(shape: node.inputShapes[0], output: node.shape, window: window, mean: nil)
  }

  package func lower(_ node: NetworkGraph.Node, into lowering: inout Lowering) throws -> Lowering.Value {
    let operand = lowering.operands[0]
    let kernel = try MaxPoolKernel(
      after: lowering.layout(operand), kernel: window.extent, stride: window.steps, padding: window.sides,
      library: lowering.library)
    let input = try lowering.value(operand, in: kernel.source)
    return lowering.append(MaxPoolStage(kernel: kernel), [input], shape: node.shape, layout: kernel.destination)
  }
}

/// A maximum over windows, which remembers where it was.
struct MaxPoolStage: Stage {
  let kernel: MaxPoolKernel

  var workspaceBytes: Int { kernel.workspaceBytes }
  var implementations: KernelImplementations? { kernel.implementations }
  var title: String { ".pool" }

  func forward(_ pass: StagePass) throws {
    try kernel.forward(pass.input(), into: pass.result, workspace: pass.workspace, worker: pass.worker)
  }

  func backward(_ pass: StagePass) throws {
    guard let target = pass.target() else { return }
    try kernel.backward(pass.incoming, into: target.gradient, workspace: pass.workspace, worker: pass.worker)
  }
}

/// Maxima, or means, of windows.
struct PoolRows: RowFunction {
  let shape: [Int]
  let output: [Int]
  let window: Window
  /// Nil: the maximum; else whether padding counts for the mean.
  let mean: Bool?

  /// Calls `body` with every window: the places of its elements in the image.
  private func windows(_ body: (_ index: Int, _ places: [Int]) -> Void) {
    var index = 0
    for channel in 0..<shape[0] {
      for row in 0..<output[1] {
        for column in 0..<output[2] {
          var places: [Int] = []
          for u in 0..<window.kernel[0] {
            let i = row * window.stride[0] + u - window.padding[0]
            for v in 0..<window.kernel[1] {
              let j = column * window.stride[1] + v - window.padding[2]
              if (0..<shape[1]).contains(i), (0..<shape[2]).contains(j) {
                places.append((channel * shape[1] + i) * shape[2] + j)
              }
            }
          }
          body(index, places)
          index += 1
        }
      }
    }
  }

  /// The places of each window's elements.
  var allWindows: [[Int]] {
    var result: [[Int]] = []
    windows { _, places in result.append(places) }
    return result
  }

  private func divisor(_ places: [Int]) -> Double {
    Double(mean == true ? window.kernel[0] * window.kernel[1] : places.count)
  }

  private func winner(_ x: UnsafePointer<Double>, _ places: [Int]) -> Int {
    places.dropFirst().reduce(places[0]) { x[$1] > x[$0] || (x[$1].isNaN && !x[$0].isNaN) ? $1 : $0 }
  }

  func forward(
    _ inputs: [UnsafePointer<Double>], _ parameters: [UnsafePointer<Double>], _ y: UnsafeMutablePointer<Double>
  ) {
    windows { index, places in
      if mean == nil {
        y[index] = inputs[0][winner(inputs[0], places)]
      } else {
        y[index] = places.reduce(0) { $0 + inputs[0][$1] } / divisor(places)
      }
    }
  }

  func backward(
    _ inputs: [UnsafePointer<Double>], _ parameters: [UnsafePointer<Double>], _ y: UnsafePointer<Double>,
    _ g: UnsafePointer<Double>, _ dx: [UnsafeMutablePointer<Double>?], _ dp: [UnsafeMutablePointer<Double>]?
  ) {
    guard let target = dx[0] else { return }
    windows { index, places in
      if mean == nil {
        target[winner(inputs[0], places)] += g[index]
      } else {
        for place in places { target[place] += g[index] / divisor(places) }
      }
    }
  }

  func bound(_ magnitudes: [Double], _ parameters: [UnsafeBufferPointer<Double>]) -> Double {
    magnitudes[0]
  }
}
