import Foundation
import HDF5
import NeuralNetworks
import PosteriorFiles
import RobustnessCore
import Shell
import TestSupport
import Testing

@testable import NetworkImport

/// From files of other programs to one that is read here.
@Suite("A posterior from files of others", .inTurn)
struct PosteriorImportTests {
  /// A `.npy` of format 1.
  private static func array(_ type: String, _ shape: [Int], _ bytes: [UInt8]) -> [UInt8] {
    let sizes = shape.map { "\($0)," }.joined()
    var header = "{'descr': '\(type)', 'fortran_order': False, 'shape': (\(sizes)), }"
    header += String(repeating: " ", count: 63 - (header.utf8.count + 10) % 64) + "\n"
    let length = UInt16(header.utf8.count)
    return [0x93] + Array("NUMPY".utf8) + [1, 0, UInt8(length & 0xFF), UInt8(length >> 8)] + Array(header.utf8) + bytes
  }

  private static func floats(_ values: [Float]) -> [UInt8] { values.withUnsafeBytes { Array($0) } }
  private static func labels(_ values: [Int64]) -> [UInt8] { values.withUnsafeBytes { Array($0) } }

  /// A `.npz` as numpy.savez writes it, stored.
  private static func archive(_ members: [(String, [UInt8])], _ folder: URL, _ name: String) throws -> String {
    var (data, directory): ([UInt8], [UInt8]) = ([], [])
    func number(_ value: Int, _ bytes: Int) -> [UInt8] {
      (0..<bytes).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
    }
    for (name, bytes) in members {
      let file = Array("\(name).npy".utf8)
      // Version, flags, method, time; checksum, sizes; lengths of the name and of what follows it.
      var common = number(20, 2) + number(0, 4) + number(0, 4)
      for size in [Int(crc(bytes)), bytes.count, bytes.count] { common += number(size, 4) }
      common += number(file.count, 2) + number(0, 2)
      directory += [0x50, 0x4B, 1, 2] + number(20, 2)
      directory += common
      directory += number(0, 6) + number(0, 4) + number(data.count, 4)
      directory += file
      data += [0x50, 0x4B, 3, 4] + common
      data += file + bytes
    }
    var end: [UInt8] = [0x50, 0x4B, 5, 6] + number(0, 4)
    end += number(members.count, 2) + number(members.count, 2)
    end += number(directory.count, 4) + number(data.count, 4) + number(0, 2)
    let place = folder.appendingPathComponent(name)
    try Data(data + directory + end).write(to: place)
    return place.path
  }

  private static func crc(_ bytes: [UInt8]) -> UInt32 {
    var sum = ~UInt32(0)
    for byte in bytes {
      sum ^= UInt32(byte)
      for _ in 0..<8 {
        let polynomial: UInt32 = sum & 1 == 1 ? 0xEDB8_8320 : 0
        sum = (sum >> 1) ^ polynomial
      }
    }
    return ~sum
  }

  /// Two draws of y = W x with two classes, at one input x, and what they answer.
  private func files(_ folder: URL, inputs: [Float] = [0.5, 0.25, 1]) throws -> ImportRequest {
    var request = ImportRequest()
    for (draw, weight) in [[Float(1), 2, 3, 4, 5, 6], [0, 1, 0, 1, 0, 1]].enumerated() {
      var writer = GraphWriter()
      writer.floats("fc.weight", [2, 3], weight)
      writer.node("Gemm", ["x", "fc.weight"], "y", ["transB": .integer(1)])
      request.graphs.append(try writer.write(to: folder, "draw\(draw).onnx"))
    }
    request.data = try Self.archive(
      [
        ("inputs", Self.array("<f4", [1, 3], Self.floats(inputs))),
        ("labels", Self.array("<i8", [1], Self.labels([1]))),
      ],
      folder, "data.npz")
    request.kind = .ensemble
    return request
  }

  private func answers(_ logits: [Float], _ folder: URL) throws -> String {
    try Self.archive([("logits", Self.array("<f4", [2, 1, 2], Self.floats(logits)))], folder, "answers.npz")
  }

  private func refusal(_ request: ImportRequest) -> String {
    do {
      _ = try PosteriorImport(request)
      return ""
    } catch {
      return "\(error)"
    }
  }

  @Test func `a file is written, and answers as its author's program did`() throws {
    try withFolder { folder in
      var request = try files(folder)
      // W x: 0.5 + 0.5 + 3, 2 + 1.25 + 6; 0.25 and 0.5 + 1.
      request.reference = try answers([4, 9.25, 0.25, 1.5], folder)
      let imported = try PosteriorImport(request)
      #expect(imported.findings?.outcome == .agrees)
      let path = folder.appendingPathComponent("p.h5").path
      let file = try PosteriorWriter.write(imported.contents, to: path)
      #expect(file.integrity == .verified)
      #expect(file.chainCount == 2)
      #expect(file.drawsPerChain == 1)
      #expect(file.kind == .ensemble)
      #expect(try file.evaluationData()?.labels == [1])
    }
  }

