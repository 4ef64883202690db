import ArrayFiles
import Foundation
import TestSupport
import Testing

/// Damaged files of every kind end in a refusal or in the values that were written, where a checksum can tell.
@Suite(.inTurn) struct `Mutated files of arrays` {
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

  static let mutationsPerFile = runsLongTests ? 50_000 : 5_000

  private static func mutate(_ bytes: inout [UInt8], _ generator: inout Generator) {
    switch Int.random(in: 0..<5, using: &generator) {
    case 0:
      for _ in 0..<Int.random(in: 1...8, using: &generator) {
        bytes[Int.random(in: 0..<bytes.count, using: &generator)] ^= UInt8.random(in: 1...255, using: &generator)
      }
    case 1:
      bytes.removeLast(Int.random(in: 1..<bytes.count, using: &generator))
    case 2:
      let size = 1 << Int.random(in: 0..<4, using: &generator)
      let position = Int.random(in: 0..<(bytes.count - 8), using: &generator)
      let extremes: [UInt64] = [0, 1, 0x7F, 0xFF, 0xFFFF, 0x7FFF_FFFF, UInt64.max, UInt64.max >> 1, 1 << 40]
      let value = extremes.randomElement(using: &generator) ?? 0
      for index in 0..<size { bytes[position + index] = UInt8(truncatingIfNeeded: value >> (8 * UInt64(index))) }
    case 3:
      let start = Int.random(in: 0..<(bytes.count - 16), using: &generator)
      let length = Int.random(in: 1...16, using: &generator)
      let source = Int.random(in: 0..<(bytes.count - 16), using: &generator)
      bytes.replaceSubrange(start..<(start + length), with: Array(bytes[source..<(source + length)]))
    default:
      let start = Int.random(in: 0..<bytes.count, using: &generator)
      bytes.insert(contentsOf: (0..<Int.random(in: 1...9, using: &generator)).map { UInt8($0) }, at: start)
    }
  }

  private static func values(_ path: String) throws(ArrayFileError) -> [String: [Double]] {
    let archive = try ArrayFormat.open(path)
    var values: [String: [Double]] = [:]
    for name in archive.names { values[name] = try archive.array(name).doubles() }
    return values
  }

  /// Mutates a file again and again; gives what each that was accepted held, and how many were refused.
  private static func outcomes(_ file: String) throws -> (
    accepted: [(number: Int, values: [String: [Double]])], refused: Int
  ) {
    let valid = try ArrayFixtures.bytes(file)
    var accepted: [(Int, [String: [Double]])] = []
    var refused = 0
    try withFolder { folder in
      let path = folder.appending(path: "file").path
      for number in 0..<mutationsPerFile {
        var generator = Generator(state: UInt64(number))
        var bytes = valid
        mutate(&bytes, &generator)
        guard bytes != valid else { continue }
        try ArrayFixtures.write(bytes, to: path)
        do throws(ArrayFileError) {
          accepted.append((number, try values(path)))
        } catch {
          #expect(error.file == path && !error.reason.isEmpty && error.description.count < 4000)
          refused += 1
        }
      }
    }
    return (accepted, refused)
  }

  @Test(arguments: ["stored.npz", "deflated.npz", "streamed.npz", "zip64.npz", "comment.npz"])
  func `with checksums never become other arrays`(_ file: String) throws {
    let written = try Self.values(ArrayFixtures.path(file))
    let (accepted, refused) = try Self.outcomes(file)
    #expect(refused > Self.mutationsPerFile / 2)
    for (number, values) in accepted {
      for (name, numbers) in values {
        #expect(written[name] == numbers, "mutation \(number): \(name)")
      }
    }
  }

  @Test(arguments: [
    "little-f4.npy", "columns-big-i2.npy", "little-b1.npy", "numpy.safetensors", "bfloat16.safetensors",
  ])
  func `without checksums are accepted or refused`(_ file: String) throws {
    let (accepted, refused) = try Self.outcomes(file)
    // A file may be nothing but values, of which any others are as good.
    #expect(accepted.count > 10 && refused > 10)
  }
}
