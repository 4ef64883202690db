import CTensorLoops
import RobustnessCore
import TestSupport
import Testing

@Suite(.inTurn) struct `Random streams` {
  /// The three vectors for philox4x32 with ten rounds in `kat_vectors` of Random123.
  @Test(arguments: [
    ([0, 0, 0, 0] as [UInt32], [0, 0] as [UInt32], [0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8] as [UInt32]),
    (
      [UInt32](repeating: .max, count: 4), [UInt32](repeating: .max, count: 2),
      [0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd]
    ),
    (
      [0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344], [0xa409_3822, 0x299f_31d0],
      [0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1]
    ),
  ])
  func `Philox gives Random123's known answers`(_ counter: [UInt32], _ key: [UInt32], _ expected: [UInt32]) {
    var words = [UInt32](repeating: 0, count: 4)
    let wide = { (low: UInt32, high: UInt32) in UInt64(high) << 32 | UInt64(low) }
    ctl_philox_block(wide(key[0], key[1]), wide(counter[2], counter[3]), wide(counter[0], counter[1]), &words)
    #expect(words == expected)
  }

  static let streams = RandomStreams(seed: 11, purpose: "test")

  @Test func `uniforms lie strictly between 0 and 1 with the mean and variance of a uniform`() {
    var stream = Self.streams.stream(example: 0)
    let values = stream.uniforms(100_000)
    #expect(values.allSatisfy { $0 > 0 && $0 < 1 })
    let mean = values.reduce(0, +) / 1e5
    let square = values.reduce(0) { $0 + $1 * $1 } / 1e5
    // Four standard errors: √(1/12/10⁵), √(4/45/10⁵).
    #expect(abs(mean - 0.5) < 4 * 9.2e-4)
    #expect(abs(square - 1.0 / 3) < 4 * 9.5e-4)
  }

  @Test func `normals have the moments of a standard normal`() {
    var stream = Self.streams.stream(example: 1)
    let values = stream.normals(100_001)
    #expect(values.count == 100_001)
    let n = Double(values.count)
    func moment(_ power: Int) -> Double {
      values.reduce(0.0) { sum, x in sum + (0..<power).reduce(1.0) { product, _ in product * x } } / n
    }
    // Standard errors of the first four moments: 1, √2, √15, √96, over √n.
    #expect(abs(moment(1)) < 4 * 1 / n.squareRoot())
    #expect(abs(moment(2) - 1) < 4 * 1.414 / n.squareRoot())
    #expect(abs(moment(3)) < 4 * 3.873 / n.squareRoot())
    #expect(abs(moment(4) - 3) < 4 * 9.798 / n.squareRoot())
  }

  @Test func `a stream depends on what names it and not on the order of use`() {
    var first = Self.streams.stream(example: 3, restart: 1, step: 2)
    let alone = first.uniforms(5)
    var other = Self.streams.stream(example: 4)
    _ = other.uniforms(100)
    var again = Self.streams.stream(example: 3, restart: 1, step: 2)
    #expect(again.uniforms(2) + again.uniforms(3) == alone)
  }

  @Test func `streams with different names differ`() {
    var firsts: Set<UInt64> = []
    for purpose in ["attack/pgd", "attack/fgsm"] {
      for seed in [0, 1] as [UInt64] {
        let streams = RandomStreams(seed: seed, purpose: purpose)
        for example in 0..<3 {
          for restart in 0..<3 {
            for step in 0..<3 {
              var stream = streams.stream(example: example, restart: restart, step: step)
              firsts.insert(stream.next())
            }
          }
        }
        var part = streams.streams(for: "start").stream(example: 0)
        firsts.insert(part.next())
      }
    }
    #expect(firsts.count == 4 * 28)
  }

  @Test func `words come from both halves of each block`() {
    var stream = Self.streams.stream(example: 9)
    let words = (0..<1000).map { _ in stream.next() }
    #expect(Set(words).count == 1000)
    // 64,000 fair bits: four standard deviations are 506.
    let ones = words.reduce(0) { $0 + $1.nonzeroBitCount }
    #expect(abs(ones - 32_000) < 506)
  }
}
