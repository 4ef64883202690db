import Foundation
import NeuralNetworks
import PosteriorFiles
import Shell
import TestSupport
import Testing

@testable import NetworkImport

/// Several files, one network.
@Suite("Draws from several files", .inTurn)
struct DrawTests {
  private func graph(seed: Int, units: Int = 2, slope: Float? = nil, bias: Int = 1) -> GraphWriter {
    var writer = GraphWriter()
    writer.weights("fc.weight", [units, 3], seed: seed)
    writer.weights("fc.bias", [units], seed: bias)
    writer.node("Gemm", ["x", "fc.weight", "fc.bias"], slope == nil ? "y" : "h", ["transB": .integer(1)])
    if let slope { writer.node("LeakyRelu", ["h"], "y", ["alpha": .float(slope)]) }
    return writer
  }

  @Test func `equal tensors become shared, and draws keep their order`() throws {
    try withFolder { folder in
      let paths = try (0..<3).map { try graph(seed: $0 + 1).write(to: folder, "draw\($0).onnx") }
      let source = try DrawSource(graphs: paths)
      #expect(source.sharedParameters.map { source.architecture.parameters[$0].name } == ["fc.bias"])
      for draw in 0..<3 {
        var values = [Float](repeating: 0, count: source.architecture.parameterCount)
        try values.withUnsafeMutableBufferPointer { try source.read(draw: draw, into: $0) }
        #expect(values == (try NetworkTranslation(paths[draw])).parameters.flatMap(\.self))
      }
    }
  }

  @Test func `another network is no further draw`() throws {
    try withFolder { folder in
      let first = try graph(seed: 1, slope: 0.01).write(to: folder, "a.onnx")
      let other = try graph(seed: 2, slope: 0.2).write(to: folder, "b.onnx")
      let error = #expect(throws: ImportError.self) { try DrawSource(graphs: [first, other]) }
      #expect(error?.file == other)
      #expect(error?.reason.contains("is another network than \(first): layer 0 is dense") == true)
      let same = #expect(throws: ImportError.self) { try DrawSource(graphs: [first, first]) }
      #expect(same?.reason.hasPrefix("all 2 draws hold the same numbers") == true)
    }
  }

  // MARK: - One graph and named tensors

  private func safetensors(_ tensors: [(String, [Int], [Float])], _ folder: URL, _ name: String) throws -> String {
    try TensorWriter.safetensors(tensors, folder, name)
  }

  private func numbers(_ count: Int, _ seed: Int) -> [Float] { TensorWriter.numbers(count, seed) }

  private func written(_ weight: [Float], _ bias: [Float], _ folder: URL) throws -> String {
    var writer = GraphWriter()
    writer.floats("val_1", [3, 2], weight)
    writer.floats("fc.bias", [2], bias)
    writer.node("MatMul", ["x", "val_1"], "h")
    writer.node("Add", ["h", "fc.bias"], "y")
    return try writer.write(to: folder, "net.onnx")
  }

  @Test func `a transposed tensor without its name is found by its numbers`() throws {
    try withFolder { folder in
      let weight = numbers(6, 1)
      let turned = [weight[0], weight[2], weight[4], weight[1], weight[3], weight[5]]
      let network = try written(weight, [1, 2], folder)
      let own = try safetensors([("fc.weight", [2, 3], turned), ("fc.bias", [2], [1, 2])], folder, "0.safetensors")
      let next = try safetensors(
        [("fc.weight", [2, 3], numbers(6, 5)), ("fc.bias", [2], [3, 4])], folder, "1.safetensors")
      let source = try DrawSource(network: network, draws: [own, next])
      var values = [Float](repeating: 0, count: 8)
      try values.withUnsafeMutableBufferPointer { try source.read(draw: 1, into: $0) }
      #expect(values == numbers(6, 5) + [3, 4])
    }
  }

  @Test func `a name with another value is never taken`() throws {
    try withFolder { folder in
      let network = try written(numbers(6, 1), [1, 2], folder)
      let weight = ("val_1", [3, 2], numbers(6, 1))
      let own = try safetensors([weight, ("fc.bias", [2], [1, 2.5])], folder, "0.safetensors")
      let next = try safetensors([weight, ("fc.bias", [2], [3, 4])], folder, "1.safetensors")
      let error = #expect(throws: ImportError.self) { try DrawSource(network: network, draws: [own, next]) }
      #expect(error?.reason.hasPrefix("tensor \"fc.bias\" follows from no tensor of \(own)") == true)
    }
  }

