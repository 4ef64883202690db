import Foundation
import PosteriorFiles
import RobustnessCore
import TestSupport
import Testing

@testable import Datasets

/// Inputs, labels, digests and choices of examples.
@Suite(.inTurn) struct DatasetPartTests {
  /// 30 inputs of one byte, their position; label 0 for the first ten, 1 for the next ten, 2 for the rest.
  private static let thirty = DatasetPart(
    inputs: .bytes([UInt8](0..<30)), inputShape: [1], labels: (0..<30).map { $0 / 10 }, inputBounds: 0...1)

  // Digests from Fixtures/README.md, which another program computed.
  @Test(arguments: [
    ("mnist-fc2-relu", "546c05ae99f9786150692610a04fbf561124b6893a8b55a278a0e4502d81b53a"),
    ("moons-fc2-leaky", "151e4e0d3cd631d2eee42c3f06a18504b5bb0f563ae04b3207338733b8201fff"),
  ])
  func `the digest is the one that a posterior file states`(_ name: String, _ digest: String) throws {
    let file = try PosteriorFile.open(Fixtures.url("oracles/\(name).h5").path, acceptChanged: false, probe: nil)
    let data = try #require(try file.evaluationData())
    #expect(data.shape == file.evaluationShape && data.inputBounds == file.inputBounds)
    #expect(DatasetPart(data).sha256 == digest)
  }

  @Test func `bytes become their value divided by 255`() {
    let part = DatasetPart(inputs: .bytes([0, 51, 255, 1]), inputShape: [2], labels: [1, 0], inputBounds: 0...1)
    let examples = part.examples()
    #expect(examples.inputs == Tensor(shape: [2, 2], elements: [0, 0.2, 1, 1.0 / 255]))
    #expect(examples.labels == [1, 0])
  }

  @Test func `a number that rounding moved across a bound lies on it`() {
    let part = DatasetPart(inputs: .floats([0.1]), inputShape: [1], labels: [0], inputBounds: 0...0.1)
    #expect(part.examples().inputs.elements == [0.1])
  }

  @Test func `chosen examples keep their positions as identifiers`() {
    #expect(Self.thirty.examples([12, 3]).identifiers == [12, 3])
    #expect(Self.thirty.examples([12, 3]).inputs.elements == [12.0 / 255, 3.0 / 255])
  }

  @Test func `a balanced choice has as many of each class`() throws {
    #expect(try Self.thirty.classBalanced(9, classCount: 3, seed: 1).classCounts(3) == [3, 3, 3])
  }

  @Test func `the first classes get what cannot be divided`() throws {
    #expect(try Self.thirty.classBalanced(8, classCount: 3, seed: 1).classCounts(3) == [3, 3, 2])
  }

  @Test func `chosen inputs and labels are those of their positions`() throws {
    let chosen = try Self.thirty.classBalanced(9, classCount: 3, seed: 1)
    let indices = try #require(chosen.selection).indices
    #expect(chosen.inputs == .bytes(indices.map { UInt8($0) }))
    #expect(chosen.labels == indices.map { $0 / 10 })
  }

  @Test func `a smaller choice is part of a larger one`() throws {
    let small = try #require(Self.thirty.classBalanced(6, classCount: 3, seed: 5).selection).indices
    let large = try #require(Self.thirty.classBalanced(21, classCount: 3, seed: 5).selection).indices
    #expect(Set(small).isSubset(of: Set(large)))
  }

  @Test func `seeds differ in what they choose`() throws {
    let one = try Self.thirty.classBalanced(9, classCount: 3, seed: 1).selection
    let two = try Self.thirty.classBalanced(9, classCount: 3, seed: 2).selection
    #expect(one?.indices != two?.indices)
  }

  @Test func `a class with too few examples is named`() {
    let error = #expect(throws: DatasetError.self) { try Self.thirty.classBalanced(33, classCount: 3, seed: 1) }
    #expect(error?.description == "class 0: has 10 examples; 33 class-balanced ones need 11 of it.")
  }

  // printf '\1\0\0\0\0\0\0\0\2\1\0\0\0\0\0\0' | sha256sum
  @Test func `the digest of a choice is that of its indices as eight bytes each`() {
    let selection = ExampleSelection(indices: [258, 1], source: "")
    #expect(selection.sha256 == "d4b6538234c2adfd24929c81adbc1bbced94c961ef3e778b83c8a0e558fb6198")
  }

  @Test func `a choice remembers what it was taken from`() {
    #expect(Self.thirty.subset([4]).selection?.sourceSHA256 == Self.thirty.sha256)
  }

  @Test func `a shuffle keeps every element`() {
    var stream = RandomStreams(seed: 3, purpose: "test").stream(example: 0)
    #expect((0..<1000).map { $0 }.shuffled(with: &stream).sorted() == Array(0..<1000))
  }

  @Test func `every element is as likely at every place`() {
    var counts = [Int](repeating: 0, count: 9)
    for trial in 0..<3000 {
      var stream = RandomStreams(seed: 3, purpose: "test").stream(example: trial)
      for (place, element) in [0, 1, 2].shuffled(with: &stream).enumerated() { counts[3 * place + element] += 1 }
    }
    // Binomial with mean 1000 and standard deviation 26.
    #expect(counts.allSatisfy { abs($0 - 1000) < 130 })
  }
}
