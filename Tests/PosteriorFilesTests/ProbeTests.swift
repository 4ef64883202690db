import Foundation
import TestSupport
import Testing

@testable import PosteriorFiles

@Suite(.inTurn) struct ProbeTests {
  private func damage(_ script: String, patience: Double? = nil) throws -> PosteriorFileError {
    var probe = ProbeCommand(executable: URL(fileURLWithPath: "/bin/sh"), arguments: ["-c", script])
    probe.patience = patience
    let given = probe
    return try #require(throws: PosteriorFileError.self) {
      try PosteriorFile.open(TestFiles.malformed("valid.h5"), probe: given)
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

  @Test func `a checking process that hangs is stopped, which is no damage`() throws {
    let start = ContinuousClock.now
    let error = try damage("exec sleep 60", patience: 1)
    #expect(error.reason.hasPrefix("could not be checked: checking it was stopped after 1 s of waiting"))
    #expect(!error.description.contains("damaged"))
    #expect(start.duration(to: .now) < .seconds(30))
  }

  @Test func `a checking process that computes for too long is stopped, and the processor time said`() throws {
    let error = try damage("ulimit -S -t 1; while :; do :; done")
    #expect(error.reason == "could not be checked: checking it was stopped after 1 s of processor time")
    #expect(!error.description.contains("damaged"))
  }

  @Test func `a checking process that waits longer than the processor may compute goes on`() throws {
    // Its answer is nonsense: it has come to its end.
    #expect(try damage("sleep 7; echo fine").reason == "is damaged: checking it ended without an answer")
  }

  @Test func `processor time goes by bytes, chunks and inflated bytes, the clock is far more generous`() {
    #expect(ProbeLimits.processorTime(byteCount: 1_000_000_000) == 15)
    #expect(ProbeLimits.processorTime(chunks: 400_000) == 40)
    #expect(ProbeLimits.processorTime(inflatedByteCount: 200_000_000) == 6)
    for size: UInt64 in [0, 54_000_000, 10_000_000_000] {
      #expect(ProbeLimits.clock(byteCount: size) >= 20 * ProbeLimits.processorTime(byteCount: size))
    }
    #expect(ProbeLimits.clock(byteCount: 54_000_000) >= 20 * ProbeLimits.processorTime(chunks: 400_000))
  }

  @Test func `a checking process that cannot start is an error of its own`() throws {
    let probe = ProbeCommand(executable: URL(fileURLWithPath: "/nonexistent-program"))
    let error = try #require(throws: PosteriorFileError.self) {
      try PosteriorFile.open(TestFiles.malformed("valid.h5"), probe: probe)
    }
    #expect(error.reason.contains("did not start"))
  }
}
