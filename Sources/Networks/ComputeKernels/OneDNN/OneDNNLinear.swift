internal import COneDNN

/// Three products of oneDNN, two of them with packed weights, and the two packings.
struct OneDNNLinear: LinearImplementation {
  private let forward: OneDNNPrimitive
  private let toInput: OneDNNPrimitive
  private let toWeights: OneDNNPrimitive
  private let packForward: OneDNNPrimitive
  private let packBackward: OneDNNPrimitive

  init(
    rows: Int, inputs: Int, outputs: Int, precision: Precision, forwardDestination: Precision,
    backwardDestination: Precision, activation: FusedActivation, accumulates: Bool
  ) throws {
    let operands = precision.oneDNNType
    let (m, i, o) = (Int64(rows), Int64(inputs), Int64(outputs))
    func product(_ c: cdnn_product) throws -> OneDNNPrimitive {
      var c = c
      return try OneDNNPrimitive("a \(precision) product \(c.m)×\(c.k)×\(c.n)") { cdnn_product_create($0, &c) }
    }
    forward = try product(
      cdnn_product(
        m: m, k: i, n: o, operands: operands, destination: forwardDestination.oneDNNType, source_transposed: false,
        packed_weights: true, bias: true, accumulate: false, activation: activation.oneDNN,
        parameter: activation.oneDNNParameter))
    toInput = try product(
      cdnn_product(
        m: m, k: o, n: i, operands: operands, destination: backwardDestination.oneDNNType, source_transposed: false,
        packed_weights: true, bias: false, accumulate: accumulates, activation: CDNN_IDENTITY, parameter: 0))
    toWeights = try product(
      cdnn_product(
        m: o, k: m, n: i, operands: operands, destination: CDNN_FLOAT32, source_transposed: true,
        packed_weights: false, bias: false, accumulate: true, activation: CDNN_IDENTITY, parameter: 0))
    let (forward, toInput) = (forward, toInput)
    // Forward multiplies by Wᵀ (inputs, outputs), backward by W (outputs, inputs); the array is W in C order both
    // times.
    packForward = try OneDNNPrimitive("packed weights") { cdnn_pack_create($0, forward.raw, CDNN_WEIGHTS, true) }
    packBackward = try OneDNNPrimitive("packed weights") { cdnn_pack_create($0, toInput.raw, CDNN_WEIGHTS, false) }
  }

  var implementations: KernelImplementations {
    KernelImplementations(
      forward: forward.implementation, toInput: toInput.implementation, toWeights: toWeights.implementation)
  }

  func packsLike(_ other: any LinearImplementation) -> Bool {
    guard let other = other as? OneDNNLinear else { return false }
    func isSame(_ a: OneDNNPrimitive, _ b: OneDNNPrimitive) -> Bool {
      guard let x = try? OneDNNLayout(of: a, CDNN_WEIGHTS), let y = try? OneDNNLayout(of: b, CDNN_WEIGHTS) else {
        return false
      }
      return x == y
    }
    return isSame(forward, other.forward) && isSame(toInput, other.toInput)
  }

  var forwardWeightBytes: Int { forward.bytes(CDNN_WEIGHTS) }
  var backwardWeightBytes: Int { toInput.bytes(CDNN_WEIGHTS) }

  func pack(
    _ weights: ParameterSource, forward: UnsafeMutableRawPointer?, backward: UnsafeMutableRawPointer?,
    worker: KernelWorker
  ) throws {
    let weights = try weights.float32()
    if let forward { try packForward.run(worker, source: weights, into: forward) }
    if let backward { try packBackward.run(worker, source: weights, into: backward) }
  }

  func forward(
    _ x: UnsafeRawPointer, weights: UnsafeRawPointer, bias: ParameterSource, into y: UnsafeMutableRawPointer,
    worker: KernelWorker
  ) throws {
    try forward.run(worker, source: x, weights: weights, bias: bias.float32(), into: y)
  }

  func backwardToInput(
    _ dy: UnsafeRawPointer, weights: UnsafeRawPointer, into dx: UnsafeMutableRawPointer, worker: KernelWorker
  ) throws {
    try toInput.run(worker, source: dy, weights: weights, into: dx)
  }

  func backwardToWeights(
    _ x: UnsafeRawPointer, _ dy: UnsafeRawPointer, into dW: ParameterDestination, worker: KernelWorker
  ) throws {
    try toWeights.run(worker, source: dy, weights: x, into: dW.float32())
  }
}
