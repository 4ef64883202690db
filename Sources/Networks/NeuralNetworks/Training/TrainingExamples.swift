internal import CComputeKernels
internal import ComputeKernels
public import RobustnessCore

/// Labelled inputs as a network trains on them, kept as they are stored: one byte or four bytes for each number.
///
/// They become operands of the products a block at a time, so that 60,000 images of MNIST take 47 MB.
public struct TrainingExamples: Sendable {
  /// The inputs, taken as they are: nothing is moved onto bounds.
  let inputs: StoredNumbers
  /// Shape of one input.
  public let inputShape: [Int]
  /// The class of each input, from 0.
  public let labels: [Int32]

  /// Number of examples.
  public var count: Int { labels.count }
  /// Numbers in one input.
  public var inputSize: Int { inputShape.reduce(1, *) }

  /// Labelled inputs, at least one.
  public init(_ data: LabelledData) {
    precondition(data.count > 0, "at least one example")
    inputs = data.inputs
    inputShape = data.inputShape
    labels = data.labels.map(Int32.init)
  }

  /// Inputs of one byte a number, each of which means its value divided by 255, in C order.
  public init(bytes: [UInt8], inputShape: [Int], labels: [Int]) {
    self.init(LabelledData(inputs: .bytes(bytes), inputShape: inputShape, labels: labels))
  }

  /// Inputs in single precision, in C order.
  public init(floats: [Float], inputShape: [Int], labels: [Int]) {
    self.init(LabelledData(inputs: .floats(floats), inputShape: inputShape, labels: labels))
  }

  /// Inputs in double precision, in C order: for references in float64.
  public init(doubles: [Double], inputShape: [Int], labels: [Int]) {
    self.init(LabelledData(inputs: .doubles(doubles), inputShape: inputShape, labels: labels))
  }

  /// Copies rows into a block (rounded to the precision of the products, normalised), pads it with zeros, and copies
  /// their labels.
  ///
  /// - Parameter rows: Which rows; positions in `indices` where that is given.
  func load(
    _ rows: Range<Int>, of indices: [Int64]?, into space: Workspace, network: CompiledNetwork,
    normalization: Normalization?
  ) {
    let size = inputSize
    let type = network.precision.elementType
    let out = space.values[0].base
    func load(_ chosen: UnsafePointer<Int64>?, _ normal: UnsafePointer<ckn_normalization>?) {
      let first = chosen == nil ? rows.lowerBound * size : 0
      switch inputs {
      case .bytes(let bytes):
        bytes.withUnsafeBufferPointer {
          ckn_load_bytes(out, type, $0.baseAddress! + first, chosen, normal, rows.count, size)
        }
      case .floats(let floats):
        floats.withUnsafeBufferPointer {
          ckn_load_floats(out, type, $0.baseAddress! + first, chosen, normal, rows.count, size)
        }
      case .doubles(let doubles):
        doubles.withUnsafeBufferPointer { doubles in
          for row in rows.indices {
            let from = chosen.map { Int($0[row - rows.lowerBound]) } ?? row
            ckn_load_rows(
              out + (row - rows.lowerBound) * size * network.precision.bytes, type,
              doubles.baseAddress! + from * size, normal?.pointee.shift, normal?.pointee.scale, 1, size)
          }
        }
      }
    }
    withOptionalPointer(to: normalization?.loops) { normal in
      if let indices {
        indices.withUnsafeBufferPointer { load($0.baseAddress! + rows.lowerBound, normal) }
      } else {
        load(nil, normal)
      }
    }
    let filled = rows.count * size * network.precision.bytes
    ckn_zero(out + filled, network.rows * size * network.precision.bytes - filled)
    labels.withUnsafeBufferPointer { labels in
      for (row, position) in rows.enumerated() {
        space.labels[row] = labels[indices.map { Int($0[position]) } ?? position]
      }
    }
    for row in rows.count..<network.rows { space.labels[row] = 0 }
  }
}

/// Calls with a pointer to a value that C takes as optional.
private func withOptionalPointer<Value>(to value: Value?, _ body: (UnsafePointer<Value>?) -> Void) {
  guard let value else { return body(nil) }
  withUnsafePointer(to: value) { body($0) }
}
