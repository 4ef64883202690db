import ArgumentParser
import Foundation
import Shell
import TestSupport
import Testing

private struct Command: ParsableCommand {
  static let configuration = CommandConfiguration(commandName: "measure")
  @Option var count: Int
}

private struct SurpriseError: Error, CustomStringConvertible {
  let description = "something that nobody thought of"
}

@Suite(.inTurn) struct `Ends of programs` {
  private func parserError(_ words: [String]) throws -> any Error {
    try #require(throws: (any Error).self) { _ = try Command.parse(words) }
  }

  @Test(
    arguments: [
      (UsageError("what is said"), 64), (BadDataError("what is said"), 65), (OutputError("what is said"), 70),
      (Interrupted("what is said"), 75),
    ] as [(any ProgramError, Int32)])
  func `an error's own code, and its sentence behind the word error`(_ error: any ProgramError, _ code: Int32) {
    for end in [ProgramEnd(of: error), ProgramEnd(of: error, in: Command.self)] {
      #expect(end.exitCode == code)
      #expect(end.message == "error: what is said")
    }
    #expect(ProgramEnd.exitCode(of: error) == code)
  }

  @Test func `anything else ends with 70`() {
    for end in [ProgramEnd(of: SurpriseError()), ProgramEnd(of: SurpriseError(), in: Command.self)] {
      #expect(end.exitCode == 70)
      #expect(end.message == "error: something that nobody thought of")
    }
    #expect(ProgramEnd.exitCode(of: SurpriseError()) == 70)
  }

  @Test func `wrong usage reads like all other errors`() throws {
    let end = ProgramEnd(of: try parserError(["--count", "many"]), in: Command.self)
    #expect(end.exitCode == 64)
    #expect(end.message?.hasPrefix("error: The value 'many' is invalid") == true)
    #expect(end.message?.contains("Usage: measure --count <count>") == true)
  }

  @Test func `help is no error`() throws {
    let end = ProgramEnd(of: try parserError(["--help"]), in: Command.self)
    #expect(end.exitCode == 0)
    #expect(end.message == nil)
  }

  @Test func `a bare exit code says nothing`() {
    let end = ProgramEnd(of: ExitCode(65), in: Command.self)
    #expect(end.exitCode == 65)
    #expect(end.message == nil)
  }

  @Test func `an interruption can be said as no error`() {
    let end = ProgramEnd(of: Interrupted("stopped"), manner: .interruptionIsNoError)
    #expect(end.exitCode == 75)
    #expect(end.message == "stopped")
    #expect(ProgramEnd(of: OutputError("full"), manner: .interruptionIsNoError).message == "error: full")
  }
}