  @Test func `tensors that are equal in one draw alone are ambiguous`() throws {
    try withFolder { folder in
      let network = try written(numbers(6, 1), [1, 2], folder)
      let bias = ("fc.bias", [2], [Float(1), 2])
      let own = try safetensors(
        [("a", [3, 2], numbers(6, 1)), ("b", [3, 2], numbers(6, 1)), bias], folder, "0.safetensors")
      let other = try safetensors(
        [("a", [3, 2], numbers(6, 2)), ("b", [3, 2], numbers(6, 3)), bias], folder, "1.safetensors")
      let error = #expect(throws: ImportError.self) { try DrawSource(network: network, draws: [own, other]) }
      #expect(
        error?.reason.hasPrefix(
          #"tensor "val_1" has the numbers of "a" and of "b", which other draws have differently"#)
          == true)
    }
  }

  @Test func `a graph of none of the draws says nothing about them`() throws {
    try withFolder { folder in
      let network = try written(numbers(6, 1), [1, 2], folder)
      let own = try safetensors(
        [("fc.weight", [3, 2], numbers(6, 4)), ("fc.bias", [2], [7, 8])], folder, "0.safetensors")
      let error = #expect(throws: ImportError.self) { try DrawSource(network: network, draws: [own]) }
      #expect(error?.reason.hasPrefix("holds the weights of none of the draws") == true)
    }
  }

