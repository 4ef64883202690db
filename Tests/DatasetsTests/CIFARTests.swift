import Foundation
import PosteriorFiles
import RobustnessCore
import TestSupport
import Testing

@testable import Datasets

/// CIFAR's binary form: archives with a few images of our own, in the form of the published ones.
@Suite(.inTurn) struct `CIFAR in its binary form` {
  /// Image `index` of the archives that `Tests/Python/make_examples.py` writes.
  private static func levels(_ index: Int) -> [UInt8] { (0..<3072).map { UInt8(($0 + 17 * index + 3) % 256) } }

  private func withFolder(_ archive: String, _ name: String, body: (URL) throws -> Void) throws {
    try TestSupport.withFolder { folder in
      let target = folder.appending(path: name)
      try FileManager.default.createDirectory(at: target, withIntermediateDirectories: true)
      try FileManager.default.copyItem(
        at: Fixtures.url("examples/\(archive)"), to: target.appending(path: archive))
      try body(folder)
    }
  }

  /// Unpacks with the system's own program.
  private func unpack(_ archive: String, in folder: URL) throws {
    let tar = Process()
    tar.executableURL = URL(filePath: "/usr/bin/env")
    tar.arguments = ["tar", "-xzf", folder.appending(path: archive).path, "-C", folder.path]
    try tar.run()
    tar.waitUntilExit()
    try #require(tar.terminationStatus == 0)
  }

  @Test func `is read from the archive as it was published`() throws {
    try withFolder("cifar-10-binary.tar.gz", "cifar10") { folder in
      let data = try ImageDataset.cifar10.load(from: DataFolders(given: folder.path))
      #expect(data.classCount == 10 && data.inputShape == [3, 32, 32] && data.inputBounds == 0...1)
      #expect(data.train.labels == Array(0..<10) && data.test?.labels == [0, 1])
      #expect(data.train.inputs == .bytes((0..<10).flatMap { Self.levels($0) }))
      #expect(data.test?.inputs == .bytes((10..<12).flatMap { Self.levels($0) }))
      #expect(data.origin == folder.path + "/cifar10/cifar-10-binary.tar.gz")
    }
  }

  @Test func `has the second of two labels where it has a hundred classes`() throws {
    try withFolder("cifar-100-binary.tar.gz", "cifar100") { folder in
      let data = try ImageDataset.cifar100.load(from: DataFolders(given: folder.path))
      #expect(data.classCount == 100 && data.train.labels == [99, 0] && data.test?.labels == [42])
      #expect(data.train.inputs == .bytes(Self.levels(0) + Self.levels(1)))
      #expect(ImageDataset.cifar100.classNames.count == 100)
      #expect(ImageDataset.cifar100.classNames[99] == "worm" && ImageDataset.cifar100.classNames[42] == "leopard")
    }
  }

