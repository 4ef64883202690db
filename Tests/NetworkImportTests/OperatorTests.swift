import Foundation
import NeuralNetworks
import TestSupport
import Testing

@testable import NetworkImport

/// Operators that are put together from layers, beside what they compute by their definition.
@Suite("Operators made of layers", .inTurn)
struct OperatorTests {
  /// x, in a shape, through nodes to z; all its numbers are logits.
  private func answers(
    _ shape: [Int], _ input: [Double], opset: Int = 17, _ body: (inout GraphWriter) -> Void
  ) throws -> [Double] {
    var writer = GraphWriter(input: [nil] + shape, opset: opset)
    body(&writer)
    writer.node("Flatten", ["z"], "y")
    return try withFolder { folder in try Answers.logits(writer, folder, input) }
  }

  @Test func `clips to any bounds`() throws {
    func clipped(_ low: Float?, _ high: Float?, _ input: [Double]) throws -> [Double] {
      try answers([input.count], input) {
        if let low { $0.floats("low", [], [low]) }
        if let high { $0.floats("high", [], [high]) }
        $0.node("Clip", ["x", low == nil ? "" : "low", high == nil ? "" : "high"], "z")
      }
    }
    try expectClose(clipped(-1, 1, [-3, -1, -0.25, 0.5, 2]), [-1, -1, -0.25, 0.5, 1])
    try expectClose(clipped(-0.3, 0.7, [-3, 0.1, 2]), [-0.3, 0.1, 0.7])
    try expectClose(clipped(-0.5, nil, [-3, 0.1, 2]), [-0.5, 0.1, 2])
    try expectClose(clipped(nil, 0.25, [-3, 0.1, 2]), [-3, 0.1, 0.25])
    // Beside large bounds nothing is lost.
    #expect(try clipped(-1e6, 1e6, [-3e6, 0.1, 2e6]) == [-1e6, 0.1, 1e6])
    let maximum = try answers([3], [-3, 0.1, 2]) {
      $0.floats("low", [1], [-0.5])
      $0.floats("high", [], [1.5])
      $0.node("Max", ["x", "low"], "m")
      $0.node("Min", ["m", "high"], "z")
    }
    expectClose(maximum, [-0.5, 0.1, 1.5])
    let hard = try answers([3], [-3, 0.5, 9]) {
      $0.node("HardSigmoid", ["x"], "z", ["alpha": .float(0.2), "beta": .float(0.5)])
    }
    expectClose(hard, [0, 0.6, 1])
  }

  @Test func `slopes for each channel, and for each position`() throws {
    let channels = try answers([2, 1, 2], [-1, 2, -3, -4]) {
      $0.floats("a", [2, 1, 1], [0.5, -2])
      $0.node("PRelu", ["x", "a"], "z")
    }
    #expect(channels == [-0.5, 2, 6, 8])
    let positions = try answers([2, 1, 2], [-1, 2, -3, -4]) {
      $0.floats("a", [2], [0.5, -2])
      $0.node("PRelu", ["x", "a"], "z")
    }
    #expect(positions == [-0.5, 2, -1.5, 8])
  }

  @Test func `what has fewer dimensions is repeated`() throws {
    // A gate of one channel for all.
    let gate = try answers([3, 1, 2], [1, 2, 3, 4, 5, 6]) {
      $0.node("ReduceMean", ["x"], "m", ["axes": .integers([1])])
      $0.node("Mul", ["x", "m"], "z")
    }
    #expect(gate == [3, 8, 9, 16, 15, 24])
    // A row of numbers for each of three.
    let rows = try answers([2], [1, 2]) {
      $0.integers("axis", [1])
      $0.floats("c", [3, 2], [10, 20, 30, 40, 50, 60])
      $0.node("Unsqueeze", ["x", "axis"], "u")
      $0.node("Add", ["u", "c"], "z")
    }
    #expect(rows == [11, 22, 31, 42, 51, 62])
    // One more dimension, in front of channels.
    let difference = try answers([2, 1], [1, 2]) {
      $0.node("Transpose", ["x"], "t", ["perm": .integers([0, 2, 1])])
      $0.node("Sub", ["x", "t"], "z")
    }
    #expect(difference == [0, -1, 1, 0])
    let wide = try answers([1, 2], [3, 4]) {
      $0.integers("shape", [1, 5, 2])
      $0.node("Expand", ["x", "shape"], "z")
    }
    #expect(wide == [3, 4, 3, 4, 3, 4, 3, 4, 3, 4])
  }

  @Test func `elements in any order`() throws {
    let gathered = try answers([5, 2], (0..<10).map(Double.init)) {
      $0.integers("places", [4, 0, 2, 2, -1, 1])
      $0.node("Gather", ["x", "places"], "z", ["axis": .integer(1)])
    }
    #expect(gathered == [8, 9, 0, 1, 4, 5, 4, 5, 8, 9, 2, 3])
    let backwards = try answers([5], (0..<5).map(Double.init)) {
      $0.integers("start", [-1])
      $0.integers("end", [-100])
      $0.integers("axis", [1])
      $0.integers("step", [-2])
      $0.node("Slice", ["x", "start", "end", "axis", "step"], "z")
    }
    #expect(backwards == [4, 2, 0])
    let slices = try answers([3, 2], (0..<6).map(Double.init)) {
      $0.integers("places", shape: [2, 1], [2, 0])
      $0.node("Transpose", ["x"], "t", ["perm": .integers([1, 0, 2])])
      $0.node("GatherND", ["t", "places"], "g")
      $0.node("Transpose", ["g"], "z", ["perm": .integers([1, 0, 2])])
    }
    #expect(slices == [4, 5, 0, 1])
  }

