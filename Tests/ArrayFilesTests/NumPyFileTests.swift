import ArrayFiles
import Foundation
import TestSupport
import Testing

@Suite(.inTurn) struct `Arrays of NumPy` {
  @Test(arguments: ArrayFixtures.types.map(\.name)) func `have the values that numpy wrote, in both byte orders`(
    _ type: String
  ) throws {
    let element = try #require(ArrayFixtures.types.first { $0.name == type }?.element)
    for order in ["little", "big"] where order == "little" || element.byteCount > 1 {
      let array = try NumPyFile(ArrayFixtures.path("\(order)-\(type).npy")).contents
      #expect(array.name == "\(order)-\(type)")
      #expect(array.shape == ArrayFixtures.shape && array.count == 60 && array.element == element)
      let expected = ArrayFixtures.values(element)
      #expect(try array.doubles() == expected)
      #expect(try array.floats() == expected.map(Float.init))
      if element.isWhole { #expect(try array.integers() == expected.map { Int64($0) }) }
    }
  }

  @Test func `stored column by column come row by row`() throws {
    #expect(
      try NumPyFile(ArrayFixtures.path("columns-f4.npy")).contents.doubles() == ArrayFixtures.values(.float32))
    #expect(
      try NumPyFile(ArrayFixtures.path("columns-big-i2.npy")).contents.integers()
        == ArrayFixtures.values(.int16).map { Int64($0) })
  }

  @Test(arguments: 1...3) func `are read in every version of the format`(version: Int) throws {
    let array = try NumPyFile(ArrayFixtures.path("version-\(version).npy")).contents
    #expect(try array.doubles() == ArrayFixtures.values(.float32))
  }

  @Test func `may be a single number, or empty`() throws {
    let scalar = try NumPyFile(ArrayFixtures.path("scalar.npy")).contents
    #expect(scalar.shape == [])
    #expect(try scalar.doubles() == [1.25])
    let empty = try NumPyFile(ArrayFixtures.path("empty.npy")).contents
    #expect(empty.shape == [0, 7])
    #expect(try empty.floats() == [])
  }

  @Test func `keep what is special in half precision`() throws {
    let values = try NumPyFile(ArrayFixtures.path("special.npy")).contents.floats()
    #expect(values[0] == .infinity && values[1] == -.infinity && values[2].isNaN)
    #expect(values[3] == 0 && values[3].sign == .minus)
    // The smallest of half precision, and the largest.
    #expect(values[4] == 0x1p-24 && values[5] == 65504)
  }

  @Test(arguments: [
    ("objects.npy", "Python objects, which are pickled"), ("records.npy", "a structured dtype"),
    ("complex.npy", "complex numbers"), ("text.npy", "text (dtype '<U3')"), ("dates.npy", "dates"),
  ]) func `of other kinds are refused by name`(_ file: String, words: String) throws {
    let error = try #require(throws: ArrayFileError.self) { try NumPyFile(ArrayFixtures.path(file)) }
    #expect(error.reason.contains(words), "\(error)")
    #expect(error.advice != nil)
  }

  @Test func `are not rounded where that would change their meaning`() throws {
    let large = try NumPyFile(ArrayFixtures.path("large.npy")).contents
    #expect(try large.doubles() == [1, 1e300])
    let beyond = try #require(throws: ArrayFileError.self) { try large.floats() }
    #expect(beyond.reason == "holds 1e+300, which is beyond single precision, at (1)")
    let odd = try NumPyFile(ArrayFixtures.path("odd.npy")).contents
    #expect(try odd.integers() == [0, 16_777_217, 9_007_199_254_740_993])
    #expect(throws: ArrayFileError.self) { try odd.floats() }
    let inDouble = try #require(throws: ArrayFileError.self) { try odd.doubles() }
    #expect(inDouble.reason == "holds 9007199254740993, which double precision cannot hold, at (2)")
    let unsigned = try NumPyFile(ArrayFixtures.path("unsigned.npy")).contents
    #expect(throws: ArrayFileError.self) { try unsigned.integers() }
    let fractions = try NumPyFile(ArrayFixtures.path("little-f4.npy")).contents
    let noWhole = try #require(throws: ArrayFileError.self) { try fractions.integers() }
    #expect(noWhole.advice == "In numpy: .astype(\"int64\")")
    #expect(throws: ArrayFileError.self) { try fractions.byteValues() }
    #expect(try NumPyFile(ArrayFixtures.path("little-u1.npy")).contents.byteValues().first == 11)
  }

  /// A file with this header, which is filled up with spaces as numpy does, and this many bytes behind it.
  private static func file(_ header: String, values: Int, version: UInt8 = 1) -> [UInt8] {
    let text = Array((header + "\n").utf8)
    return [0x93] + Array("NUMPY".utf8) + [version, 0, UInt8(text.count & 0xFF), UInt8(text.count >> 8)]
      + (version > 1 ? [0, 0] : []) + text + [UInt8](repeating: 0, count: values)
  }

  @Test func `with headers as other programs write them are read`() throws {
    for header in [
      "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 2)}",
      "{\"shape\":(4L,),\"fortran_order\":True,\"descr\":\"<f4\",}   ",
      "{ 'descr' : '>f4' , 'fortran_order' : False , 'shape' : ( 2 , 2 , ) , }",
    ] { #expect(try ArrayFixtures.refusal(of: Self.file(header, values: 16)) == nil, "\(header)") }
    #expect(
      try ArrayFixtures.refusal(of: Self.file("{'descr': '|u1', 'fortran_order': False, 'shape': ()}", values: 1))
        == nil)
  }

  @Test(arguments: [
    ("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3)}", "needs 24"),
    ("{'descr': '<f4', 'fortran_order': False, 'shape': (2,)}", "needs 8"),
    ("{'descr': '<f4', 'fortran_order': False, 'shape': (4)}", "no tuple"),
    ("{'descr': '<f4', 'fortran_order': False, 'shape': (-4,)}", "no length"),
    ("{'descr': '<f4', 'fortran_order': False, 'shape': (4611686018427387904, 4)}", "no memory holds"),
    ("{'descr': '<f4', 'fortran_order': False, 'shape': (4611686018427387903,)}", "more than any file"),
    ("{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999,)}", "no length"),
    ("{'descr': '<f4', 'fortran_order': False, 'shape': (\(String(repeating: "1, ", count: 65)))}", "too many axes"),
    ("{'descr': '<f4', 'fortran_order': False}", "needs 'descr'"),
    ("{'descr': '<f4', 'descr': '<f8', 'fortran_order': False, 'shape': (4,)}", "comes twice"),
    ("{'descr': '<f4', 'fortran_order': 0, 'shape': (4,)}", "True or False"),
    ("{'descr': '<f4', 'fortran_order': False, 'shape': (4,)} + 1", "text follows"),
    ("{'descr': '<f4', 'fortran_order': False, 'shape': (4,), 'x': 1}", "does not belong"),
    ("{'descr': '=f4', 'fortran_order': False, 'shape': (4,)}", "type '=f4'"),
    ("{'descr': '|f4', 'fortran_order': False, 'shape': (4,)}", "type '|f4'"),
    ("{'descr': '<f16', 'fortran_order': False, 'shape': (1,)}", "type '<f16'"),
    ("{'descr': '', 'fortran_order': False, 'shape': (4,)}", "type ''"),
    ("['descr']", "no dictionary"),
  ]) func `with headers that contradict the file are refused`(_ header: String, words: String) throws {
    for version: UInt8 in 1...3 {
      let error = try #require(try ArrayFixtures.refusal(of: Self.file(header, values: 16, version: version)))
      #expect(error.description.contains(words), "\(error)")
    }
  }

  @Test func `that are no truth values are refused`() throws {
    var bytes = try ArrayFixtures.bytes("little-b1.npy")
    bytes[bytes.count - 1] = 2
    let error = try #require(try ArrayFixtures.refusal(of: bytes))
    #expect(error.reason == "holds 2, which is no truth value, at (2, 3, 4)")
  }

  @Test func `are refused where the file cannot be one`() throws {
    try withFolder { folder in
      let missing = folder.appending(path: "missing.npy").path
      #expect(ArrayFixtures.refusal(missing)?.reason == "cannot be opened: No such file or directory")
      #expect(ArrayFixtures.refusal(folder.path)?.reason == "is not a regular file")
      let pipe = folder.appending(path: "pipe.npy").path
      mkfifo(pipe, 0o600)
      #expect(ArrayFixtures.refusal(pipe)?.reason == "is not a regular file")
    }
    #expect(try ArrayFixtures.refusal(of: [])?.reason == "is no .npy, .npz or .safetensors file")
    #expect(try ArrayFixtures.refusal(of: [0x80, 4, 0x95])?.reason.hasPrefix("is a pickle") == true)
  }
}
