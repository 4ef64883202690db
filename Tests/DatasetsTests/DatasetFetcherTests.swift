import Foundation
import Synchronization
import TestSupport
import Testing

@testable import Datasets

/// Fetching from a server on this machine, which breaks off, ignores ranges or sends something else.
@Suite(.inTurn, .timeLimit(.minutes(1))) struct DatasetFetcherTests {
  private static let name = "train-images-idx3-ubyte.gz"
  private static let path = "/\(name)"
  private static let content = [UInt8](try! Data(contentsOf: Fixtures.url("data/mnist/\(name)")))
  // From sha256sum.
  private static let file = RemoteFile(
    name: name, byteCount: 323_217, sha256: "1d0d138db67220562d5ed648fc555ca5b5937a59166d3865da3b899d484c3e2a")
  private static let partName = ".\(name).part"

  private static func server() throws -> LoopbackServer {
    try LoopbackServer { request, _ in .file(content, request) }
  }

  private static func fetcher(_ servers: LoopbackServer...) -> DatasetFetcher {
    DatasetFetcher(files: [file], mirrors: servers.map(\.url))
  }

  private func failure(_ fetcher: DatasetFetcher, into folder: URL) async throws -> FetchError {
    try #require(await #expect(throws: FetchError.self) { try await fetcher.fetch(into: folder.path) })
  }

  private func expectComplete(_ folder: URL) throws {
    #expect(try names(in: folder) == [Self.name])
    #expect(try [UInt8](Data(contentsOf: folder.appending(path: Self.name))) == Self.content)
  }

  // MARK: - Whole and resumed transfers

  @Test func `a file is fetched and gets its name`() async throws {
    try await withFolder { folder in
      let server = try Self.server()
      #expect(try await Self.fetcher(server).fetch(into: folder.path) == [Self.name])
      try expectComplete(folder)
    }
  }

  @Test func `a folder that does not exist is made`() async throws {
    try await withFolder { folder in
      let server = try Self.server()
      let deep = folder.appending(path: "a/b")
      try await Self.fetcher(server).fetch(into: deep.path)
      try expectComplete(deep)
    }
  }

  @Test func `progress ends with the whole file`() async throws {
    try await withFolder { folder in
      let server = try Self.server()
      let last = Mutex<FetchProgress?>(nil)
      try await Self.fetcher(server).fetch(into: folder.path) { progress in last.withLock { $0 = progress } }
      #expect(last.withLock { $0 } == FetchProgress(file: Self.name, received: 323_217, total: 323_217))
    }
  }

  @Test func `a file that is there is not fetched again`() async throws {
    try await withFolder { folder in
      let server = try Self.server()
      try Data(Self.content).write(to: folder.appending(path: Self.name))
      #expect(try await Self.fetcher(server).fetch(into: folder.path) == [])
      #expect(server.requests == [])
    }
  }

  @Test func `a transfer that breaks off goes on where it stopped`() async throws {
    try await withFolder { folder in
      let server = try LoopbackServer { request, number in
        let answer = LoopbackServer.Answer.file(Self.content, request)
        return number == 0 ? answer.cut(after: 100_000) : answer
      }
      try await Self.fetcher(server).fetch(into: folder.path)
      try expectComplete(folder)
      #expect(server.requests.map(\.start) == [nil, 100_000])
    }
  }

  @Test func `a transfer without a length that ends early goes on too`() async throws {
    try await withFolder { folder in
      let server = try LoopbackServer { request, number in
        number == 0
          ? .init(announced: nil, body: Array(Self.content.prefix(70_000))) : .file(Self.content, request)
      }
      try await Self.fetcher(server).fetch(into: folder.path)
      try expectComplete(folder)
      #expect(server.requests.map(\.start) == [nil, 70_000])
    }
  }

  @Test func `an earlier run's part is gone on with`() async throws {
    try await withFolder { folder in
      let server = try Self.server()
      try Data(Self.content.prefix(200_000)).write(to: folder.appending(path: Self.partName))
      try await Self.fetcher(server).fetch(into: folder.path)
      try expectComplete(folder)
      #expect(server.requests == [LoopbackServer.Request(path: Self.path, start: 200_000)])
    }
  }

  @Test func `a complete part needs no server`() async throws {
    try await withFolder { folder in
      let server = try Self.server()
      try Data(Self.content).write(to: folder.appending(path: Self.partName))
      try await Self.fetcher(server).fetch(into: folder.path)
      try expectComplete(folder)
      #expect(server.requests == [])
    }
  }

  @Test func `a server that ignores ranges sends the file from its beginning`() async throws {
    try await withFolder { folder in
      let server = try LoopbackServer { _, _ in .init(announced: Self.content.count, body: Self.content) }
      try Data(Self.content.prefix(200_000)).write(to: folder.appending(path: Self.partName))
      try await Self.fetcher(server).fetch(into: folder.path)
      try expectComplete(folder)
      #expect(server.requests.count == 1)
    }
  }

  @Test func `a part with another beginning is given up and fetched anew`() async throws {
    try await withFolder { folder in
      let server = try Self.server()
      try Data(repeating: 7, count: 1000).write(to: folder.appending(path: Self.partName))
      try await Self.fetcher(server).fetch(into: folder.path)
      try expectComplete(folder)
      #expect(server.requests.map(\.start) == [1000, nil])
    }
  }

  @Test func `another range than asked for is not added`() async throws {
    try await withFolder { folder in
      let server = try LoopbackServer { request, _ in
        guard request.start != nil else { return .file(Self.content, request) }
        return .init(status: 206, headers: ["Content-Range: bytes 5-9/323217"], announced: 5, body: [1, 2, 3, 4, 5])
      }
      try Data(Self.content.prefix(1000)).write(to: folder.appending(path: Self.partName))
      try await Self.fetcher(server).fetch(into: folder.path)
      try expectComplete(folder)
    }
  }

  // MARK: - Failures

  @Test func `a transfer that keeps breaking off leaves what arrived`() async throws {
    try await withFolder { folder in
      let server = try LoopbackServer { request, _ in .file(Self.content, request).cut(after: 10) }
      let error = try await failure(Self.fetcher(server), into: folder)
      #expect(error.kind == .interrupted)
      #expect(error.advice == "What arrived is kept: fetch again to go on")
      #expect(try [UInt8](Data(contentsOf: folder.appending(path: Self.partName))) == Array(Self.content.prefix(50)))
    }
  }

  @Test func `another file of the same length is refused and leaves no trace`() async throws {
    try await withFolder { folder in
      let server = try LoopbackServer { _, _ in .init(announced: 323_217, body: [UInt8](repeating: 1, count: 323_217)) }
      let error = try await failure(Self.fetcher(server), into: folder)
      #expect(error.kind == .wrongContent)
      #expect(error.reason.hasSuffix("\(Self.file.sha256) was expected"))
      #expect(try names(in: folder) == [])
    }
  }

  @Test func `a longer file is given up`() async throws {
    try await withFolder { folder in
      let server = try LoopbackServer { request, _ in .file(Self.content + [0], request) }
      let error = try await failure(Self.fetcher(server), into: folder)
      #expect(error.kind == .wrongContent)
      #expect(
        error.reason == "could not be fetched: 127.0.0.1: is longer than the 323217 bytes it should have")
      #expect(try names(in: folder) == [])
    }
  }

  @Test func `a server without the file is named with its answer`() async throws {
    try await withFolder { folder in
      let server = try LoopbackServer { _, _ in .init(status: 404, announced: 9, body: Array("not found".utf8)) }
      let error = try await failure(Self.fetcher(server), into: folder)
      #expect(error.kind == .refused(status: 404))
      #expect(error.description == "\(Self.name): could not be fetched: 127.0.0.1: the server answered 404.")
      #expect(try names(in: folder) == [])
    }
  }

  @Test func `the next mirror is asked for what the first did not have`() async throws {
    try await withFolder { folder in
      let first = try LoopbackServer { _, _ in .init(status: 404, announced: 0) }
      let second = try Self.server()
      try await Self.fetcher(first, second).fetch(into: folder.path)
      try expectComplete(folder)
      #expect(first.requests.count == 1)
    }
  }

  @Test func `the next mirror goes on where the first broke off`() async throws {
    try await withFolder { folder in
      let first = try LoopbackServer { request, number in
        number == 0 ? .file(Self.content, request).cut(after: 1000) : .init(status: 503, announced: 0)
      }
      let second = try Self.server()
      try await Self.fetcher(first, second).fetch(into: folder.path)
      try expectComplete(folder)
      #expect(second.requests.map(\.start) == [1000])
    }
  }

  @Test func `no server is no network`() async throws {
    try await withFolder { folder in
      let server = try Self.server()
      server.stop()
      let error = try await failure(Self.fetcher(server), into: folder)
      #expect(error.kind == .unreachable)
      #expect(error.advice == "Check the network, or put the files into the folder yourself")
      #expect(try names(in: folder) == [])
    }
  }

  @Test func `a server that falls silent is given up`() async throws {
    try await withFolder { folder in
      let server = try LoopbackServer { request, _ in
        var answer = LoopbackServer.Answer.file(Self.content, request).cut(after: 1000)
        answer.pause = 4
        return answer
      }
      var fetcher = Self.fetcher(server)
      fetcher.timeout = 1
      let error = try await failure(fetcher, into: folder)
      #expect(error.kind == .interrupted || error.kind == .unreachable)
    }
  }

  @Test func `a slow server is waited for as long as bytes arrive`() async throws {
    try await withFolder { folder in
      let server = try LoopbackServer { request, _ in
        var answer = LoopbackServer.Answer.file(Self.content, request)
        answer.pieces = 7
        return answer
      }
      var fetcher = Self.fetcher(server)
      // Less than the six seconds of the transfer, and enough for a busy machine to pass on a piece.
      fetcher.timeout = 5
      try await fetcher.fetch(into: folder.path)
      try expectComplete(folder)
      #expect(server.requests.count == 1)
    }
  }

  @Test func `another file of that name is left alone`() async throws {
    try await withFolder { folder in
      let server = try Self.server()
      try Data([1, 2, 3]).write(to: folder.appending(path: Self.name))
      let error = try await failure(Self.fetcher(server), into: folder)
      #expect(error.kind == .wrongContent)
      #expect(error.reason == "is there and is not the published file, so it was left alone")
      #expect(try [UInt8](Data(contentsOf: folder.appending(path: Self.name))) == [1, 2, 3])
    }
  }

  @Test func `a folder that cannot be made is an output that cannot be written`() async throws {
    try await withFolder { folder in
      let server = try Self.server()
      try Data().write(to: folder.appending(path: "file"))
      #expect(try await failure(Self.fetcher(server), into: folder.appending(path: "file/folder")).kind == .cannotWrite)
    }
  }

  @Test func `a link in place of the part is not followed`() async throws {
    try await withFolder { folder in
      let server = try Self.server()
      let target = folder.appending(path: "target")
      try Data([1]).write(to: target)
      try FileManager.default.createSymbolicLink(
        at: folder.appending(path: Self.partName), withDestinationURL: target)
      #expect(try await failure(Self.fetcher(server), into: folder).kind == .cannotWrite)
      #expect(try [UInt8](Data(contentsOf: target)) == [1])
    }
  }

  @Test func `two processes do not fetch one file`() async throws {
    try await withFolder { folder in
      let server = try Self.server()
      let other = try PartialFile(folder: folder.path, name: Self.name)
      #expect(try await failure(Self.fetcher(server), into: folder).kind == .busy)
      _ = other.byteCount
    }
  }

  @Test func `a transfer that was cancelled before it began does not begin`() async throws {
    try await withFolder { folder in
      let server = try Self.server()
      let task = Task {
        withUnsafeCurrentTask { $0?.cancel() }
        try await Self.fetcher(server).fetch(into: folder.path)
      }
      let error = await #expect(throws: FetchError.self) { try await task.value }
      #expect(error?.kind == .cancelled)
      #expect(try names(in: folder) == [])
    }
  }

  @Test func `a cancelled transfer ends at once and keeps what arrived`() async throws {
    try await withFolder { folder in
      let server = try LoopbackServer { request, _ in
        var answer = LoopbackServer.Answer.file(Self.content, request).cut(after: 1000)
        answer.pause = 5
        return answer
      }
      let (arrivals, arrival) = AsyncStream.makeStream(of: Int.self)
      let task = Task {
        try await Self.fetcher(server).fetch(into: folder.path) { arrival.yield($0.received) }
      }
      for await received in arrivals where received == 1000 { break }
      task.cancel()
      let error = await #expect(throws: FetchError.self) { try await task.value }
      #expect(error?.kind == .cancelled)
      #expect(try names(in: folder) == [Self.partName])
    }
  }
}
