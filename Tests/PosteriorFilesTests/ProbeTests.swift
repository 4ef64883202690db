import Foundation
import PosteriorFiles
import TestSupport
import Testing

@Suite(.inTurn) struct ProbeTests {
  private func damage(_ script: String) throws -> PosteriorFileError {
    let probe = ProbeCommand(executable: URL(fileURLWithPath: "/bin/sh"), arguments: ["-c", script])
    return try #require(throws: PosteriorFileError.self) {
      try PosteriorFile.open(TestFiles.malformed("valid.h5"), probe: probe)
    }
  }

  @Test func `a checking process that dies means a damaged file`() throws {
    #expect(try damage("kill -SEGV $$").reason == "is damaged: the HDF5 library failed while reading it")
  }

  @Test func `a checking process that prints nonsense means a damaged file`() throws {
    #expect(try damage("echo fine").reason == "is damaged: checking it ended without an answer")
  }

  @Test func `an acceptance without digests is nonsense`() throws {
    #expect(
      try damage("echo '{\"problems\":[],\"changeProblems\":[]}'").reason
        == "is damaged: checking it ended with a contradiction")
  }

  @Test func `a checking process that is late is ended`() throws {
    let start = ContinuousClock.now
    #expect(try damage("exec sleep 60").reason == "is damaged: checking it did not end in time")
    #expect(start.duration(to: .now) < .seconds(30))
  }

  @Test func `a checking process that cannot start is an error of its own`() throws {
    let probe = ProbeCommand(executable: URL(fileURLWithPath: "/nonexistent-program"))
    let error = try #require(throws: PosteriorFileError.self) {
      try PosteriorFile.open(TestFiles.malformed("valid.h5"), probe: probe)
    }
    #expect(error.reason.contains("did not start"))
  }
}
