import Foundation
import TestSupport
import Testing

@testable import Datasets

/// IDX files, whole and damaged.
@Suite(.inTurn) struct IDXArrayTests {
  private func read(_ bytes: [UInt8], axes: Int) throws -> IDXArray {
    try withFolder { folder in
      let file = folder.appending(path: "file")
      try Data(bytes).write(to: file)
      return try IDXArray.read(file.path, axes: axes)
    }
  }

  private func problem(_ bytes: [UInt8], axes: Int = 1) throws -> String {
    do {
      _ = try read(bytes, axes: axes)
      return "none"
    } catch let error as DatasetError {
      #expect(error.file.hasSuffix("/file"))
      return error.reason
    }
  }

  @Test func `a plain file gives shape and values`() throws {
    let array = try read(IDX.images(2, 1, 3, [1, 2, 3, 4, 5, 255]), axes: 3)
    #expect(array.shape == [2, 1, 3])
    #expect(array.bytes == [1, 2, 3, 4, 5, 255])
  }

  @Test func `a gzip file gives the same, whatever its name`() throws {
    #expect(try read(gzip(IDX.labels([7, 0, 9])), axes: 1).bytes == [7, 0, 9])
  }

  @Test func `several gzip members are one file`() throws {
    let whole = IDX.labels([7, 0, 9])
    #expect(try read(gzip(Array(whole[..<9])) + gzip(Array(whole[9...])), axes: 1).bytes == [7, 0, 9])
  }

  @Test func `lengths are read with the most significant byte first`() throws {
    let values = [UInt8](repeating: 3, count: 258)
    #expect(try read([0, 0, 8, 1, 0, 0, 1, 2] + values, axes: 1).shape == [258])
  }

  @Test func `another magic number is no IDX file`() throws {
    #expect(try problem([0x50, 0x4B, 3, 4, 0, 0, 0, 0]) == "is not an IDX file: it begins with 50 4b 03 04")
  }

  @Test func `a type that does not exist is no IDX file`() throws {
    #expect(try problem([0, 0, 0x0A, 1, 0, 0, 0, 1, 5]) == "is not an IDX file: it begins with 00 00 0a 01")
  }

  @Test func `another type is named`() throws {
    #expect(
      try problem([0, 0, 0x0D, 1, 0, 0, 0, 1, 0, 0, 0, 0])
        == "holds numbers in single precision; images and labels are unsigned bytes")
  }

  @Test func `images in place of labels are told apart`() throws {
    #expect(try problem(IDX.images(1, 1, 1, [0])) == "has 3 axes; labels need 1")
  }

  @Test func `labels in place of images are told apart`() throws {
    #expect(
      try problem(IDX.labels([0]), axes: 3) == "has 1 axes; images need 3: number, rows, columns")
  }

  @Test func `an empty file is truncated`() throws {
    #expect(try problem([]) == "is truncated: it holds 0 bytes, less than the header of an IDX file")
  }

  @Test func `a file that ends in its header is truncated`() throws {
    #expect(try problem([0, 0, 8, 1, 0, 0]) == "is truncated: it ends inside its header")
  }

  @Test func `a file that ends in its values is truncated`() throws {
    #expect(
      try problem(gzip([0, 0, 8, 1, 0, 0, 0, 5, 1, 2]))
        == "is truncated: it holds 2 of the 5 bytes that its header announces")
  }

  @Test func `bytes after the values are an error`() throws {
    #expect(
      try problem([0, 0, 8, 1, 0, 0, 0, 1, 1, 2]) == "goes on after the 1 bytes that its header announces, 1")
  }

  @Test func `an axis of no length holds nothing`() throws {
    #expect(try problem(IDX.images(0, 28, 28, []), axes: 3) == "holds nothing: its header says 0 × 28 × 28")
  }

  @Test func `a header that claims more than a file can hold is refused before memory is taken`() throws {
    let bytes: [UInt8] = [0, 0, 8, 3] + [UInt8](repeating: 255, count: 12) + [1, 2, 3]
    #expect(
      try problem(bytes, axes: 3)
        == "is truncated or damaged: its header says 4294967295 × 4294967295 × 4294967295, more than its 19 bytes can hold"
    )
  }

  @Test func `a gzip bomb is not inflated beyond what its header announces`() throws {
    var bomb = gzip(IDX.labels([1, 2]) + [UInt8](repeating: 0, count: 64 << 20))
    // Whoever inflates it to its end finds the checksum wrong.
    bomb[bomb.count - 8] ^= 255
    #expect(try problem(bomb) == "goes on after the 2 bytes that its header announces, 2")
  }

  @Test func `a wrong checksum is damage`() throws {
    var bytes = gzip(IDX.labels([1, 2]))
    bytes[bytes.count - 8] ^= 255
    #expect(try problem(bytes) == "is damaged: its gzip data cannot be inflated (incorrect data check)")
  }

  @Test func `damaged compressed data are damage`() throws {
    var bytes = gzip(IDX.labels([1, 2]))
    // The first three bits after the header say which kind of block follows; there is no kind 3.
    bytes[10] |= 6
    #expect(try problem(bytes) == "is damaged: its gzip data cannot be inflated (invalid block type)")
  }

  @Test func `compressed data that end too early are truncated`() throws {
    let bytes = gzip(IDX.labels([1, 2]))
    #expect(try problem(bytes.dropLast(4)) == "is truncated: the compressed data end too early")
  }

  @Test func `anything else after compressed data is damage`() throws {
    #expect(
      try problem(gzip(IDX.labels([1, 2])) + [1, 2, 3, 4])
        == "is damaged: its gzip data cannot be inflated (incorrect header check)")
  }

  @Test func `a folder is no file`() throws {
    let error = #expect(throws: DatasetError.self) { try IDXArray.read("/", axes: 1) }
    #expect(error?.reason == "is not a regular file")
  }
}
