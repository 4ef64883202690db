import Foundation
import HDF5
import TestSupport
import Testing

/// The program `datasets`.
@Suite(.inTurn, .timeLimit(.minutes(1))) struct DatasetsProgramTests {
  private static let data = Fixtures.url("data").path

  @Test func `list says where files are`() throws {
    let run = try Program.datasets.run(["list", "--data-folder", Self.data])
    #expect(run.code == 0)
    #expect(run.output.split(separator: "\n").first.map(String.init) == "mnist                  \(Self.data)/mnist")
  }

  @Test func `list says what can be fetched`() throws {
    let run = try Program.datasets.run(["list", "--data-folder", "/nonexistent"])
    #expect(run.code == 0)
    #expect(run.output.hasPrefix("mnist                  not here; datasets fetch mnist\n"))
  }

  @Test func `info prints counts and digests`() throws {
    let run = try Program.datasets.run(["info", "mnist", "--data-folder", Self.data])
    #expect(run.code == 0)
    #expect(run.errors == "")
    #expect(
      run.output == """
        name           mnist
        origin         \(Self.data)/mnist
        input          1 × 28 × 28, bytes divided by 255
        input bounds   0.0 to 1.0
        classes        10
        train          2000 examples, 200 of each class, not as published
        train SHA-256  8638afb7bc088280ffc6e7a2edc6479c91a6b496723ab867930b78d20a7fedc9
        test           500 examples, 50 of each class, not as published
        test SHA-256   061509865d06910a6142e5bf4d84e1e83f6342ebf8bb4503da1c725e36c18554

        """)
  }

  @Test func `info finds files through the environment`() throws {
    let run = try Program.datasets.run(["info", "mnist"], environment: ["BAYES_DATA": Self.data])
    #expect(run.code == 0)
  }

  @Test func `info generates half-moons`() throws {
    let run = try Program.datasets.run(["info", "half-moons"])
    #expect(run.code == 0)
    #expect(run.output.contains("\ntrain          24000 examples, "))
  }

  @Test func `info reads an HDF5 file`() async throws {
    try await withFolder { folder in
      let path = folder.appending(path: "arrays.h5").path
      try HDF5ArraysTests.write(path) { try $0.putInputsAndLabels() }
      let run = try Program.datasets.run(["info", path])
      #expect(run.code == 0)
      #expect(run.output.contains("\ntrain          2 examples, 1 of each class\n"))
      #expect(run.output.hasSuffix("\ntest           none\n"))
    }
  }

  @Test func `a name that means nothing is wrong usage`() throws {
    let run = try Program.datasets.run(["info", "nonsense"])
    #expect(run.code == 64)
    #expect(run.errors.hasPrefix("error: nonsense: is no data set. There are mnist, fashion-mnist, "))
  }

  @Test func `an option that does not exist is wrong usage`() throws {
    let run = try Program.datasets.run(["list", "--nonsense"])
    #expect(run.code == 64)
    #expect(run.errors.hasPrefix("error: Unknown option '--nonsense'"))
  }

  @Test func `half-moons cannot be fetched`() throws {
    let run = try Program.datasets.run(["fetch", "half-moons"])
    #expect(run.code == 64)
    #expect(
      run.errors.hasPrefix("error: 'half-moons' cannot be fetched; say mnist, fashion-mnist, cifar10 or cifar100."))
  }

  @Test func `data that are missing are bad data`() throws {
    let run = try Program.datasets.run(["info", "mnist", "--data-folder", "/nonexistent"])
    #expect(run.code == 65)
    #expect(run.errors.hasPrefix("error: mnist: was not found in /nonexistent/mnist, /nonexistent."))
    #expect(run.output == "")
  }

  @Test func `standard output that cannot be written is an output error`() throws {
    let run = try Program.datasets.run(["list"], setUp: "exec >&-")
    #expect(run.code == 70)
    #expect(run.errors.hasPrefix("error: standard output cannot be written"))
  }

  @Test func `a server without the files is bad data`() async throws {
    try await withFolder { folder in
      let server = try LoopbackServer { _, _ in .init(status: 404, announced: 0) }
      let run = try Program.datasets.run([
        "fetch", "mnist", "--data-folder", folder.path, "--mirror", server.url.absoluteString, "--only-mirror",
      ])
      #expect(run.code == 65)
      #expect(
        run.errors
          == "error: train-images-idx3-ubyte.gz: could not be fetched: 127.0.0.1: the server answered 404.\n")
      #expect(server.requests.map(\.path) == ["/train-images-idx3-ubyte.gz"])
    }
  }

  // A limit on the size of files meets the same code as a disk without room.
  @Test func `no room is an output that cannot be written`() async throws {
    try await withFolder { folder in
      let server = try LoopbackServer { _, _ in
        .init(announced: 9_912_422, body: [UInt8](repeating: 0, count: 9_912_422))
      }
      let run = try Program.datasets.run(
        ["fetch", "mnist", "--data-folder", folder.path, "--mirror", server.url.absoluteString, "--only-mirror"],
        setUp: "ulimit -f 64")
      #expect(run.code == 70)
      #expect(run.errors.contains("train-images-idx3-ubyte.gz: cannot be written: there is no room"))
    }
  }

  @Test func `fetch leaves files of its own kind alone`() async throws {
    try await withFolder { folder in
      let copy = folder.appending(path: "mnist")
      try FileManager.default.copyItem(at: Fixtures.url("data/mnist"), to: copy)
      let run = try Program.datasets.run([
        "fetch", "mnist", "--data-folder", folder.path, "--mirror", "http://127.0.0.1:1", "--only-mirror",
      ])
      #expect(run.code == 65)
      #expect(run.errors.contains("is there and is not the published file, so it was left alone"))
    }
  }
}