  /// What fresh eyes found: draws that were read as others, without a word.
  @Test func `what exporters drop or merge in one draw is not lost in others`() throws {
    try withFolder { folder in
      let network = try written(numbers(6, 1), [1, 2], folder)
      func draws(_ own: (String, [Int], [Float]), _ next: (String, [Int], [Float])) throws -> [String] {
        [
          try safetensors(
            [("val_1", [3, 2], numbers(6, 1)), ("fc.bias", [2], [1, 2]), own], folder, "0.safetensors"),
          try safetensors(
            [("val_1", [3, 2], numbers(6, 2)), ("fc.bias", [2], [3, 4]), next], folder, "1.safetensors"),
        ]
      }
      let weight = numbers(6, 1)
      let turned = [weight[0], weight[2], weight[4], weight[1], weight[3], weight[5]]
      for own in [("scale", [1], [Float(1)]), ("w2", [2, 3], turned)] {
        let files = try draws(own, (own.0, own.1, numbers(own.2.count, 9)))
        let error = #expect(throws: ImportError.self) { try DrawSource(network: network, draws: files) }
        #expect(error?.reason.contains("\(own.0.quoted) differs between draws") == true)
      }
      // What is trained and not used is said by a person; what is the same in all draws is nothing.
      let files = try draws(("aux", [3], [1, 2, 4]), ("aux", [3], [1, 2, 5]))
      let error = #expect(throws: ImportError.self) { try DrawSource(network: network, draws: files) }
      #expect(
        error?.reason.contains("if the network does not use it, say so with --map =aux, or give the answers") == true)
      for word in ["=aux", "=au*", "fc.bias=fc.bias,=aux"] {
        #expect(try DrawSource(network: network, draws: files, map: [word]).notes.isEmpty, "\(word)")
      }
      #expect(throws: UsageError.self) { try DrawSource(network: network, draws: files, map: ["=uax"]) }
      // A factor of 1 that the graph's own draw does not have at all.
      let bare = try written(numbers(6, 1), [1, 2], folder)
      let lacking = [
        try safetensors([("val_1", [3, 2], numbers(6, 1)), ("fc.bias", [2], [1, 2])], folder, "2.safetensors"),
        files[1],
      ]
      let lost = #expect(throws: ImportError.self) { try DrawSource(network: bare, draws: lacking) }
      #expect(lost?.reason.hasPrefix(#""aux" differs between draws, and nothing in the graph is made of it"#) == true)
      // Batch normalisation counts its batches.
      let counted = try draws(("bn.num_batches_tracked", [], [4]), ("bn.num_batches_tracked", [], [5]))
      #expect(try DrawSource(network: network, draws: counted).notes.isEmpty)
      let same = try DrawSource(network: network, draws: draws(("mean", [1], [1]), ("mean", [1], [1])))
      #expect(same.notes.isEmpty)
    }
  }

  /// A symmetric matrix, an identity for instance: exporters transpose weights that follow a product over tokens.
  @Test func `a weight that is its own transpose in one draw alone is ambiguous`() throws {
    try withFolder { folder in
      var writer = GraphWriter()
      writer.floats("val_1", [3, 3], [1, 2, 3, 2, 4, 5, 3, 5, 6])
      writer.node("MatMul", ["x", "val_1"], "y")
      let network = try writer.write(to: folder, "net.onnx")
      let own = try safetensors([("w", [3, 3], [1, 2, 3, 2, 4, 5, 3, 5, 6])], folder, "0.safetensors")
      let other = try safetensors([("w", [3, 3], numbers(9, 2))], folder, "1.safetensors")
      let error = #expect(throws: ImportError.self) { try DrawSource(network: network, draws: [own, other]) }
      #expect(
        error?.reason.hasPrefix(
          #"tensor "val_1" is "w" as it is and transposed in this draw, which other draws have differently"#) == true)
      let symmetric = try safetensors([("w", [3, 3], [1, 2, 0, 2, 1, 0, 0, 0, 7])], folder, "2.safetensors")
      #expect(try DrawSource(network: network, draws: [own, symmetric]).drawCount == 2)
    }
  }

  @Test func `what exporters compute from arrays of one draw is not that of others`() throws {
    try withFolder { folder in
      // x/exp(s) with s of each draw; the order of x that indices give; h·g and g[0] h, as exporters fold them.
      func graph(_ body: (inout GraphWriter) -> Void) throws -> String {
        var writer = GraphWriter()
        writer.floats("w", [2, 3], numbers(6, 1))
        body(&writer)
        return try writer.write(to: folder, "\(UUID()).onnx")
      }
      func draws(_ name: String, _ members: [[UInt8]]) throws -> [String] {
        try members.enumerated().map { draw, bytes in
          try ArchiveWriter.archive(
            [("w", ArchiveWriter.array("<f4", [2, 3], ArchiveWriter.floats(numbers(6, 1 + draw)))), (name, bytes)],
            folder, "\(UUID()).npz")
        }
      }
      let scales: [[Float]] = [[0.5, 0.25, 1.5], [2, 1, 0.5]]
      let scaled = try graph {
        $0.floats("onnx::Mul_3", [3], scales[0].map { Float(exp(-Double($0))) })
        $0.node("Mul", ["x", "onnx::Mul_3"], "z")
        $0.node("Gemm", ["z", "w"], "y", ["transB": .integer(1)])
      }
      let ordered = try graph {
        $0.integers("onnx::Gather_3", [2, 0, 1])
        $0.node("Gather", ["x", "onnx::Gather_3"], "z", ["axis": .integer(1)])
        $0.node("Gemm", ["z", "w"], "y", ["transB": .integer(1)])
      }
      let part = try graph {
        $0.floats("g", [2], [1.308_131_7, 0.5])
        $0.floats("onnx::Mul_7", [], [1.308_131_7])
        $0.node("Gemm", ["x", "w"], "h", ["transB": .integer(1)])
        $0.node("Mul", ["h", "g"], "p")
        $0.node("Mul", ["h", "onnx::Mul_7"], "q")
        $0.node("Add", ["p", "q"], "y")
      }
      func floats(_ values: [Float]) -> [UInt8] {
        ArchiveWriter.array("<f4", [values.count], ArchiveWriter.floats(values))
      }
      func indices(_ values: [Int64]) -> [UInt8] {
        ArchiveWriter.array("<i8", [values.count], ArchiveWriter.labels(values))
      }
      for (network, name, members, word) in [
        (scaled, "s", scales.map(floats), #""s" differs between draws, and nothing in the graph is made of it"#),
        (ordered, "perm", [indices([2, 0, 1]), indices([0, 2, 1])], #""perm" differs between draws"#),
        (
          part, "g", [floats([1.308_131_7, 0.5]), floats([0.25, 0.5])], #"tensor "onnx::Mul_7" follows from no tensor"#
        ),
      ] {
        let error = #expect(throws: ImportError.self) { try DrawSource(network: network, draws: draws(name, members)) }
        #expect(error?.reason.contains(word) == true, "\(name): \(error?.reason ?? "")")
        // The same in all draws it is the network's.
        #expect(try DrawSource(network: network, draws: draws(name, [members[0], members[0]])).drawCount == 2)
      }
    }
  }

  @Test func `names with a prefix, and draws of another precision`() throws {
    try withFolder { folder in
      let network = try written(numbers(6, 1), [0, 0], folder)
      func draws(_ prefix: String) throws -> [String] {
        try [(1, [Float(0), 0]), (2, [3, 4])].map { seed, bias in
          try safetensors(
            [("\(prefix)val_1", [3, 2], numbers(6, seed)), ("\(prefix)fc.bias", [2], bias)], folder,
            "\(UUID()).safetensors")
        }
      }
      for prefix in ["module.", "_orig_mod.net."] {
        let source = try DrawSource(network: network, draws: draws(prefix))
        #expect(source.notes == ["the names of the draws' arrays are taken without \"\(prefix)\""])
        var values = [Float](repeating: 0, count: 8)
        try values.withUnsafeMutableBufferPointer { try source.read(draw: 1, into: $0) }
        // x W, and layers hold what an output takes.
        let weight = numbers(6, 2)
        #expect(values == [0, 2, 4, 1, 3, 5].map { weight[$0] } + [3, 4])
      }
      // Exported around a wrapper, and saved without it.
      var wrapped = GraphWriter()
      wrapped.floats("net.w", [2, 3], numbers(6, 1))
      wrapped.floats("net.b", [2], [0, 0])
      wrapped.node("Gemm", ["x", "net.w", "net.b"], "y", ["transB": .integer(1)])
      let saved = try [(1, [Float(0), 0]), (2, [3, 4])].map { seed, bias in
        try safetensors([("w", [2, 3], numbers(6, seed)), ("b", [2], bias)], folder, "\(UUID()).safetensors")
      }
      let inside = try DrawSource(network: wrapped.write(to: folder, "wrapped.onnx"), draws: saved)
      #expect(inside.notes == ["the names of the draws' arrays are taken with \"net.\" before them"])
      var values = [Float](repeating: 0, count: 8)
      try values.withUnsafeMutableBufferPointer { try inside.read(draw: 1, into: $0) }
      #expect(values == numbers(6, 2) + [3, 4])
      let half = try (0..<2).map { draw in
        try ArchiveWriter.archive(
          [
            ("val_1", ArchiveWriter.array("<f2", [3, 2], [UInt8](repeating: UInt8(48 + draw), count: 12))),
            ("fc.bias", ArchiveWriter.array("<f2", [2], [0, 60, 0, 64])),
          ], folder, "half\(draw).npz")
      }
      let error = #expect(throws: ImportError.self) { try DrawSource(network: network, draws: half) }
      #expect(error?.reason.contains("the draws are in float16, and its numbers are others") == true)
    }
  }

  @Test func `an array of another shape in another draw is refused`() throws {
    try withFolder { folder in
      let network = try written(numbers(6, 1), [1, 2], folder)
      let own = try safetensors(
        [("val_1", [3, 2], numbers(6, 1)), ("fc.bias", [2], [1, 2])], folder, "0.safetensors")
      let next = try safetensors(
        [("val_1", [2, 3], numbers(6, 2)), ("fc.bias", [2], [1, 3])], folder, "1.safetensors")
      let error = #expect(throws: ImportError.self) { try DrawSource(network: network, draws: [own, next]) }
      #expect(error?.reason.contains("has the shape [2, 3], another than in the draw") == true)
    }
  }

  @Test func `one number over and over is no match without its name`() throws {
    try withFolder { folder in
      let network = try written(numbers(6, 1), [0, 0], folder)
      let own = try safetensors([("val_1", [3, 2], numbers(6, 1)), ("b", [2], [0, 0])], folder, "0.safetensors")
      let next = try safetensors([("val_1", [3, 2], numbers(6, 2)), ("b", [2], [1, 3])], folder, "1.safetensors")
      let error = #expect(throws: ImportError.self) { try DrawSource(network: network, draws: [own, next]) }
      #expect(error?.reason.contains("\"fc.bias\" follows from no tensor") == true)
    }
  }

  @Test func `files in the order of letters are no chains`() throws {
    try withFolder { folder in
      var request = ImportRequest()
      request.network = try written(numbers(6, 1), [1, 2], folder)
      request.draws = try [0, 1, 10, 2].map { index in
        try safetensors(
          [("val_1", [3, 2], numbers(6, 1 + index)), ("fc.bias", [2], [1, 2])], folder, "draw\(index).safetensors")
      }
      request.kind = .mcmc
      request.chains = 2
      let error = #expect(throws: (any Error).self) { try PosteriorImport(request) }
      #expect(error.map { "\($0)".contains("draw10.safetensors comes before") } == true)
      request.kind = .ensemble
      request.chains = nil
      #expect(try PosteriorImport(request).draws.drawCount == 4)
      request.kind = .mcmc
      request.draws = [0, 1, 3, 2].map { request.draws[$0] }
      #expect(try PosteriorImport(request).draws.drawCount == 4)
    }
  }
}
