import Foundation
import PosteriorFiles
import TestSupport
import Testing

@testable import TrainingHarness

/// The program itself, killed and short of room.
@Suite(.inTurnEarly) struct `The program train` {
  static func words(_ output: String, _ more: [String] = []) -> [String] {
    [
      "hmc", "--data", "half-moons", "--training-examples", "1000", "--architecture", "dense:16,tanh", "--draws", "120",
      "--warmup", "60", "--chains", "3", "--leapfrog-steps", "10", "--seed", "4", "--output", output,
    ] + more
  }

  /// Numbers in (0, 1) that are the same in every run of the tests.
  struct Moments {
    var state: UInt64 = 42
    mutating func next() -> Double {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Double(state >> 11) / Double(1 << 53)
    }
  }

  @Test func `killed at random moments and resumed, the content is the same`() throws {
    let folder = try TestFolder()
    let begin = ContinuousClock.now
    #expect(try Program.train.run(Self.words(folder.path("whole.h5"))).code == 0)
    let whole = try contentSHA256(folder.path("whole.h5"))
    let duration = begin.duration(to: .now).components
    let microseconds = Double(duration.seconds) * 1e6 + Double(duration.attoseconds) * 1e-12
    var moments = Moments()
    var kills = 0
    let output = folder.path("run.h5")
    for _ in 0..<(runsLongTests ? 50 : 5) {
      var words = Self.words(output, ["--threads", "\(1 + kills % 3)"])
      // Killed twice, and then left in peace.
      for attempt in 0..<3 {
        let started = try Program.train.start(words)
        if attempt < 2 {
          usleep(UInt32(moments.next() * microseconds * (attempt == 0 ? 1 : 0.7)))
          started.signal(SIGKILL)
        }
        let end = try started.wait()
        if end.isSignal { kills += 1 } else { #expect(end.code == 0, "\(end.text)") }
        // Before the journal is complete there is nothing to resume, and the same command begins again.
        if FileManager.default.fileExists(atPath: output + ".journal/run.json")
          || FileManager.default.fileExists(atPath: output)
        {
          words = ["--resume", output]
        }
      }
      #expect(try contentSHA256(output) == whole)
      #expect(try folder.names == ["data.h5", "run.h5", "whole.h5"])
      try FileManager.default.removeItem(atPath: output)
    }
    #expect(kills > 2)
  }

  /// A run that would take minutes.
  static func longWords(_ output: String) -> [String] {
    words(output).map { $0 == "120" ? "200000" : $0 }
  }

  static func waitForDraws(_ output: String) throws {
    for _ in 0..<2000 {
      if let publication = try? Publication(JournalFiles.folder(of: output)), publication.draws >= 2,
        publication.chains.count > 1
      {
        return
      }
      usleep(10_000)
    }
    Issue.record("the run has no draws after 20 seconds")
  }

  @Test(arguments: [SIGINT, SIGTERM]) func `a signal stops it with exit code 75, and publish works meanwhile`(
    _ number: Int32
  ) throws {
    let folder = try TestFolder()
    let output = folder.path("run.h5")
    let started = try Program.train.start(Self.longWords(output))
    defer { started.signal(SIGKILL) }
    try Self.waitForDraws(output)
    let published = try Program.posterior.run(["publish", output])
    #expect(published.code == 0, "\(published.text)")
    let again = try Program.posterior.run(["publish", output + ".journal"])
    #expect(again.code == 0, "\(again.text)")
    let second = try Program.train.run(["--resume", output])
    #expect(second.code == 70 && second.text.contains("another process is working on this run"))
    started.signal(number)
    let end = try started.wait()
    #expect(end.code == 75 && !end.isSignal)
    #expect(end.text.hasPrefix("Stopped after draw ") && end.text.contains("train --resume \(output)"), "\(end.text)")
    #expect(try folder.names == ["data.h5", "run.h5.journal", "run.partial.h5"])
    let partial = try PosteriorFile.open(folder.path("run.partial.h5"), probe: nil)
    #expect(partial.provenance["incomplete"] != nil && partial.kind == .mcmc)
  }

  @Test func `a full disk is an error, and the run goes on when there is room`() throws {
    let folder = try TestFolder()
    let output = folder.path("run.h5")
    #expect(try Program.train.run(Self.words(folder.path("whole.h5"))).code == 0)
    // Half a kilobyte blocks in POSIX shells: 16 KB, which the records outgrow in the middle of the run.
    let full = try Program.train.run(Self.words(output), setUp: "ulimit -f 32")
    #expect(full.code == 70 && full.text.contains("cannot be written"), "\(full.text)")
    #expect(full.text.contains("train --resume"))
    #expect(try folder.names == ["data.h5", "run.h5.journal", "whole.h5"])
    // The journal fits now, the file does not.
    let later = try Program.train.run(["--resume", output], setUp: "ulimit -f 120")
    #expect(later.code == 70 && later.text.contains("could not be written"), "\(later.text)")
    #expect(try folder.names == ["data.h5", "run.h5.journal", "whole.h5"])
    let end = try Program.train.run(["--resume", output])
    #expect(end.code == 0, "\(end.text)")
    #expect(try contentSHA256(output) == contentSHA256(folder.path("whole.h5")))
  }

  @Test func `an output that cannot be written is said before the work`() throws {
    let folder = try TestFolder()
    let missing = try Program.train.run(Self.longWords(folder.path("nowhere/run.h5")))
    #expect(missing.code == 70 && missing.text.contains("does not exist"))
    let place = folder.path("locked")
    try FileManager.default.createDirectory(atPath: place, withIntermediateDirectories: true)
    try FileManager.default.setAttributes([.posixPermissions: 0o555], ofItemAtPath: place)
    // The superuser may write there; nobody makes folders in /proc.
    let readOnly = getuid() == 0 ? "/proc/run.h5" : place + "/run.h5"
    let refused = try Program.train.run(Self.longWords(readOnly))
    #expect(refused.code == 70 && refused.text.contains("cannot be written"), "\(refused.text)")
    let huge = try Program.train.run(
      Self.words(folder.path("run.h5"), ["--threads", "1"]).map { $0 == "120" ? "900000000000" : $0 })
    #expect(huge.code == 70 && huge.text.contains("the draws need"), "\(huge.text)")
    #expect(try folder.names == ["data.h5", "locked"])
  }
}
