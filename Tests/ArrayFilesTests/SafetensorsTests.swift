import ArrayFiles
import Foundation
import TestSupport
import Testing

@Suite(.inTurn) struct `Files of safetensors` {
  @Test func `have the tensors that safetensors wrote`() throws {
    let file = try SafetensorsFile(ArrayFixtures.path("numpy.safetensors"))
    #expect(file.metadata == ["writer": "safetensors"])
    #expect(
      Set(file.names) == Set(ArrayFixtures.types.map { $0.name == "b1" ? "bool" : $0.name } + ["scalar", "empty"]))
    for (name, element) in ArrayFixtures.types {
      let array = try file.array(name == "b1" ? "bool" : name)
      #expect(array.element == element && array.shape == ArrayFixtures.shape)
      #expect(try array.doubles() == ArrayFixtures.values(element))
      if element.isWhole { #expect(try array.integers() == ArrayFixtures.values(element).map { Int64($0) }) }
    }
    #expect(try file.array("scalar").floats() == [1.25])
    #expect(try file.array("empty").shape == [0, 7])
  }

  @Test func `have half the bits where they are bfloat16`() throws {
    let array = try SafetensorsFile(ArrayFixtures.path("bfloat16.safetensors")).array("half")
    #expect(array.element == .bfloat16)
    #expect(try array.doubles() == ArrayFixtures.values(.float32))
  }

  @Test func `with other types are read but for those tensors`() throws {
    let file = try SafetensorsFile(ArrayFixtures.path("float8.safetensors"))
    #expect(try file.array("plain").floats() == [1, 1])
    let error = try #require(throws: ArrayFileError.self) { try file.array("eight") }
    #expect(error.reason == "holds F8_E4M3, which is not read")
  }

  /// A file with this header and this many bytes of values.
  private static func file(_ header: String, values: Int) -> [UInt8] {
    let text = Array(header.utf8)
    return (0..<8).map { UInt8(text.count >> (8 * $0) & 0xFF) } + text + [UInt8](repeating: 0, count: values)
  }

  @Test func `may have escapes and spaces in their header`() throws {
    let bytes = Self.file(
      #"{ "a\u00e9\ud83d\ude00\n" : {"data_offsets":[0, 4],"dtype":"F32","shape":[]}}   "#, values: 4)
    try ArrayFixtures.withFile(bytes) { path in
      let file = try SafetensorsFile(path)
      #expect(file.names == ["aé😀\n"])
      #expect(try file.array("aé😀\n").floats() == [0])
    }
    #expect(try ArrayFixtures.withFile(Self.file("{}", values: 0)) { try SafetensorsFile($0).names } == [])
  }

  @Test(arguments: [
    (#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}"#, "holds 16 bytes of values; its header describes 8"),
    (#"{"a":{"dtype":"F32","shape":[4],"data_offsets":[0,24]}}"#, "its header describes 24"),
    (#"{"a":{"dtype":"F32","shape":[3],"data_offsets":[0,16]}}"#, "its shape (3) of float32 needs 12"),
    (#"{"a":{"dtype":"F32","shape":[4611686018427387904,4],"data_offsets":[0,16]}}"#, "no memory holds"),
    (#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[8,16]}}"#, "overlap or have gaps"),
    (
      #"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[3],"data_offsets":[4,16]}}"#,
      "overlap or have gaps"
    ),
    (#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[8,0]}}"#, "overlap or have gaps"),
    (
      #"{"a":{"dtype":"F32","shape":[4],"data_offsets":[0,16]},"a":{"dtype":"F32","shape":[4],"data_offsets":[0,16]}}"#,
      "comes twice"
    ),
    (#"{"a":{"dtype":"F32","dtype":"F32","shape":[4],"data_offsets":[0,16]}}"#, "comes twice"),
    (#"{"__metadata__":{"x":"1","x":"2"},"a":{"dtype":"F32","shape":[4],"data_offsets":[0,16]}}"#, "comes twice"),
    (#"{"a":{"dtype":"F32","shape":[4],"data_offsets":[0,16],"more":1}}"#, "does not belong"),
    (#"{"a":{"dtype":"F32","shape":[4]}}"#, "needs dtype"),
    (#"{"a":{"dtype":"F32","shape":[-4],"data_offsets":[0,16]}}"#, "whole number"),
    (#"{"a":{"dtype":"F32","shape":[4.0],"data_offsets":[0,16]}}"#, "expected a comma"),
    (#"{"a":{"dtype":"F32","shape":[04],"data_offsets":[0,16]}}"#, "whole number"),
    (#"{"a":{"dtype":"F32","shape":[99999999999999999999],"data_offsets":[0,16]}}"#, "whole number"),
    (#"{"a":{"dtype":"F32","shape":[4],"data_offsets":[0,16]}} x"#, "text follows"),
    (#"{"a":{"dtype":"F32","shape":[4],"data_offsets":[0,16]}"#, "expected a comma"),
    (#"{"a\ud83d":{"dtype":"F32","shape":[4],"data_offsets":[0,16]}}"#, "lone surrogate"),
    (#"{"a\u12"#, "hexadecimal"),
    ("{\"a", "no end"),
    ("{\"a\\", "unknown escape"),
  ]) func `with headers that contradict themselves or the file are refused`(_ header: String, words: String) throws {
    let error = try #require(try ArrayFixtures.refusal(of: Self.file(header, values: 16)))
    #expect(error.description.contains(words), "\(error)")
  }

  @Test func `that were cut off are refused`() throws {
    let bytes = try ArrayFixtures.bytes("numpy.safetensors")
    #expect(try ArrayFixtures.acceptedCuts("numpy.safetensors", from: 0) == [])
    // A length beyond every file, and one beyond the format's own limit.
    for top: UInt8 in [0xFF, 0x7F, 0x10] {
      var longer = bytes
      longer[7] = top
      #expect(throws: ArrayFileError.self) { try ArrayFixtures.withFile(longer) { try SafetensorsFile($0) } }
    }
  }
}