  @Test func `norms over features, channels and weights`() throws {
    func normalized(_ shape: [Int], _ axis: Int, _ input: [Double]) throws -> [Double] {
      try answers(shape, input) {
        $0.floats("floor", [], [1e-12])
        $0.node("ReduceL2", ["x"], "n", ["axes": .integers([axis]), "keepdims": .integer(1)])
        $0.node("Clip", ["n", "floor"], "c")
        $0.node("Shape", ["x"], "s")
        $0.node("Expand", ["c", "s"], "e")
        $0.node("Div", ["x", "e"], "z")
      }
    }
    try expectClose(normalized([2], 1, [3, 4]), [0.6, 0.8])
    try expectClose(normalized([2], 1, [0, 0]), [0, 0])
    try expectClose(normalized([2, 1, 2], 1, [3, 5, 4, 12]), [0.6, 5 / 13, 0.8, 12 / 13])
    let weights = try answers([2], [1, 10]) {
      $0.floats("w", [2, 2], [3, 4, 5, 12])
      $0.node("ReduceL2", ["w"], "n", ["axes": .integers([1]), "keepdims": .integer(1)])
      $0.node("Div", ["w", "n"], "u")
      $0.node("Gemm", ["x", "u"], "z", ["transB": .integer(1)])
    }
    expectClose(weights, [8.6, 125.0 / 13], within: 1e-6)
  }

  @Test func `windows over lines`() throws {
    let line = try answers([1, 5], [1, 2, 3, 4, 5]) {
      $0.floats("w", [1, 1, 2], [1, 10])
      $0.node(
        "Conv", ["x", "w"], "z", ["pads": .integers([1, 0]), "strides": .integers([2]), "dilations": .integers([1])])
    }
    #expect(line == [10, 32, 54])
    let pooled = try answers([1, 5], [1, 9, 3, 4, 5]) {
      $0.node("MaxPool", ["x"], "m", ["kernel_shape": .integers([2]), "strides": .integers([1])])
      $0.node("AveragePool", ["m"], "z", ["kernel_shape": .integers([2]), "strides": .integers([2])])
    }
    #expect(pooled == [9, 4.5])
    let whole = try answers([2, 3], [1, 9, 3, 4, 5, 0]) { $0.node("GlobalMaxPool", ["x"], "z") }
    #expect(whole == [9, 5])
    let most = try answers([2, 3], [1, 9, 3, 4, 5, 0]) { $0.node("ReduceMax", ["x"], "z", ["axes": .integers([1])]) }
    #expect(most == [4, 9, 3])
  }

  /// Each position adds its multiple of the kernel: the definition, number by number.
  @Test func `transposed convolutions by their definition`() throws {
    for (stride, pads, dilation, extra) in [
      (2, [0, 0], 1, 0), (3, [1, 2], 1, 2), (1, [2, 1], 2, 0), (3, [3, 3], 1, 1),
    ] {
      let (input, kernel) = ([1.0, 2, 3, 4], [1.0, 10, 100])
      var expected = [Double](repeating: 0, count: 3 * stride + 2 * dilation + 1 + extra)
      for (index, x) in input.enumerated() {
        for (place, w) in kernel.enumerated() { expected[index * stride + place * dilation] += x * w }
      }
      expected = Array(expected.dropFirst(pads[0]).dropLast(pads[1]))
      let found = try answers([1, 4], input) {
        $0.floats("w", [1, 1, 3], kernel.map(Float.init))
        $0.node(
          "ConvTranspose", ["x", "w"], "z",
          [
            "strides": .integers([stride]), "pads": .integers(pads), "dilations": .integers([dilation]),
            "output_padding": .integers([extra]),
          ])
      }
      #expect(found == expected, "stride \(stride), pads \(pads)")
    }
  }

  @Test func `rotary positions, in halves and in pairs, in part and whole`() throws {
    func turned(_ isInterleaved: Bool, _ part: Int, _ input: [Double]) throws -> [Double] {
      try answers([2, 4], input, opset: 23) {
        let count = part == 0 ? 2 : part / 2
        $0.floats("cos", [1, 2, count], [Float](repeating: 2, count: count) + [Float](repeating: 3, count: count))
        $0.floats("sin", [1, 2, count], [Float](repeating: 1, count: count) + [Float](repeating: 0, count: count))
        $0.node(
          "RotaryEmbedding", ["x", "cos", "sin"], "z",
          [
            "num_heads": .integer(1), "interleaved": .integer(isInterleaved ? 1 : 0),
            "rotary_embedding_dim": .integer(part),
          ])
      }
    }
    let input = [1.0, 2, 3, 4, 1, 2, 3, 4]
    // Pairs (1, 3) and (2, 4), or (1, 2) and (3, 4): (2 a − b, a + 2 b) of the first token, three times the second.
    #expect(try turned(false, 0, input) == [-1, 0, 7, 10, 3, 6, 9, 12])
    #expect(try turned(true, 0, input) == [0, 5, 2, 11, 3, 6, 9, 12])
    #expect(try turned(false, 2, input) == [0, 5, 3, 4, 3, 6, 3, 4])
  }

  @Test func `swish with a factor of its own, of opset 24`() throws {
    let found = try answers([2], [1, -2], opset: 24) { $0.node("Swish", ["x"], "z", ["alpha": .float(1.5)]) }
    expectClose(found, [1 / (1 + exp(-1.5)), -2 / (1 + exp(3))])
  }
}
