import Foundation
import HDF5
import TestSupport
import Testing

@Suite(.inTurn) struct HDF5Tests {
  @Test func `a block is written to and read from its place`() throws {
    try withFolder { folder in
      let path = folder.appendingPathComponent("block.h5").path
      let created = try HDF5File.create(path)
      let dataset = try created.createDataset("/x", element: .float32, shape: [3, 4], chunk: [1, 4])
      try dataset.writeAll([Float](repeating: 0, count: 12))
      try [Float(5), 6].withUnsafeBytes { try dataset.write(start: [1, 2], count: [1, 2], as: .float32, from: $0) }
      try dataset.close()
      try created.close()

      let values = try HDF5File.open(path).dataset("/x").readAll(as: Double.self)
      #expect(values == [0, 0, 0, 0, 0, 0, 5, 6, 0, 0, 0, 0])
    }
  }

  @Test func `type, chunks and checksum are told`() throws {
    try withFolder { folder in
      let file = try HDF5File.create(folder.appendingPathComponent("a.h5").path)
      let dataset = try file.createDataset("/x", element: .uint8, shape: [6], chunk: [2], isCompressed: true)
      #expect(dataset.type == .number(.uint8))
      #expect(dataset.layout == .chunked([2]))
      #expect(dataset.isCompressed)
      #expect(dataset.hasChecksum)
      #expect(dataset.storedChunkCount == 0)
    }
  }

  @Test(arguments: [([0, 3], [1, 2]), ([-1, 0], [1, 1]), ([0, 0], [4, 4]), ([0, 0], [0, 4]), ([0], [1])])
  func `a block outside the data set is refused`(start: [Int], count: [Int]) throws {
    try withFolder { folder in
      let file = try HDF5File.create(folder.appendingPathComponent("a.h5").path)
      let dataset = try file.createDataset("/x", element: .float32, shape: [3, 4], chunk: nil)
      var values = [Float](repeating: 0, count: 16)
      #expect(throws: HDF5Error.self) {
        try values.withUnsafeMutableBytes { try dataset.read(start: start, count: count, as: .float32, into: $0) }
      }
    }
  }

  @Test func `a buffer of another size than the block is refused`() throws {
    try withFolder { folder in
      let file = try HDF5File.create(folder.appendingPathComponent("a.h5").path)
      let dataset = try file.createDataset("/x", element: .float64, shape: [4], chunk: nil)
      var values = [Float](repeating: 0, count: 4)
      #expect(throws: HDF5Error.self) {
        try values.withUnsafeMutableBytes { try dataset.read(start: [0], count: [4], as: .float64, into: $0) }
      }
    }
  }

  @Test func `attributes keep text and numbers`() throws {
    try withFolder { folder in
      let file = try HDF5File.create(folder.appendingPathComponent("a.h5").path)
      try file.createGroup("/g")
      try file.setAttribute("text", of: "/g", to: "HMC, λ = 2")
      try file.setAttribute("empty", of: "/g", to: "")
      let bytes = [0.5, -2].withUnsafeBytes { Array($0) }
      try file.setAttribute("numbers", of: "/g", to: bytes, element: .float64, shape: [2])
      #expect(try file.attribute("text", of: "/g")?.text == "HMC, λ = 2")
      #expect(try file.attribute("empty", of: "/g")?.text == "")
      #expect(try file.attribute("numbers", of: "/g")?.doubles == [0.5, -2])
      #expect(try file.attribute("numbers", of: "/g")?.shape == [2])
      #expect(try file.attribute("other", of: "/g") == nil)
      #expect(try file.attributes(of: "/g").map(\.name) == ["empty", "numbers", "text"])
    }
  }

  @Test func `links tell their kind and are not followed`() throws {
    let soft = try HDF5File.open(TestFiles.malformed("soft-link.h5"))
    #expect(try soft.links(in: "/posterior").contains { $0.name == "output.weight" && $0.kind == .soft })
    let error = try #require(throws: HDF5Error.self) { try soft.dataset("/posterior/output.weight") }
    #expect(error.reason == "is a soft link, which is never followed")
    let external = try HDF5File.open(TestFiles.malformed("external-link.h5"))
    #expect(try external.links(in: "/").contains { $0.name == "evaluation_data" && $0.kind == .external })
  }

  @Test func `an error carries the library's own stack`() throws {
    let error = try #require(throws: HDF5Error.self) { try HDF5File.open("/nonexistent-file.h5") }
    #expect(error.file == "/nonexistent-file.h5")
    #expect(error.reason == "H5Fopen failed: No such file or directory")
    #expect(!error.stack.isEmpty)
  }

  @Test func `many threads may read at once`() async throws {
    let file = try HDF5File.open(TestFiles.oracle("moons-fc2-leaky"))
    let labels = try file.dataset("/evaluation_data/labels").readAll(as: Int64.self)
    try await withThrowingTaskGroup(of: [Int64].self) { group in
      for _ in 0..<16 {
        group.addTask { try file.dataset("/evaluation_data/labels").readAll(as: Int64.self) }
      }
      for try await values in group { #expect(values == labels) }
    }
  }
}
