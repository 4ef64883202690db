import Foundation
import HDF5
import TestSupport
import Testing

@testable import PosteriorFiles

/// Room that was made and never used reads as what it is, not as numbers.
@Suite(.inTurn) struct AbsenceTests {
  /// The problems and the warnings of a file, as sentences.
  private func verify(
    _ foreign: WrittenFile = WrittenFile(), _ further: (HDF5File) throws -> Void = { _ in }
  ) throws -> (problems: [String], warnings: [String]) {
    let (problems, warnings) = try foreign.findings(further)
    return (problems.map { "\($0)" }, warnings.map { "\($0)" })
  }

  /// Overwrites some draws of a parameter with one number.
  private func fill(_ file: HDF5File, _ name: String, _ shape: [Int], chain: Int, draws: Range<Int>, with value: Double)
    throws
  {
    let dataset = try file.dataset("/posterior/\(name)")
    let values = [Double](repeating: value, count: draws.count * shape.reduce(1, *))
    try values.withUnsafeBytes {
      try dataset.write(
        start: [chain, draws.lowerBound] + shape.map { _ in 0 }, count: [1, draws.count] + shape, as: .float64, from: $0
      )
    }
    try dataset.close()
  }

  // MARK: - Draws

  @Test func `draws that were never filled are refused, with what to store instead`() throws {
    let problems = try verify(WrittenFile(chains: 3, draws: 7)) { file in
      for chain in 0..<3 {
        for (name, shape) in [("output.weight", [3, 4]), ("output.bias", [3])] {
          try fill(file, name, shape, chain: chain, draws: (chain == 1 ? 5 : 4)..<7, with: 0)
        }
      }
    }.problems
    #expect(problems.count == 1)
    #expect(
      problems[0].hasSuffix(
        "/posterior holds only zeros, or the fill value, in every parameter in draw 4 of chain 0: so it is with 8 of 21 "
          + "draws, which were never filled. Store the draws that were made, as many of each chain: in numpy values[:, :4]."
      ), "\(problems)")
  }

  @Test func `a chain that was never filled is refused`() throws {
    let problems = try verify { file in
      try fill(file, "output.weight", [3, 4], chain: 1, draws: 0..<5, with: 0)
      try fill(file, "output.bias", [3], chain: 1, draws: 0..<5, with: 0)
    }.problems
    #expect(problems.count == 1)
    #expect(problems[0].contains("in draw 0 of chain 1: so it is with 5 of 10 draws"))
    #expect(problems[0].contains("Leave out what was never filled"))
  }

  @Test func `biases that are zero are honest, and so are draws that repeat`() throws {
    var ensemble = WrittenFile(chains: 6, draws: 1, kind: "ensemble")
    ensemble.labels = [0, 1, 2, 0, 2, 1]
    let (problems, warnings) = try verify(ensemble) { file in
      for chain in [0, 3, 4] { try fill(file, "output.bias", [3], chain: chain, draws: 0..<1, with: 0) }
    }
    #expect(problems.isEmpty && warnings.isEmpty)
    // The chain stands still from its third draw on.
    let still = try verify(WrittenFile(chains: 1, draws: 6)) { file in
      try fill(file, "output.weight", [3, 4], chain: 0, draws: 3..<6, with: 0.25)
      try fill(file, "output.bias", [3], chain: 0, draws: 3..<6, with: -0.5)
    }
    #expect(still.problems.isEmpty && still.warnings.isEmpty)
  }

  @Test func `a weight that is zero in some draws is a warning, a bias where it was drawn`() throws {
    let weight = try verify(WrittenFile(chains: 2, draws: 3, kind: "ensemble")) { file in
      try fill(file, "output.weight", [3, 4], chain: 1, draws: 1..<3, with: 0)
    }
    #expect(weight.problems.isEmpty)
    #expect(
      weight.warnings.contains { $0.hasPrefix("/posterior/output.weight holds only zeros in 2 of 6 draws: was it") })
    let bias = try verify(WrittenFile(chains: 2, draws: 4)) { file in
      try fill(file, "output.bias", [3], chain: 1, draws: 3..<4, with: 0)
    }
    #expect(bias.problems.isEmpty)
    #expect(
      bias.warnings == [
        "/posterior/output.bias holds only zeros in 1 of 8 draws: was it ever filled? Look at the program that stored the draws."
      ])
  }

  // MARK: - Statistics

  @Test func `statistics that were never recorded are warnings, and are copied all the same`() throws {
    try withFolder { folder in
      let path = folder.appendingPathComponent("statistics.h5").path
      try WrittenFile().write(to: path) { file in
        try file.createGroup("/sample_stats")
        try file.put("/sample_stats/lp", [Double](repeating: 0, count: 10), [2, 5], .float64)
        try file.put("/sample_stats/energy", [Double](repeating: .nan, count: 10), [2, 5], .float32)
        try file.put("/sample_stats/step_size", [Double](repeating: 0.2, count: 10), [2, 5], .float64)
      }
      let file = try PosteriorFile.open(path, probe: nil)
      #expect(
        file.warnings.map { "\($0.place) \($0.sentence)" } == [
          "/sample_stats/energy is NaN in every draw: it counts as not recorded, and judges nothing",
          "/sample_stats/lp is 0 in every draw: it counts as not recorded, and judges nothing",
        ])
      #expect(try file.sampleStatistics().count == 3)
    }
  }

  @Test func `a distribution without spread is a warning`() throws {
    let warnings = try verify(WrittenFile(chains: 1, draws: 4, kind: "variational")) { file in
      try file.createGroup("/variational")
      for (name, shape) in [("output.weight", [3, 4]), ("output.bias", [3])] {
        let count = shape.reduce(1, *)
        try file.put("/variational/\(name).mean", (0..<count).map { Double($0) - 5 }, shape, .float32)
        try file.put("/variational/\(name).scale", [Double](repeating: 0, count: count), shape, .float32)
      }
    }.warnings
    #expect(
      warnings == [
        "/variational has no standard deviation but 0: fresh draws all are the mean. Store the scales, or leave the group out."
      ])
  }

  // MARK: - Examples

  private func warnings(_ labels: [Int], classes: Int, zero: Int = 0) -> [String] {
    ExampleReview(
      labels: labels, classCount: classes, isZero: labels.indices.map { $0 >= labels.count - zero }
    ).warnings(labels: "labels", inputs: "inputs").map { "\($0.place) \($0.sentence)" }
  }

  @Test func `labels that count from 1 are a warning, and so are those of one class`() {
    #expect(
      warnings((0..<90).map { 1 + $0 % 3 }, classes: 4) == [
        "labels never are 0, in 90 examples of 4 classes: do they count from 1?"
      ])
    #expect(
      warnings([Int](repeating: 2, count: 40), classes: 3) == [
        "labels are 2, all 40 of them: a constant answer is right on every example"
      ])
    #expect(
      warnings((0..<200).map { $0 % 7 }, classes: 10) == [
        "labels never are 7 in 200 examples, nor are 2 other of the 10 classes"
      ])
  }

  @Test func `classes that a few examples miss by chance are no warning`() {
    #expect(warnings([3, 1, 4, 1, 5, 9, 2, 6], classes: 10).isEmpty)
    #expect(warnings([1, 1, 1, 1], classes: 2).isEmpty)
    #expect(warnings((0..<30).map { ($0 * 7) % 9 }, classes: 10).isEmpty)
    #expect(warnings((0..<500).map { $0 % 10 }, classes: 10).isEmpty)
  }

  @Test func `examples that were never filled are a warning, one black image is none`() {
    let labels = (0..<50).map { $0 < 40 ? $0 % 2 : 0 }
    #expect(
      warnings(labels, classes: 2, zero: 10) == [
        "inputs holds only zeros in its last 10 of 50 examples, whose labels are 0: were they ever filled?"
      ])
    #expect(warnings(labels, classes: 2, zero: 1).isEmpty)
    // Black images of another class were labelled by somebody.
    #expect(warnings((0..<50).map { $0 % 2 }, classes: 2, zero: 10).isEmpty)
  }

  @Test func `a file's own examples are reviewed as it is checked`() throws {
    var foreign = WrittenFile()
    foreign.labels = (0..<40).map { Double($0 < 37 ? 1 + $0 % 2 : 0) }
    foreign.inputs = (0..<160).map { $0 < 148 ? Double($0 % 7 + 1) / 8 : 0 }
    #expect(
      try verify(foreign).warnings == [
        "/evaluation_data/inputs holds only zeros in its last 3 of 40 examples, whose labels are 0: were they ever filled? "
          + "Store as many examples as there are."
      ])
  }
}
