import Crypto
import RobustnessCore

/// Which examples of a part were chosen, kept so that a result can say on what it rests.
public struct ExampleSelection: Sendable, Hashable {
  /// Positions in the part that was chosen from, ascending.
  public let indices: [Int]
  /// SHA-256 of the indices, each as eight bytes with the least significant first, in hexadecimal.
  public let sha256: String
  /// The digest of the part that was chosen from.
  public let sourceSHA256: String

  /// Records a choice.
  ///
  /// - Parameters:
  ///   - indices: Positions in the part; their order does not matter.
  ///   - source: The part's digest.
  public init(indices: [Int], source: String) {
    self.indices = indices.sorted()
    sourceSHA256 = source
    var hasher = SHA256()
    for index in self.indices {
      withUnsafeBytes(of: Int64(index).littleEndian) { hasher.update(bufferPointer: $0) }
    }
    sha256 = hasher.finalize().map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
  }
}

extension DatasetPart {
  /// A class-balanced choice: as many examples of each class as of any other; where `count` is no multiple of the
  /// number of classes, the first classes get one more.
  ///
  /// Within a class the examples are drawn without replacement from a stream of their own, so that with one seed a
  /// smaller choice is part of every larger one.
  ///
  /// - Parameters:
  ///   - count: Number of examples.
  ///   - classCount: Number of classes.
  ///   - seed: Seed of the random streams.
  /// - Throws: ``DatasetError`` when a class has too few examples.
  public func classBalanced(_ count: Int, classCount: Int, seed: UInt64) throws(DatasetError) -> DatasetPart {
    precondition(count > 0 && classCount > 0)
    var positions = [[Int]](repeating: [], count: classCount)
    for (index, label) in labels.enumerated() { positions[label].append(index) }
    let streams = RandomStreams(seed: seed, purpose: "datasets/class-balanced")
    var chosen: [Int] = []
    for (label, candidates) in positions.enumerated() {
      let wanted = count / classCount + (label < count % classCount ? 1 : 0)
      guard candidates.count >= wanted else {
        throw DatasetError(
          file: "class \(label)",
          reason: "has \(candidates.count) examples; \(count) class-balanced ones need \(wanted) of it")
      }
      var stream = streams.stream(example: label)
      chosen += candidates.shuffled(with: &stream).prefix(wanted)
    }
    return subset(chosen)
  }

  /// The examples named by `indices`, in ascending order, with the record of the choice.
  public func subset(_ indices: [Int]) -> DatasetPart {
    precondition(Set(indices).count == indices.count, "every example at most once")
    let selection = ExampleSelection(indices: indices, source: sha256)
    return DatasetPart(data.subset(selection.indices), selection: selection)
  }
}

extension Array {
  /// The elements in random order (Fisher and Yates, Durstenfeld 1964).
  ///
  /// Written out, and not the standard library's, whose use of the generator may change between versions.
  func shuffled(with stream: inout RandomStream) -> [Element] {
    var result = self
    let uniforms = stream.uniforms(count)
    for last in indices.reversed() {
      result.swapAt(last, Swift.min(last, Int(uniforms[last] * Double(last + 1))))
    }
    return result
  }
}
