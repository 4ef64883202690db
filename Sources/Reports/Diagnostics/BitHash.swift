/// 128 bits that tell lists of numbers apart that differ in at least one bit, up to collisions by chance (2⁻¹²⁸ for
/// each pair).
struct BitHash: Hashable, Sendable {
  private var low: UInt64 = 0x243f_6a88_85a3_08d3
  private var high: UInt64 = 0x1319_8a2e_0370_7344

  mutating func add(_ word: UInt64) {
    low = Self.mixed(low ^ word)
    high = Self.mixed((high &+ word) ^ 0xa409_3822_299f_31d0)
  }

  // The finaliser of MurmurHash3, a bijection of 64 bits.
  private static func mixed(_ value: UInt64) -> UInt64 {
    var z = value &+ 0x9e37_79b9_7f4a_7c15
    z = (z ^ (z >> 33)) &* 0xff51_afd7_ed55_8ccd
    z = (z ^ (z >> 33)) &* 0xc4ce_b9fe_1a85_ec53
    return z ^ (z >> 33)
  }
}
