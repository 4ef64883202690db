import CTensorLoops

#if canImport(Darwin)
import Darwin
#elseif canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// Counter-based random streams, keyed by what they are for.
///
/// The numbers of a stream depend on the seed, the purpose and the indices that name it (example, restart, step), and
/// on nothing else: not on the order in which streams are used, on threads, or on how examples are cut into batches.
/// The generator is Philox 4x32-10 (Salmon et al., SC 2011).
public struct RandomStreams: Sendable, Hashable {
  private let key: UInt64

  /// Streams for one purpose, for instance `attack/pgd/predictive`.
  public init(seed: UInt64, purpose: String) {
    key = Self.mixed(purpose.utf8.reduce(Self.mixed(seed &+ 0x5bf0_3635)) { Self.mixed($0 ^ UInt64($1)) })
  }

  private init(key: UInt64) { self.key = key }

  /// Streams for a part of this purpose.
  public func streams(for purpose: String) -> RandomStreams {
    RandomStreams(key: purpose.utf8.reduce(Self.mixed(key)) { Self.mixed($0 ^ UInt64($1)) })
  }

  /// The stream named by an example's identifier and, where they matter, restart and step.
  public func stream(example: Int, restart: Int = 0, step: Int = 0) -> RandomStream {
    var name: UInt64 = 0
    for index in [example, restart, step] { name = Self.mixed(name ^ UInt64(bitPattern: Int64(index))) }
    return RandomStream(key: key, stream: name)
  }

  // The finaliser of SplitMix64 (Steele, Lea, Flood 2014) over a Weyl step: a bijection of 64 bits.
  private static func mixed(_ value: UInt64) -> UInt64 {
    var z = value &+ 0x9e37_79b9_7f4a_7c15
    z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
    return z ^ (z >> 31)
  }
}

/// One stream of random numbers.
public struct RandomStream: RandomNumberGenerator, Sendable {
  private let key: UInt64
  private let stream: UInt64
  private var position: UInt64 = 0

  init(key: UInt64, stream: UInt64) {
    self.key = key
    self.stream = stream
  }

  /// The next 64 bits.
  public mutating func next() -> UInt64 {
    var words: (UInt32, UInt32, UInt32, UInt32) = (0, 0, 0, 0)
    withUnsafeMutablePointer(to: &words) {
      $0.withMemoryRebound(to: UInt32.self, capacity: 4) { ctl_philox_block(key, stream, position / 2, $0) }
    }
    defer { position += 1 }
    let (high, low) = position % 2 == 0 ? (words.0, words.1) : (words.2, words.3)
    return UInt64(high) << 32 | UInt64(low)
  }

  /// Uniform numbers in the open interval (0, 1), drawn in one go.
  public mutating func uniforms(_ count: Int) -> [Double] {
    defer { position += UInt64(count) }
    return [Double](unsafeUninitializedCapacity: count) { buffer, initialized in
      if count > 0 { ctl_philox_uniform(key, stream, position, buffer.baseAddress, count) }
      initialized = count
    }
  }

  /// Standard normal numbers (Box and Muller 1958), drawn in one go.
  public mutating func normals(_ count: Int) -> [Double] {
    let uniform = uniforms((count + 1) / 2 * 2)
    return (0..<count).map { index in
      let radius = (-2 * log(uniform[index / 2 * 2])).squareRoot()
      let angle = 2 * Double.pi * uniform[index / 2 * 2 + 1]
      return radius * (index % 2 == 0 ? cos(angle) : sin(angle))
    }
  }
}
