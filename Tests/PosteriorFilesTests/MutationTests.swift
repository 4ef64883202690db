import Foundation
import PosteriorFiles
import TestSupport
import Testing

/// Damaged files of every kind end in a refusal or, when the damage touches nothing that matters, in acceptance.
@Suite(.inTurnEarly) struct MutationTests {
  /// SplitMix64: a fixed sequence of mutations on every machine.
  struct Generator: RandomNumberGenerator {
    var state: UInt64
    mutating func next() -> UInt64 {
      state &+= 0x9E37_79B9_7F4A_7C15
      var z = state
      z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
      z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
      return z ^ (z >> 31)
    }
  }

  /// 10,000 mutations, a tenth of them in everyday runs. `Tests/Fuzz` makes more, and reads what is accepted with h5py.
  static let rounds = Array(0..<(runsLongTests ? 100 : 10))
  static let mutationsPerRound = 100

  /// A file of format 1.0, and one of 1.1 with reference answers and a shared parameter, written by the package itself.
  private static func base(_ round: Int) throws -> Data {
    guard round % 2 == 1 else { return try Data(contentsOf: URL(fileURLWithPath: TestFiles.malformed("valid.h5"))) }
    return try withFolder { folder in
      let path = folder.appendingPathComponent("answered.h5").path
      try PosteriorWriter.write(Small.answered(Small.sharing()), to: path)
      return try Data(contentsOf: URL(fileURLWithPath: path))
    }
  }

  private static func mutate(_ bytes: inout Data, _ generator: inout Generator) {
    switch Int.random(in: 0..<4, using: &generator) {
    case 0:
      for _ in 0..<Int.random(in: 1...8, using: &generator) {
        let position = Int.random(in: 0..<bytes.count, using: &generator)
        bytes[position] ^= UInt8.random(in: 1...255, using: &generator)
      }
    case 1:
      bytes.removeLast(Int.random(in: 1..<bytes.count, using: &generator))
    case 2:
      // Lengths and addresses are little-endian words of 1, 2, 4 or 8 bytes at even places.
      let size = 1 << Int.random(in: 0..<4, using: &generator)
      let position = Int.random(in: 0..<((bytes.count - 8) / 2), using: &generator) * 2
      let extremes: [UInt64] = [0, 1, 0x7F, 0xFF, 0xFFFF, 0x7FFF_FFFF, UInt64.max, UInt64.max >> 1, 1 << 40]
      let value = extremes.randomElement(using: &generator) ?? 0
      for index in 0..<size { bytes[position + index] = UInt8(truncatingIfNeeded: value >> (8 * UInt64(index))) }
    default:
      let start = Int.random(in: 0..<(bytes.count - 16), using: &generator)
      let length = Int.random(in: 1...16, using: &generator)
      let source = Int.random(in: 0..<(bytes.count - 16), using: &generator)
      for index in 0..<length { bytes[start + index] = bytes[source + index] }
    }
  }

  @Test(arguments: rounds) func `mutated files are accepted or refused in time, one by one, never by a signal`(
    round: Int
  ) throws {
    let valid = try Self.base(round)
    try withFolder { folder in
      var names: [String] = []
      for index in 0..<Self.mutationsPerRound {
        var generator = Generator(state: UInt64(round * Self.mutationsPerRound + index))
        var bytes = valid
        Self.mutate(&bytes, &generator)
        names.append("\(round * Self.mutationsPerRound + index).h5")
        try bytes.write(to: folder.appendingPathComponent(names[index]))
      }
      let start = ContinuousClock.now
      let run = try Program.posterior.run(["verify"] + names, in: folder)
      #expect(!run.isSignal && [0, 65].contains(run.code), "\(run.code) \(run.errors.suffix(500))")
      let lines = run.text.split(separator: "\n")
      for name in names {
        let isAccepted = lines.contains { $0.hasPrefix("\(name): valid") }
        let isRefused = lines.contains { $0.hasPrefix("error: \(name): ") }
        #expect(isAccepted != isRefused, "mutation \(name)")
      }
      // Each has seconds of processor time; a machine may be busy with something else.
      #expect(start.duration(to: .now) < .seconds(600), "round \(round)")
    }
  }
}
