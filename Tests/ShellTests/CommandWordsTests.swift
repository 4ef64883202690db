import ArgumentParser
import Foundation
import Shell
import TestSupport
import Testing

@Suite(.inTurn) struct `The words of a command line` {
  @Test(arguments: [
    (["--epsilon", "-0.1", "--quiet"], ["--epsilon=-0.1", "--quiet"]),
    (["--epsilon", "-8/255"], ["--epsilon=-8/255"]),
    (["run", "--threads", "-2", "file"], ["run", "--threads=-2", "file"]),
    (["--target", "-.5"], ["--target=-.5"]),
    (["--output", "-o"], ["--output", "-o"]),
    (["--memory-limit", "-5MB"], ["--memory-limit", "-5MB"]),
    (["-o", "-1"], ["-o", "-1"]),
    (["--a=1", "-1"], ["--a=1", "-1"]),
    (["--", "--epsilon", "-1"], ["--", "--epsilon", "-1"]),
    ([], []),
  ]) func `join a number below 0 to its option, and change nothing else`(_ words: [String], _ joined: [String]) throws {
    #expect(try CommandWords.checked(words) == joined)
  }

  @Test(arguments: [
    ["--model", "a", "--model", "b"], ["--model=a", "--model", "b"], ["--model=a", "--draws", "2", "--model=a"],
  ]) func `refuse an option that is given twice`(_ words: [String]) throws {
    let error = #expect(throws: UsageError.self) { try CommandWords.checked(words, single: ["--model"]) }
    #expect(error?.description == "--model is given twice: which one is meant? Give it once")
    #expect(try CommandWords.checked(words) == words)
  }

  @Test(arguments: [
    ["--attack", "a", "--attack", "b", "--model", "c"], ["--quiet", "--quiet"], ["--", "--model", "--model"],
    ["inner", "--attack", "a", "--attack", "b"], ["--model", "a", "--draws", "2"],
  ]) func `may repeat repeatable options and flags, and what follows two dashes`(_ words: [String]) {
    #expect(SingleOptions.given(twiceIn: words, of: Example.self) == nil)
  }

  @Test(arguments: [
    (["--draws", "1", "--model", "a", "--draws=2"], "--draws"), (["inner", "-n", "1", "-n", "2"], "-n"),
    (["inner", "--number", "1", "--number", "2"], "--number"), (["--model=a", "--model", "b"], "--model"),
  ]) func `repeat an option that counts once not without a word`(_ words: [String], _ option: String) {
    #expect(SingleOptions.given(twiceIn: words, of: Example.self) == option)
  }

  /// Options that count once and others.
  struct Example: ParsableCommand {
    struct Inner: ParsableCommand {
      @Option(name: .shortAndLong) var number: Int?
      @Option var attack: [String] = []
    }

    static var configuration: CommandConfiguration { CommandConfiguration(subcommands: [Inner.self]) }
    @Option var model: String?
    @Option var draws: Int?
    @Option var attack: [String] = []
    @Flag var quiet = false
  }

  @Test(arguments: [["--seed", "-1"], ["--seed=-1"]]) func `refuse a seed below 0 in words`(_ words: [String]) {
    let error = #expect(throws: UsageError.self) { try CommandWords.checked(words) }
    #expect(error?.description == "--seed must not be negative, not -1")
  }

  @Test func `keep control characters of names away from the terminal`() {
    let end = ProgramEnd(of: BadDataError("a\u{1B}[31m\u{7}.h5: is no file\nUsage: x"))
    #expect(end.message == "error: a [31m .h5: is no file\nUsage: x")
  }
}
