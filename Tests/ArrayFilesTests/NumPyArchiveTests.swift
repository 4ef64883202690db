import ArrayFiles
import Foundation
import TestSupport
import Testing

@Suite(.inTurn) struct `Archives of NumPy` {
  @Test(arguments: ["stored.npz", "deflated.npz", "streamed.npz", "zip64.npz"])
  func `have the arrays that numpy wrote, in their order`(_ file: String) throws {
    let archive = try NumPyArchive(ArrayFixtures.path(file))
    #expect(archive.names == ["inputs", "labels", "layer.weight"])
    #expect(try archive.array("inputs").byteValues().map(Double.init) == ArrayFixtures.values(.uint8))
    #expect(try archive.array("labels").integers() == ArrayFixtures.values(.int64, count: 3).map { Int64($0) })
    let weight = try archive.array("layer.weight")
    #expect(weight.shape == ArrayFixtures.shape)
    #expect(try weight.doubles() == ArrayFixtures.values(.float32))
    let error = try #require(throws: ArrayFileError.self) { try archive.array("bias") }
    #expect(error.reason == "holds no array 'bias'; it holds inputs, labels, layer.weight")
  }

  @Test func `may have a comment and other members`() throws {
    let archive = try NumPyArchive(ArrayFixtures.path("comment.npz"))
    #expect(archive.names == ["a"])
    #expect(try archive.array("a").doubles() == ArrayFixtures.values(.float32))
  }

  @Test(arguments: [
    ("bzip2.npz", "is compressed with bzip2"), ("no-arrays.npz", "it holds readme.txt"),
    ("pickled.pt", "is a pickle"),
  ]) func `of other kinds are refused by name`(_ file: String, words: String) throws {
    let error = try #require(ArrayFixtures.refusal(ArrayFixtures.path(file)))
    #expect(error.description.contains(words), "\(error)")
    #expect(error.advice != nil)
  }

  /// Positions of the records that begin with these bytes.
  private static func records(_ signature: [UInt8], in bytes: [UInt8]) -> [Int] {
    bytes.indices.filter { bytes[$0...].starts(with: signature) }
  }

  private static let local: [UInt8] = [0x50, 0x4B, 3, 4]
  private static let central: [UInt8] = [0x50, 0x4B, 1, 2]

  /// Changes the file's list of members, and the local headers with it where they have the same field.
  private static func refusal(
    _ file: String, at offset: Int, local localOffset: Int?, _ value: [UInt8], member: Int = 0
  ) throws -> String {
    var bytes = try ArrayFixtures.bytes(file)
    var places = [records(central, in: bytes)[member] + offset]
    if let localOffset { places.append(records(local, in: bytes)[member] + localOffset) }
    for place in places { bytes.replaceSubrange(place..<(place + value.count), with: value) }
    return try #require(try ArrayFixtures.refusal(of: bytes)).description
  }

  @Test func `that are encrypted are refused`() throws {
    #expect(try Self.refusal("deflated.npz", at: 8, local: 6, [1, 0]).contains("inputs.npy is encrypted"))
  }

  @Test func `that claim what no file can become are refused`() throws {
    // 2 GiB from some hundred bytes.
    #expect(
      try Self.refusal("deflated.npz", at: 24, local: nil, [0xFF, 0xFF, 0xFF, 0x7F]).contains("cannot become"))
    // What deflate could make of them, were they all zeros: only the header of the array says that it is too much.
    #expect(
      try Self.refusal("streamed.npz", at: 24, local: nil, [0, 0xF0, 0, 0]).contains("its shape (3, 4, 5) of uint8"))
  }

  @Test func `whose two descriptions of a member differ are refused`() throws {
    #expect(try Self.refusal("stored.npz", at: 16, local: nil, [1, 2, 3, 4]).contains("contradict each other"))
    #expect(try Self.refusal("stored.npz", at: 46, local: nil, [0x6A]).contains("contradict each other"))
  }

  @Test func `with a damaged value are refused, and only when it is read`() throws {
    var bytes = try ArrayFixtures.bytes("stored.npz")
    let first = Self.records(Self.local, in: bytes)[1] - 1
    bytes[first] ^= 1
    try ArrayFixtures.withFile(bytes) { path in
      let archive = try NumPyArchive(path)
      #expect(try archive.array("labels").integers().count == 3)
      let inputs = try archive.array("inputs")
      let error = try #require(throws: ArrayFileError.self) { try inputs.byteValues() }
      #expect(error.place == "inputs.npy" && error.reason.contains("checksum"))
    }
  }

  @Test func `whose members share bytes are refused`() throws {
    var bytes = try ArrayFixtures.bytes("stored.npz")
    // The second member lies where the first does, under the first's name in its local header.
    let second = Self.records(Self.central, in: bytes)[1]
    bytes.replaceSubrange((second + 42)..<(second + 46), with: [0, 0, 0, 0])
    #expect(try ArrayFixtures.refusal(of: bytes) != nil)
    // A file inside a file: the outer one, stored, holds the whole inner one's bytes.
    let outer = Self.overlapping()
    let error = try #require(try ArrayFixtures.refusal(of: outer))
    #expect(error.reason.contains("share bytes"), "\(error)")
  }

  /// Two stored members, of which the second lies within the content of the first.
  private static func overlapping() -> [UInt8] {
    func word(_ value: Int, _ size: Int) -> [UInt8] { (0..<size).map { UInt8(value >> (8 * $0) & 0xFF) } }
    func fields(_ size: Int) -> [UInt8] {
      word(0, 2) + word(0, 2) + word(0, 4) + word(0, 4) + word(size, 4) + word(size, 4) + word(5, 2) + word(0, 2)
    }
    let inner = local + word(20, 2) + fields(4) + Array("b.npy".utf8) + [1, 2, 3, 4]
    let outer = local + word(20, 2) + fields(inner.count) + Array("a.npy".utf8) + inner
    func listed(_ name: String, _ size: Int, _ offset: Int) -> [UInt8] {
      central + word(20, 2) + word(20, 2) + fields(size) + word(0, 10) + word(offset, 4) + Array(name.utf8)
    }
    let list = listed("a.npy", inner.count, 0) + listed("b.npy", 4, outer.count - inner.count)
    return outer + list + [0x50, 0x4B, 5, 6] + word(0, 4) + word(2, 2) + word(2, 2) + word(list.count, 4)
      + word(outer.count, 4) + word(0, 2)
  }

  @Test(arguments: ["stored.npz", "deflated.npz", "streamed.npz", "zip64.npz"])
  func `that were cut off are refused`(_ file: String) throws {
    #expect(try ArrayFixtures.acceptedCuts(file, from: 4) == [])
  }
}
