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
  /// Two draws of y = W x with two classes, at one input x, and what they answer.
  private func files(_ folder: URL, inputs: [Float] = [0.5, 0.25, 1]) throws -> ImportRequest {
    var request = ImportRequest()
    for (draw, weight) in [[Float(1), 2, 3, 4, 5, 6], [0, 1, 0, 1, 0, 1]].enumerated() {
      var writer = GraphWriter()
      writer.floats("fc.weight", [2, 3], weight)
      writer.node("Gemm", ["x", "fc.weight"], "y", ["transB": .integer(1)])
      request.graphs.append(try writer.write(to: folder, "draw\(draw).onnx"))
    }
    request.data = try ArchiveWriter.archive(
      [
        ("inputs", ArchiveWriter.array("<f4", [1, 3], ArchiveWriter.floats(inputs))),
        ("labels", ArchiveWriter.array("<i8", [1], ArchiveWriter.labels([1]))),
      ],
      folder, "data.npz")
    request.kind = .ensemble
    return request
  }

  private func answers(_ logits: [Float], _ folder: URL) throws -> String {
    try ArchiveWriter.archive(
      [("logits", ArchiveWriter.array("<f4", [2, 1, 2], ArchiveWriter.floats(logits)))], folder, "answers.npz")
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
      request.reference = try ArchiveWriter.archive(
        [("logits", ArchiveWriter.array("<f4", [2, 1, 1], ArchiveWriter.floats(numbers)))], folder, "answers.npz")
      let findings = try #require(try PosteriorImport(request).findings)
      #expect(findings.outcome != .differs)
      let wrong = try ArchiveWriter.archive(
        [("logits", ArchiveWriter.array("<f4", [2, 1, 1], ArchiveWriter.floats([0.7, 0.679_178_7])))], folder,
        "wrong.npz")
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
      #expect(findings.outcome == .agrees && findings.saysLogProbabilities && findings.quantity == "log-probability")
      #expect(findings.largest < 1e-6)
      // The file says what they are, and nobody that they look like it.
      let file = try PosteriorWriter.write(
        PosteriorImport(request).contents, to: folder.appendingPathComponent("p.h5").path)
      let later = try #require(try file.referenceFindings())
      #expect(later.outcome == .agrees, "\(later)")
      #expect(try file.referenceAnswers()?.areLogProbabilities == true)
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
      #expect(
        refusal(request)
          == "--chains 2 is for --kind mcmc: draws of kind independent have no chains; leave it out")
      request.kind = .ensemble
      request.chains = 1
      #expect(
        refusal(request)
          == "--chains 1 is for --kind mcmc: of kind ensemble each draw is a chain of its own; leave it out")
    }
  }

  @Test func `data that do not fit the network`() throws {
    try withFolder { folder in
      var request = try files(folder)
      func with(_ inputs: [UInt8], _ labels: [UInt8]) throws -> String {
        request.data = try ArchiveWriter.archive([("inputs", inputs), ("labels", labels)], folder, "data.npz")
        return refusal(request)
      }
      let one = ArchiveWriter.array("<i8", [1], ArchiveWriter.labels([0]))
      #expect(
        try with(ArchiveWriter.array("<f4", [1, 2], ArchiveWriter.floats([0, 0])), one).hasSuffix(
          "inputs has the shape [1, 2], and the network takes (n, 3)"))
      let good = ArchiveWriter.array("<f4", [1, 3], ArchiveWriter.floats([0, 0, 0]))
      #expect(
        try with(good, ArchiveWriter.array("<i8", [1], ArchiveWriter.labels([2]))).hasSuffix(
          "labels[0] is 2, and the network has 2 classes, from 0 to 1"))
      #expect(
        try with(good, ArchiveWriter.array("<i8", [2], ArchiveWriter.labels([0, 1]))).contains("one label for each"))
      #expect(
        try with(ArchiveWriter.array("<i4", [1, 3], ArchiveWriter.floats([0, 0, 0])), one).hasSuffix(
          "inputs is of type int32; bytes (uint8) and floating-point numbers are read"))
      request.bounds = [-1, 1]
      #expect(try with(ArchiveWriter.array("|u1", [1, 3], [0, 1, 2]), one).contains("go with bounds 0 and 1 only"))
    }
  }

  @Test func `answers at one input, or at inputs that are alike, prove little`() throws {
    try withFolder { folder in
      var request = try files(folder)
      func caution(_ inputs: [Float], _ logits: [Float]) throws -> String? {
        let count = inputs.count / 3
        request.reference = try ArchiveWriter.archive(
          [
            ("inputs", ArchiveWriter.array("<f4", [count, 3], ArchiveWriter.floats(inputs))),
            ("logits", ArchiveWriter.array("<f4", [2, count, 2], ArchiveWriter.floats(logits))),
          ], folder, "answers.npz")
        let findings = try #require(try PosteriorImport(request).findings)
        #expect(findings.outcome == .agrees)
        return findings.caution
      }
      #expect(try caution([0.5, 0.25, 1], [4, 9.25, 0.25, 1.5]) == "there is one input only")
      let twice: [Float] = [0.5, 0.25, 1, 0.5, 0.25, 1]
      #expect(try caution(twice, [4, 9.25, 4, 9.25, 0.25, 1.5, 0.25, 1.5]) == "all inputs are the same")
      #expect(
        try caution([0, 0, 0, 1, 1, 1], [0, 0, 6, 15, 0, 0, 1, 2]) == "every input is one number over and over")
      #expect(try caution([0.5, 0.25, 1, 1, 1, 1], [4, 9.25, 6, 15, 0.25, 1.5, 1, 2]) == nil)
    }
  }

  @Test func `what is no number is blamed on its file, array and place`() throws {
    try withFolder { folder in
      var request = try files(folder, inputs: [0.5, .nan, 1])
      #expect(refusal(request).hasSuffix("data.npz: inputs has nan at [0, 1]: inputs are numbers from 0.0 to 1.0"))
      request = try files(folder)
      request.reference = try answers([4, 9.25, .nan, 1.5], folder)
      #expect(
        refusal(request).hasSuffix(
          "answers.npz: logits has nan at [1, 0, 0]: the author's program gave no number there"))
    }
  }

  @Test func `an archive says in which arithmetic its answers are, and whose`() throws {
    try withFolder { folder in
      var request = try files(folder)
      func with(_ further: [(String, [UInt8])]) throws -> PosteriorImport {
        request.reference = try ArchiveWriter.archive(
          [("logits", ArchiveWriter.array("<f4", [2, 1, 2], ArchiveWriter.floats([4, 9.25, 0.25, 1.5])))] + further,
          folder, "answers.npz")
        return try PosteriorImport(request)
      }
      #expect(try with([]).contents.referenceAnswers?.precision == .float32)
      let stated = try with([
        ("precision", ArchiveWriter.text("tf32")), ("software", ArchiveWriter.text("PyTorch 2.15")),
      ])
      #expect(stated.contents.referenceAnswers?.precision == .tf32)
      #expect(stated.author == "PyTorch 2.15 (tf32)")
      // Ten bits are within what seven explain.
      #expect(
        try with([("precision", ArchiveWriter.text("float16"))]).contents.referenceAnswers?.precision == .bfloat16)
      let bytes = ArchiveWriter.array("|S8", [], Array("bfloat16".utf8))
      #expect(try with([("precision", bytes)]).contents.referenceAnswers?.precision == .bfloat16)
      _ = try? with([("precision", ArchiveWriter.text("double"))])
      #expect(
        refusal(request).hasSuffix(
          "precision is \"double\", and no arithmetic that is known: float64, float32, tf32, bfloat16, float16"))
      _ = try? with([("precision", ArchiveWriter.array("<i8", [], ArchiveWriter.labels([32])))])
      #expect(refusal(request).contains("precision is no text: numpy.savez"))
    }
  }
}
