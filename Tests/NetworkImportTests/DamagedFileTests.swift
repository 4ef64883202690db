import Foundation
import NeuralNetworks
import TestSupport
import Testing

@testable import NetworkImport

/// Damaged files end in a sentence or in a network; never in a crash, and soon.
@Suite("Damaged ONNX", .inTurn)
struct DamagedFileTests {
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

  private static func bytes(_ path: String) throws -> [UInt8] {
    [UInt8](try Data(contentsOf: Fixtures.url("import/\(path)")))
  }

  /// Whether a file is accepted; throws what is no refusal.
  private static func accepts(_ bytes: [UInt8], _ file: URL) throws -> Bool {
    try Data(bytes).write(to: file)
    do {
      _ = try NetworkTranslation(file.path)
      return true
    } catch is ImportError {
      return false
    }
  }

  @Test func `a file that ends early is refused, wherever it ends`() throws {
    let whole = try Self.bytes("binary-sigmoid/draw0.onnx")
    try withFolder { folder in
      let file = folder.appendingPathComponent("cut.onnx")
      let isWhole = try Self.accepts(whole, file)
      #expect(isWhole)
      for length in stride(from: 1, to: whole.count - 12, by: runsLongTests ? 1 : 13) {
        let isAccepted = try Self.accepts(Array(whole[..<length]), file)
        #expect(!isAccepted, "\(length) bytes")
      }
    }
  }

  @Test(arguments: [
    "binary-sigmoid/draw0.onnx", "strided-gn-gelu/draw0.onnx", "mobilenet-relu6/draw0.onnx",
    "exported/operators-24-dynamo0.onnx", "exported/shapes-torchscript0.onnx", "exported/causal-dynamo0.onnx",
  ])
  func `mutated bytes are refused or read`(path: String) throws {
    let whole = try Self.bytes(path)
    var generator = Generator(state: UInt64(whole.count))
    var refused = 0
    let mutations = runsLongTests ? 30_000 : 600
    try withFolder { folder in
      let file = folder.appendingPathComponent("mutated.onnx")
      for _ in 0..<mutations {
        var bytes = whole
        switch Int.random(in: 0..<4, using: &generator) {
        case 0:
          for _ in 0..<Int.random(in: 1...8, using: &generator) {
            bytes[Int.random(in: bytes.indices, using: &generator)] ^= UInt8.random(in: 1...255, using: &generator)
          }
        case 1: bytes.removeSubrange(Int.random(in: 0..<bytes.count / 2, using: &generator)..<bytes.count / 2)
        case 2:
          let place = Int.random(in: bytes.indices, using: &generator)
          bytes.insert(contentsOf: [0xFF, 0xFF, 0xFF, 0xFF, 0x0F], at: place)
        default:
          // The structure stands at the beginning.
          let place = Int.random(in: 0..<min(2500, bytes.count), using: &generator)
          bytes[place] = [0, 1, 0x7F, 0x80, 0xFF].randomElement(using: &generator) ?? 0
        }
        if try !Self.accepts(bytes, file) { refused += 1 }
      }
    }
    #expect(refused > mutations / 8)
  }

  @Test func `numbers and lengths beyond the message`() throws {
    try withFolder { folder in
      let file = folder.appendingPathComponent("wire.onnx")
      let cases: [(name: String, bytes: [UInt8])] = [
        ("a number of eleven bytes", [0x08] + [UInt8](repeating: 0x80, count: 10) + [1]),
        ("a number of 70 bits", [0x08] + [UInt8](repeating: 0xFF, count: 9) + [0x7F]),
        ("a length beyond the file", [0x3A, 0xFF, 0xFF, 0xFF, 0xFF, 0x0F]),
        ("a group", [0x08, 0x08, 0x3B, 0x3C]),
        ("field number 0", [0x08, 0x08, 0x00, 0x01]),
        ("a graph as a number", [0x08, 0x08, 0x38, 0x01]),
      ]
      for (name, bytes) in cases {
        try Data(bytes).write(to: file)
        let error = #expect(throws: ImportError.self, "\(name)") { try NetworkTranslation(file.path) }
        #expect(error?.reason.hasPrefix("is no ONNX file, or damaged") == true, "\(name)")
      }
    }
  }
}
