import Foundation
import TestSupport
import Testing

@testable import PosteriorFiles

/// Files of other programs, as bytes that begin as theirs do.
@Suite(.inTurn) struct `Files of another kind` {
  private static func archive(_ entries: String...) -> Data {
    var data = Data()
    for name in entries {
      var header: [UInt8] = [0x50, 0x4B, 0x03, 0x04] + [UInt8](repeating: 0, count: 22)
      header += [UInt8(name.utf8.count), 0, 0, 0]
      data += header + Array(name.utf8)
    }
    return data
  }

  private static func safetensors(_ json: String, length: Int? = nil) -> Data {
    let count = UInt64(length ?? json.utf8.count)
    return withUnsafeBytes(of: count.littleEndian) { Data($0) } + Data(json.utf8) + Data(count: 16)
  }

  private static let legacy: [UInt8] = [
    0x80, 0x02, 0x8A, 0x0A, 0x6C, 0xFC, 0x9C, 0x46, 0xF9, 0x20, 0x6A, 0xA8, 0x50, 0x19, 0x2E,
  ]

  static let known: [(String, Data)] = [
    ("a PyTorch file", archive("weights/data.pkl", "weights/data/0")),
    ("a PyTorch file", Data(legacy)),
    ("a NumPy archive (.npz)", archive("inputs.npy", "labels.npy")),
    ("a Keras file", archive("metadata.json", "model.weights.h5")),
    ("a ZIP archive", archive("readme.txt")),
    ("a NumPy array (.npy)", Data([0x93]) + Data("NUMPY\u{1}\u{0}".utf8)),
    ("a Python pickle", Data([0x80, 0x04, 0x5D, 0x94, 0x2E])),
    ("a safetensors file", safetensors(#"{"w":{"dtype":"F32","shape":[4],"data_offsets":[0,16]}}"#)),
    // ir_version 8, producer "pytorch", version "2.1"; and one that goes on with the sets of operators.
    ("an ONNX file", Data([0x08, 0x08, 0x12, 0x07]) + Data("pytorch".utf8) + Data([0x1A, 0x03]) + Data("2.1".utf8)),
    ("an ONNX file", Data([0x08, 0x0A, 0x3A, 0x80, 0x02, 0x0A])),
    ("a netCDF-3 file", Data("CDF\u{1}".utf8) + Data(count: 28)),
    ("a netCDF-3 file", Data("CDF\u{5}".utf8) + Data(count: 28)),
  ]

  static let unknown = [
    Data(), Data("CDF".utf8), Data("CDF\u{3}".utf8), Data("{\"draws\": 4}".utf8), Data(count: 100),
    safetensors("{}", length: 1 << 40), safetensors("[]"), Data([0x80, 0x04, 0x5D]),
    Data([0x08, 0x08, 0x12, 0x07, 0, 1, 2, 3]), Data([0x08, 0x00, 0x12, 0x00]), Data("\u{8}\u{8}text".utf8),
  ]

  @Test(arguments: known) func `is named, and how it gets in`(_ kind: String, _ content: Data) throws {
    try withFolder { folder in
      // The name says nothing.
      let path = folder.appending(path: "file.h5").path
      try content.write(to: URL(filePath: path))
      for error in [
        #expect(throws: PosteriorFileError.self) { _ = try ExampleArrays.read(path, probe: nil) },
        #expect(throws: PosteriorFileError.self) { _ = try TrainingArrays.read(path, probe: nil) },
      ] {
        #expect(error?.reason == "is \(kind), not HDF5")
        let advice = try #require(error?.advice)
        #expect(advice.contains(kind.contains("netCDF") ? "netCDF-4" : "h5py"))
      }
      let error = #expect(throws: PosteriorFileError.self) { _ = try PosteriorFile.open(path, probe: nil) }
      let advice = try #require(error?.advice)
      #expect(advice.contains("posterior import") || kind.contains("ZIP"))
    }
  }

  @Test(arguments: unknown) func `is not guessed at`(_ content: Data) throws {
    try withFolder { folder in
      let path = folder.appending(path: "weights.pt").path
      try content.write(to: URL(filePath: path))
      #expect(ForeignFile(path) == nil)
      let error = #expect(throws: PosteriorFileError.self) { try PosteriorFile.open(path, probe: nil) }
      #expect(error?.reason == "is not an HDF5 file")
    }
  }

  @Test func `is no fixture`() throws {
    for name in ["mnist-hmc.h5", "half-moons-hmc.h5", "malformed/valid.h5"] {
      #expect(ForeignFile(Fixtures.url(name).path) == nil)
    }
  }
}
