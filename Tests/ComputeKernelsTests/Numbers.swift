import ComputeKernels

/// SplitMix64: reproducible numbers for the operands.
struct Numbers {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
    return z ^ (z >> 31)
  }

  /// Uniform in −scale ..< scale.
  mutating func array(_ count: Int, scale: Float = 1) -> [Float] {
    (0..<count).map { _ in scale * (Float(next() >> 40) / Float(1 << 23) - 1) }
  }
}

extension AlignedMemory {
  /// The numbers in the given format.
  convenience init(_ values: [Float], as precision: Precision) {
    self.init(bytes: values.count * precision.bytes)
    switch precision {
    case .float32:
      for (i, value) in values.enumerated() { base.storeBytes(of: value, toByteOffset: 4 * i, as: Float.self) }
    case .float64:
      for (i, value) in values.enumerated() { base.storeBytes(of: Double(value), toByteOffset: 8 * i, as: Double.self) }
    case .bfloat16:
      BFloat16.convert(values, count: values.count, into: base.assumingMemoryBound(to: UInt16.self))
    }
  }

  /// Memory full of NaN, in which whatever a kernel does not write stands out.
  convenience init(unwrittenBytes bytes: Int) {
    self.init(bytes: bytes)
    for i in 0..<bytes { base.storeBytes(of: 0xff, toByteOffset: i, as: UInt8.self) }
  }

  /// The first `count` numbers of the given format.
  func numbers(_ count: Int, as precision: Precision) -> [Double] {
    (0..<count).map { i in
      switch precision {
      case .float32: Double(base.load(fromByteOffset: 4 * i, as: Float.self))
      case .float64: base.load(fromByteOffset: 8 * i, as: Double.self)
      case .bfloat16: Double(Float(bitPattern: UInt32(base.load(fromByteOffset: 2 * i, as: UInt16.self)) << 16))
      }
    }
  }

  /// The bytes of a range of rows of equal size.
  func rows(_ range: Range<Int>, of count: Int) -> [UInt8] {
    let row = bytes / count
    return Array(UnsafeRawBufferPointer(start: base + range.lowerBound * row, count: range.count * row))
  }
}

/// Largest difference, relative to the largest number of the reference; infinite if a value is no number.
func relativeError(_ values: [Double], _ reference: [Double]) -> Double {
  precondition(values.count == reference.count)
  // The larger of a number and NaN is the number.
  guard values.allSatisfy(\.isFinite) else { return .infinity }
  let largest = reference.reduce(0) { max($0, abs($1)) }
  return zip(values, reference).reduce(0) { max($0, abs($1.0 - $1.1)) } / largest
}

func dot(_ a: [Double], _ b: [Double]) -> Double { zip(a, b).reduce(0) { $0 + $1.0 * $1.1 } }

/// Whether this run may use oneDNN: it is there, and the environment does not force the portable kernels.
let oneDNNRuns = KernelLibrary.preferred == .oneDNN && KernelLibrary.isOneDNNAvailable
let bfloat16Runs = oneDNNRuns && KernelLibrary.hasNativeBFloat16
/// The libraries that this run tests.
let libraries: [KernelLibrary] = oneDNNRuns ? [.oneDNN, .portable] : [.portable]
