import Foundation
import NeuralNetworks
import PosteriorFiles
import RobustnessCore
import Shell
import TestSupport
import Testing

@testable import TrainingHarness

/// A run that was killed, stopped or cut ends with the content of one that was not.
@Suite(.inTurn) struct `Resuming a run` {
  @Test func `after a kill at any step the content is the same`() throws {
    let folder = try TestFolder()
    try train(folder.words("whole.h5"))
    let whole = try contentSHA256(folder.path("whole.h5"))
    for chain in 0..<2 {
      for step in 1...11 {
        #expect(throws: Killed.self) {
          try train(folder.words("run.h5", ["--threads", "1"])) { if $0 == chain && $1 == step { throw Killed() } }
        }
        #expect(try folder.names.contains("run.h5.journal") && !folder.names.contains("run.h5"))
        try train(["--resume", folder.path("run.h5")])
        #expect(try contentSHA256(folder.path("run.h5")) == whole, "chain \(chain), step \(step)")
        try FileManager.default.removeItem(atPath: folder.path("run.h5"))
      }
    }
  }

  @Test func `many kills in one run do no harm`() throws {
    let folder = try TestFolder()
    try train(folder.words("whole.h5"))
    #expect(throws: Killed.self) { try train(folder.words()) { _, _ in throw Killed() } }
    var kills = 1
    while true {
      do {
        try train(["--resume", folder.path("run.h5.journal/")]) { _, step in if step % 2 == 0 { throw Killed() } }
        break
      } catch is Killed {
        kills += 1
      }
    }
    #expect(kills >= 5)
    #expect(try contentSHA256(folder.path("run.h5")) == contentSHA256(folder.path("whole.h5")))
  }

  @Test func `every option is restored`() throws {
    let folder = try TestFolder()
    let options = [
      "--seed", "9", "--temperature", "0.7", "--prior", "fan-in", "--prior-scale", "2", "--training-examples", "8",
      "--data-seed", "4", "--evaluation-examples", "3", "--start", "map", "--map-iterations", "11",
      "--map-learning-rate", "0.2",
      "--step-size", "0.11", "--warmup", "3", "--careful", "--compress", "--quiet",
    ]
    try train(folder.words("whole.h5", options))
    #expect(throws: Killed.self) { try train(folder.words("run.h5", options)) { if $1 == 5 { throw Killed() } } }
    #expect(try train(["--resume", folder.path("run.h5")]) == "")
    #expect(try contentSHA256(folder.path("run.h5")) == contentSHA256(folder.path("whole.h5")))
  }

  @Test func `starts from a file need the file no more`() throws {
    let folder = try TestFolder()
    try train(folder.words("start.h5"))
    let options = ["--start", folder.path("start.h5"), "--seed", "2"]
    try train(folder.words("whole.h5", options))
    #expect(throws: Killed.self) {
      try train(folder.words("run.h5", options + ["--threads", "1"])) { if $1 == 2 { throw Killed() } }
    }
    try FileManager.default.removeItem(atPath: folder.path("start.h5"))
    try train(["--resume", folder.path("run.h5")])
    #expect(try contentSHA256(folder.path("run.h5")) == contentSHA256(folder.path("whole.h5")))
  }

  @Test func `a stop says where, loses nothing and is exit code 75`() throws {
    let folder = try TestFolder()
    try train(folder.words("whole.h5"))
    let stopped = #expect(throws: Interrupted.self) {
      try train(folder.words("run.h5", ["--threads", "1"]), stoppingAfter: 9)
    }
    let error = try #require(stopped)
    #expect(error.description.hasPrefix("Stopped after draw 3 of chain 1. Nothing is lost: `train --resume"))
    #expect(Train.exitCode(of: error) == 75)
    try train(["--resume", folder.path("run.h5")])
    #expect(try contentSHA256(folder.path("run.h5")) == contentSHA256(folder.path("whole.h5")))
  }

  @Test func `records that a kill left ahead of the state are made again`() throws {
    let folder = try TestFolder()
    try train(folder.words("whole.h5"))
    let words = folder.words("run.h5", ["--threads", "1"])
    #expect(throws: Interrupted.self) { try train(words, stoppingAfter: 8) }
    let journal = folder.path("run.h5.journal")
    let names = ["chain-1.state", "chain-1.checkpoint"]
    let states = try names.map { try Data(contentsOf: URL(fileURLWithPath: "\(journal)/\($0)")) }
    #expect(throws: Interrupted.self) { try train(["--resume", folder.path("run.h5")], stoppingAfter: 2) }
    for (name, state) in zip(names, states) { try state.write(to: URL(fileURLWithPath: "\(journal)/\(name)")) }
    try train(["--resume", folder.path("run.h5")])
    #expect(try contentSHA256(folder.path("run.h5")) == contentSHA256(folder.path("whole.h5")))
  }

  @Test(arguments: [10, 200_000])
  func `a large state is written once a second, a small one after every draw`(size: Int) throws {
    let folder = try TestFolder()
    let files = JournalFiles(folder: folder.url.path, run: 7, parameterCount: 2)
    let start = ContinuousClock.now
    /// The draws that a chain goes on from which is killed so long after its first save.
    func drawsKept(after time: Duration) throws -> Int? {
      let journal = try ChainJournal<[Double]>(files, chain: 0)
      try journal.beginWriting()
      let first = journal.drawCount
      let state = Array(repeating: 0.5, count: size)
      try journal.save(state, steps: first, isDue: true, now: start)
      try journal.append([Float(first), 1], [("lp", 0)])
      try journal.save(state, steps: first + 1, isDue: true, now: start + time)
      let reopened = try ChainJournal<[Double]>(files, chain: 0)
      #expect(reopened.restored?.steps == reopened.drawCount)
      return reopened.drawCount
    }
    let isLarge = size * 8 > ChainJournal<[Double]>.largeStateSize
    #expect(try drawsKept(after: .milliseconds(10)) == (isLarge ? 0 : 1))
    #expect(try drawsKept(after: .milliseconds(1500)) == (isLarge ? 1 : 2))
  }

  // MARK: - Damage

  /// A folder with a run that has been stopped when it was nearly done.
  static func stoppedRun() throws -> (folder: TestFolder, whole: String) {
    let folder = try TestFolder()
    try train(folder.words("whole.h5"))
    #expect(throws: Interrupted.self) {
      try train(folder.words("run.h5", ["--threads", "1"]), stoppingAfter: 21)
    }
    return (folder, try contentSHA256(folder.path("whole.h5")))
  }

  static func restore(_ folder: TestFolder) throws {
    for name in ["run.h5", "run.h5.journal"] { try? FileManager.default.removeItem(atPath: folder.path(name)) }
    try FileManager.default.copyItem(atPath: folder.path("copy"), toPath: folder.path("run.h5.journal"))
  }

  @Test func `records torn at any byte are cut, and made again`() throws {
    let (folder, whole) = try Self.stoppedRun()
    try FileManager.default.moveItem(atPath: folder.path("run.h5.journal"), toPath: folder.path("copy"))
    let records = folder.path("run.h5.journal/chain-1.records")
    let size = try Data(contentsOf: URL(fileURLWithPath: folder.path("copy/chain-1.records"))).count
    // Every byte in the long run; otherwise a sample of them.
    for length in runsLongTests ? Array(0..<size) : Array(Swift.stride(from: 0, to: size, by: 29)) {
      try Self.restore(folder)
      #expect(truncate(records, off_t(length)) == 0)
      try train(["--resume", folder.path("run.h5"), "--quiet"])
      #expect(try contentSHA256(folder.path("run.h5")) == whole, "cut to \(length) of \(size) bytes")
    }
  }

  @Test func `records torn at any byte are those before`() throws {
    let (folder, _) = try Self.stoppedRun()
    let (_, files, _) = try RunDescription.read(folder.path("run.h5.journal"))
    let whole = try ChainRecords(files.records(0), files.identity(0), synchronized: .max)
    let bytes = try Data(contentsOf: URL(fileURLWithPath: files.records(0)))
    var counts: [Int] = []
    for length in 0...bytes.count {
      try bytes.prefix(length).write(to: URL(fileURLWithPath: files.records(0)))
      let torn = try ChainRecords(files.records(0), files.identity(0), synchronized: .max)
      #expect(torn.statistics == Array(whole.statistics.prefix(torn.drawCount)) && torn.size <= length)
      counts.append(torn.drawCount)
    }
    #expect(counts == counts.sorted() && Set(counts) == Set(0...5))
  }

  @Test func `a damaged byte anywhere in the records is an error that says so`() throws {
    let (folder, _) = try Self.stoppedRun()
    let path = folder.path("run.h5.journal/chain-1.records")
    let bytes = try Data(contentsOf: URL(fileURLWithPath: path))
    for index in bytes.indices {
      var damaged = bytes
      damaged[index] ^= 1
      try damaged.write(to: URL(fileURLWithPath: path))
      let failure = try #require(failureOf(["--resume", folder.path("run.h5")]), "byte \(index)")
      #expect(failure.code == 65 && failure.text.contains("chain-1.records is damaged"), "\(failure.text)")
    }
    #expect(try !folder.names.contains("run.h5"))
  }

  @Test func `damage of states, examples and description is an error that says so`() throws {
    let (folder, whole) = try Self.stoppedRun()
    let journal = folder.path("run.h5.journal")
    func flip(_ name: String) throws {
      let url = URL(fileURLWithPath: "\(journal)/\(name)")
      var bytes = try Data(contentsOf: url)
      bytes[bytes.count / 2] ^= 1
      try bytes.write(to: url)
    }
    try flip("chain-2.state")
    try flip("chain-2.checkpoint")
    #expect(failureOf(["--resume", folder.path("run.h5")])?.text.contains("chain-2.state is damaged") == true)
    // One of the two is enough.
    try flip("chain-2.checkpoint")
    try flip("evaluation.data")
    let damaged = try #require(failureOf(["--resume", folder.path("run.h5")]))
    #expect(damaged.text.contains("evaluation.data is damaged") && damaged.code == 65)
    try flip("evaluation.data")
    try train(["--resume", folder.path("run.h5")])
    #expect(try contentSHA256(folder.path("run.h5")) == whole)
  }

  @Test func `a description that is not the one of the chains is noticed`() throws {
    let (folder, _) = try Self.stoppedRun()
    let path = folder.path("run.h5.journal/run.json")
    let text = try String(contentsOfFile: path, encoding: .utf8)
    try text.replacingOccurrences(of: #""seed" : "0""#, with: #""seed" : "1""#)
      .write(toFile: path, atomically: true, encoding: .utf8)
    let failure = try #require(failureOf(["--resume", folder.path("run.h5")]))
    #expect(failure.text.contains("belongs to another run") && failure.code == 65)
  }

  // MARK: - What is there already

  @Test func `nothing that is there is lost`() throws {
    let folder = try TestFolder()
    try train(folder.words("run.h5"))
    let first = try contentSHA256(folder.path("run.h5"))
    let refused = try #require(failureOf(folder.words("run.h5", ["--seed", "5"])))
    #expect(refused.text.contains("is there already") && refused.code == 64)
    #expect(throws: Killed.self) {
      try train(folder.words("run.h5", ["--seed", "5", "--overwrite"])) { if $1 == 8 { throw Killed() } }
    }
    #expect(try contentSHA256(folder.path("run.h5")) == first)
    let begun = try #require(failureOf(folder.words("run.h5", ["--seed", "5", "--overwrite"])))
    #expect(begun.text.contains("go on with train --resume"))
    try train(["--resume", folder.path("run.h5")])
    #expect(try contentSHA256(folder.path("run.h5")) != first)
  }

  @Test func `a file that came to be meanwhile is left alone, unless it is this run's own`() throws {
    let (folder, whole) = try Self.stoppedRun()
    try FileManager.default.copyItem(atPath: folder.path("data.h5"), toPath: folder.path("run.h5"))
    let refused = try #require(failureOf(["--resume", folder.path("run.h5")]))
    #expect(refused.text.contains("has come to be since the run began") && refused.code == 70)
    try FileManager.default.removeItem(atPath: folder.path("run.h5"))
    try FileManager.default.copyItem(atPath: folder.path("whole.h5"), toPath: folder.path("run.h5"))
    try train(["--resume", folder.path("run.h5")])
    #expect(try contentSHA256(folder.path("run.h5")) == whole)
    #expect(try folder.names == ["data.h5", "run.h5", "whole.h5"])
    #expect(try train(["--resume", folder.path("run.h5")]).contains("is complete"))
  }

  @Test func `two processes cannot work on one run`() throws {
    let (folder, _) = try Self.stoppedRun()
    let lock = try JournalLock(folder.path("run.h5.journal"))
    let refused = try #require(withExtendedLifetime(lock) { failureOf(["--resume", folder.path("run.h5")]) })
    #expect(refused.text.contains("another process is working on this run"))
  }

  @Test func `other data are refused`() throws {
    let (folder, _) = try Self.stoppedRun()
    try FileManager.default.removeItem(atPath: folder.path("data.h5"))
    try TestFolder.writeData(folder.path("data.h5"), shift: 0.125)
    let refused = try #require(failureOf(["--resume", folder.path("run.h5")]))
    #expect(refused.text.contains("is not what the run began with") && refused.code == 65)
  }

  @Test func `without a run there is nothing to resume`() throws {
    let folder = try TestFolder()
    let failure = try #require(failureOf(["--resume", folder.path("run.h5")]))
    #expect(failure.text.contains("there is no run to resume") && failure.code == 65)
  }

  // MARK: - Publishing

  @Test func `a run in progress is published as it stands, and goes on`() throws {
    let (folder, whole) = try Self.stoppedRun()
    let before = try FileManager.default.contentsOfDirectory(atPath: folder.path("run.h5.journal")).sorted()
    let published = try PublishedRun(folder.path("run.h5"))
    #expect(published.path == folder.path("run.partial.h5") && published.chains == 2 && published.draws == 4)
    let partial = try PosteriorFile.open(published.path, probe: nil)
    let complete = try PosteriorFile.open(folder.path("whole.h5"), probe: nil)
    #expect(partial.drawsPerChain == 4 && partial.hasEvaluationData)
    #expect(partial.provenance["incomplete"]?.hasPrefix("4 of 5 draws of 2 of 2 chains") == true)
    for draw in 0..<4 {
      for chain in 0..<2 {
        var a = [Float](repeating: 0, count: partial.architecture.parameterCount)
        var b = a
        try a.withUnsafeMutableBufferPointer { try partial.read(draw: chain * 4 + draw, into: $0) }
        try b.withUnsafeMutableBufferPointer { try complete.read(draw: chain * 5 + draw, into: $0) }
        #expect(a == b)
      }
    }
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path("run.h5.journal")).sorted() == before)
    try train(["--resume", folder.path("run.h5")])
    #expect(try contentSHA256(folder.path("run.h5")) == whole)
    let done = #expect(throws: PublishedRun.Failure.self) { try PublishedRun(folder.path("run.h5")) }
    #expect(done?.description.contains("is complete") == true && done?.exitCode == 65)
  }

  @Test func `before the first draw there is nothing to publish`() throws {
    let folder = try TestFolder()
    #expect(throws: Killed.self) { try train(folder.words()) { _, _ in throw Killed() } }
    let failure = #expect(throws: PublishedRun.Failure.self) { try PublishedRun(folder.path("run.h5")) }
    #expect(failure?.description.contains("no chain has a draw yet") == true)
  }
}