  @Test func `is read unpacked, sooner than the archive beside it`() throws {
    try withFolder("cifar-10-binary.tar.gz", "cifar10") { folder in
      let archived = try ImageDataset.cifar10.load(from: DataFolders(given: folder.path))
      try unpack("cifar-10-binary.tar.gz", in: folder.appending(path: "cifar10"))
      let unpacked = try ImageDataset.cifar10.load(from: DataFolders(given: folder.path))
      #expect(unpacked.train == archived.train && unpacked.test == archived.test)
      #expect(unpacked.origin.hasSuffix("/cifar10/cifar-10-batches-bin"))
      // The folder by its own path, and one of its files.
      let path = unpacked.origin
      let expected = ExpectedInputs(inputShape: [3, 32, 32], inputBounds: 0...1, classCount: 10)
      let (data, statement) = try SixImages.read(path, for: expected)
      #expect(data.inputs == unpacked.test?.inputs && statement == "test_batch.bin")
      let file = try SixImages.read(path + "/data_batch_2.bin", for: expected)
      #expect(file.data.labels == [2, 3] && file.data.inputs == .bytes(Self.levels(2) + Self.levels(3)))
      let byPath = try Dataset(file: path, probe: nil)
      #expect(byPath.train == unpacked.train && byPath.test == unpacked.test && byPath.classCount == 10)
      let hundred = ExpectedInputs(inputShape: [3, 32, 32], inputBounds: 0...1, classCount: 100)
      #expect(try SixImages.refusal(path, for: hundred) == "has 10 classes; the network has 100.")
      // A file that was cut off, and one that is missing.
      truncate(path + "/test_batch.bin", 5000)
      #expect(
        try SixImages.refusal(path, for: expected)
          == "has 5000 bytes, which are no images of cifar10: each takes 3073. Copy or fetch it again.")
      #expect(throws: DatasetError.self) { try ImageDataset.cifar10.load(from: DataFolders(given: folder.path)) }
      try FileManager.default.removeItem(atPath: path + "/data_batch_3.bin")
      #expect(try SixImages.refusal(path, for: expected).contains("but not data_batch_3.bin"))
      let error = try #require(throws: DatasetError.self) {
        try ImageDataset.cifar10.load(from: DataFolders(given: folder.path))
      }
      #expect(error.reason == "holds other files of cifar10, but not data_batch_3.bin")
    }
  }

  @Test func `of one kind under the names of the other is refused`() throws {
    try TestSupport.withFolder { folder in
      // As many bytes as 3,074 records of 3,073, or 3,073 of 3,074.
      let ten = [UInt8](repeating: 200, count: 3073 * 3074)
      let path = folder.appending(path: "train.bin").path
      try Data(ten).write(to: URL(filePath: path))
      #expect(try SixImages.refusal(path, for: nil).hasPrefix("has the label 200 for image 0, where cifar100 has 100"))
    }
  }

  @Test func `is refused when its archive is damaged`() throws {
    try withFolder("cifar-10-binary.tar.gz", "cifar10") { folder in
      let path = folder.appending(path: "cifar10/cifar-10-binary.tar.gz")
      let valid = try Data(contentsOf: path)
      let whole = try ImageDataset.cifar10.load(from: DataFolders(given: folder.path))
      var refused = 0
      func load() throws -> Dataset? {
        do throws(DatasetError) {
          return try ImageDataset.cifar10.load(from: DataFolders(given: folder.path))
        } catch {
          refused += 1
          return nil
        }
      }
      // The name of the file in gzip's header may change, and two texts can be inflated to the same bytes.
      for position in 2..<valid.count {
        var bytes = valid
        bytes[position] ^= 0x41
        try bytes.write(to: path)
        let damaged = try load()
        #expect((damaged ?? whole) == whole, "byte \(position)")
      }
      #expect(refused > valid.count * 9 / 10)
      refused = 0
      for count in 0..<valid.count {
        try valid.prefix(count).write(to: path)
        _ = try load()
      }
      #expect(refused == valid.count)
      try valid.write(to: path)
      #expect(try ImageDataset.cifar10.load(from: DataFolders(given: folder.path)) == whole)
    }
  }

  @Test func `is fetched as one archive, and goes on where it stopped`() async throws {
    // From sha256sum: the small archive in the place of the published one.
    let file = RemoteFile(
      name: "cifar-10-binary.tar.gz", byteCount: 805,
      sha256: "67c144ce53c7039b41fdea69a5baff13fd344b846c1ca742029be6e40c1df1ae")
    let content = [UInt8](try Data(contentsOf: Fixtures.url("examples/cifar-10-binary.tar.gz")))
    try await TestSupport.withFolder { folder in
      let server = try LoopbackServer { request, number in
        let answer = LoopbackServer.Answer.file(content, request)
        return number == 0 ? answer.cut(after: 300) : answer
      }
      let target = folder.appending(path: "cifar10").path
      try await DatasetFetcher(files: [file], mirrors: [server.url]).fetch(into: target)
      #expect(server.requests.map(\.start) == [nil, 300])
      #expect(try ImageDataset.cifar10.load(from: DataFolders(given: folder.path)).train.count == 10)
    }
  }

  @Test func `has the published length and digest of its archive`() throws {
    #expect(ImageDataset.cifar10.remoteFiles.map(\.byteCount) == [170_052_171])
    #expect(ImageDataset.cifar100.remoteFiles.map(\.byteCount) == [168_513_733])
    let content = [UInt8](try Data(contentsOf: Fixtures.url("examples/cifar-100-binary.tar.gz")))
    try TestSupport.withFolder { folder in
      // Another file under the right name does not get it.
      let server = try LoopbackServer { request, _ in .file(content, request) }
      let run = try Program.datasets.run([
        "fetch", "cifar100", "--data-folder", folder.path, "--mirror", server.url.absoluteString, "--only-mirror",
      ])
      #expect(run.code == 65)
      #expect(run.errors.contains("cifar-100-binary.tar.gz"), "\(run.errors)")
      #expect(server.requests.first?.path == "/cifar-100-binary.tar.gz")
      #expect(!FileManager.default.fileExists(atPath: folder.path + "/cifar100/cifar-100-binary.tar.gz"))
    }
  }

  @Test func `is listed and described by the program`() throws {
    try withFolder("cifar-10-binary.tar.gz", "cifar10") { folder in
      let list = try Program.datasets.run(["list", "--data-folder", folder.path])
      #expect(list.output.contains("\ncifar10                \(folder.path)/cifar10\n"), "\(list.output)")
      #expect(list.output.contains("\ncifar100               not here; datasets fetch cifar100\n"))
      let info = try Program.datasets.run(["info", "cifar10", "--data-folder", folder.path])
      #expect(info.code == 0)
      #expect(info.output.contains("\ninput          3 × 32 × 32, bytes divided by 255\n"))
      // Nothing is claimed of completeness, since no digest of the unpacked data was published.
      #expect(info.output.contains("\ntrain          10 examples, 1 of each class\n"), "\(info.output)")
    }
  }
}