  @Test func `probabilities are answers of a graph that gives them`() throws {
    try withFolder { folder in
      var request = try files(folder)
      request.graphs = []
      for draw in 0..<2 {
        var writer = GraphWriter()
        writer.floats("fc.weight", [1, 3], [1, Float(draw), 0])
        writer.node("Gemm", ["x", "fc.weight"], "z", ["transB": .integer(1)])
        writer.node("Sigmoid", ["z"], "y")
        request.graphs.append(try writer.write(to: folder, "draw\(draw).onnx"))
      }
      // σ(0.5) and σ(0.75), one number for each input.
      let numbers: [Float] = [0.622_459_35, 0.679_178_7]
      request.reference = try Self.archive(
        [("logits", Self.array("<f4", [2, 1, 1], Self.floats(numbers)))], folder, "answers.npz")
      let findings = try #require(try PosteriorImport(request).findings)
      #expect(findings.outcome != .differs)
      let wrong = try Self.archive(
        [("logits", Self.array("<f4", [2, 1, 1], Self.floats([0.7, 0.679_178_7])))], folder, "wrong.npz")
      request.reference = wrong
      #expect(try PosteriorImport(request).findings?.outcome == .differs)
    }
  }

  @Test func `a log-softmax that was left out is no surprise in the answers`() throws {
    try withFolder { folder in
      var request = try files(folder)
      request.graphs = []
      for draw in 0..<2 {
        var writer = GraphWriter()
        writer.floats("fc.weight", [2, 3], [1, Float(draw), 0, 0, 0, 0])
        writer.node("Gemm", ["x", "fc.weight"], "z", ["transB": .integer(1)])
        writer.node("LogSoftmax", ["z"], "y", ["axis": .integer(1)])
        request.graphs.append(try writer.write(to: folder, "draw\(draw).onnx"))
      }
      // The logarithms of σ(0.5), σ(-0.5), σ(0.75) and σ(-0.75).
      request.reference = try answers([-0.474_076_98, -0.974_076_98, -0.386_871, -1.136_871], folder)
      let findings = try #require(try PosteriorImport(request).findings)
      guard case .agreesBut(let reason, let advice) = findings.outcome else {
        Issue.record("\(findings.outcome)")
        return
      }
      #expect(reason == "by one number for each input, which changes no probability, as a softmax at the end does")
      #expect(advice.isEmpty)
    }
  }

  @Test func `answers of another network are found`() throws {
    try withFolder { folder in
      var request = try files(folder)
      request.reference = try answers([4, 9.5, 0.25, 1.5], folder)
      #expect(try PosteriorImport(request).findings?.outcome == .differs)
    }
  }

  @Test func `bounds are those that were said, or 0 and 1`() throws {
    try withFolder { folder in
      var request = try files(folder, inputs: [0.5, -1, 1])
      #expect(
        refusal(request).hasSuffix(
          "inputs[0] has the value -1.0, outside the bounds 0.0 to 1.0: --bounds LOW HIGH says others"))
      request.bounds = [-1, 1]
      #expect(try PosteriorImport(request).contents.inputBounds == -1...1)
      request.bounds = [0, 1, -1, 0, 0, 2]
      #expect(try PosteriorImport(request).contents.boundsPerChannel == [0...1, -1...0, 0...2])
      request.bounds = [1, -1]
      #expect(refusal(request) == "--bounds takes the lower number first, both finite, not 1.0 -1.0")
      request.bounds = [1, 2, 3, 4]
      #expect(refusal(request) == "--bounds takes two numbers, or two for each of 3 channels, not 4")
    }
  }

  @Test func `kinds and chains that do not fit`() throws {
    try withFolder { folder in
      var request = try files(folder)
      request.kind = nil
      #expect(refusal(request).hasPrefix("--kind is needed for 2 draws"))
      request.kind = .single
      #expect(refusal(request).hasPrefix("--kind single is one network, and 2 draws are given"))
      request.kind = .mcmc
      request.chains = 3
      #expect(refusal(request).hasPrefix("2 draws cannot be shared among 3 chains"))
      request.chains = 2
      #expect(try PosteriorImport(request).contents.chainCount == 2)
      request.kind = .independent
      #expect(refusal(request).hasPrefix("--chains 2 is for --kind mcmc"))
    }
  }

  @Test func `data that do not fit the network`() throws {
    try withFolder { folder in
      var request = try files(folder)
      func with(_ inputs: [UInt8], _ labels: [UInt8]) throws -> String {
        request.data = try Self.archive([("inputs", inputs), ("labels", labels)], folder, "data.npz")
        return refusal(request)
      }
      let one = Self.array("<i8", [1], Self.labels([0]))
      #expect(
        try with(Self.array("<f4", [1, 2], Self.floats([0, 0])), one).hasSuffix(
          "inputs has the shape [1, 2], and the network takes (n, 3)"))
      let good = Self.array("<f4", [1, 3], Self.floats([0, 0, 0]))
      #expect(
        try with(good, Self.array("<i8", [1], Self.labels([2]))).hasSuffix(
          "labels[0] is 2, and the network has 2 classes, from 0 to 1"))
      #expect(try with(good, Self.array("<i8", [2], Self.labels([0, 1]))).contains("one label for each"))
      #expect(
        try with(Self.array("<i4", [1, 3], Self.floats([0, 0, 0])), one).hasSuffix(
          "inputs is of type int32; bytes (uint8) and floating-point numbers are read"))
      request.bounds = [-1, 1]
      #expect(try with(Self.array("|u1", [1, 3], [0, 1, 2]), one).contains("go with bounds 0 and 1 only"))
    }
  }
}
