import Foundation
import TestSupport
import Testing

/// Where results go, and what is left when they cannot.
@Suite(.inTurn) struct OutputTests {
  private static let quick = ["--model", Sample.main, "--examples", "5", "--attack", "fgsm", "--format", "json"]

  @Test func `--output holds what standard output would, and nothing else is left`() throws {
    try withFolder { folder in
      try Data("old".utf8).write(to: folder.appendingPathComponent("result.json"))
      let run = try Program.evaluate.run(Self.quick + ["--output", "result.json"], in: folder)
      #expect(run.code == 0)
      #expect(run.output.isEmpty)
      let printed = try Program.evaluate.run(Self.quick)
      let written = try String(contentsOf: folder.appendingPathComponent("result.json"), encoding: .utf8)
      #expect(timeless(written) == timeless(printed.output))
      #expect(try names(in: folder) == ["result.json"])
    }
  }

  @Test(arguments: ["--output", "--save-adversarial"])
  func `a folder that does not exist is 70, said before the work`(option: String) throws {
    let run = try Program.evaluate.run([
      "--model", Sample.main, "--attack", "pgd:steps=1000000", option, "/nonexistent-folder/x",
    ])
    #expect(run.code == 70)
    #expect(
      run.errors == "error: /nonexistent-folder/x cannot be written: the folder /nonexistent-folder does not exist\n")
  }

  @Test func `an output that is a folder is 70, said before the work`() throws {
    try withFolder { folder in
      let run = try Program.evaluate.run([
        "--model", Sample.main, "--attack", "pgd:steps=1000000", "--output", folder.path,
      ])
      #expect(run.code == 70)
      #expect(run.errors.contains("it is a folder"))
    }
  }

  #if os(Linux)
  @Test(arguments: [quick, ["--list-attacks"], ["--list-metrics"]])
  func `standard output on a full disk is 70, not a crash`(arguments: [String]) throws {
    let shell = try Running(
      "/bin/sh", ["-c", #""$0" "$@" >/dev/full"#, Program.evaluate.executable.path] + arguments, in: nil
    ).wait()
    #expect(shell.code == 70)
    #expect(shell.errors == "error: standard output cannot be written: No space left on device\n")
  }

  @Test func `the posterior program too says that standard output is full`() throws {
    let shell = try Running(
      "/bin/sh", ["-c", #""$0" "$@" >/dev/full"#, Program.posterior.executable.path, "inspect", Sample.main], in: nil
    ).wait()
    #expect(shell.code == 70)
  }

  @Test(
    .enabled(if: SmallDisk.isPossible, "mounting a small disk needs root"),
    arguments: ["--output", "--save-adversarial"])
  func `a full disk is 70, and what was there stays`(option: String) throws {
    try SmallDisk.with { disk in
      let target = disk.appendingPathComponent("result")
      try Data("old".utf8).write(to: target)
      try SmallDisk.fill(disk)
      let before = try names(in: disk)
      let run = try Program.evaluate.run(Self.quick + [option, target.path])
      #expect(run.code == 70 && !run.isSignal)
      #expect(run.errors.contains("\(target.path) cannot be written"))
      #expect(try names(in: disk) == before)
      #expect(try String(contentsOf: target, encoding: .utf8) == "old")
    }
  }
  #endif

  @Test func `an interrupted run is 75 and leaves no file, old ones untouched`() throws {
    try withFolder { folder in
      let target = folder.appendingPathComponent("result.json")
      try Data("old".utf8).write(to: target)
      let running = try Program.evaluate.start(
        [
          "--model", Sample.main, "--attack", "pgd:steps=1000000", "--format", "json", "--output", "result.json",
          "--save-adversarial", "points.h5",
        ], in: folder)
      try waitUntilItListens(running)
      running.signal(SIGINT)
      let run = try running.wait()
      #expect(run.code == 75 && !run.isSignal)
      #expect(run.errors.hasPrefix("error: "))
      #expect(run.output.isEmpty)
      #expect(try names(in: folder) == ["result.json"])
      #expect(try String(contentsOf: target, encoding: .utf8) == "old")
    }
  }

  /// Until the program has asked for the signal, which is when the attack begins.
  private func waitUntilItListens(_ running: Running) throws {
    #if os(Linux)
    for _ in 0..<3000 {
      let status = (try? String(contentsOfFile: "/proc/\(running.identifier)/status", encoding: .utf8)) ?? ""
      let line = status.split(separator: "\n").first { $0.hasPrefix("SigCgt:") } ?? ""
      let mask = line.split(separator: "\t").last.flatMap { UInt64($0, radix: 16) } ?? 0
      // Bit 1 is signal 2; the shell that the program began as catches nothing.
      if mask & 2 != 0 { return usleep(300_000) == 0 ? () : () }
      usleep(10_000)
    }
    throw Running.Failure(description: "the program never caught SIGINT")
    #else
    sleep(5)
    #endif
  }
}

#if os(Linux)
/// A disk of a few pages.
enum SmallDisk {
  static let isPossible: Bool = {
    guard getuid() == 0 else { return false }
    return (try? with { _ in true }) ?? false
  }()

  static func with<R>(_ body: (URL) throws -> R) throws -> R {
    try withFolder { folder in
      try call("mount", ["-t", "tmpfs", "-o", "size=64k", "tmpfs", folder.path])
      defer { try? call("umount", [folder.path]) }
      return try body(folder)
    }
  }

  /// Writes until nothing more fits.
  static func fill(_ disk: URL) throws {
    let path = disk.appendingPathComponent("filler").path
    let descriptor = open(path, O_WRONLY | O_CREAT, 0o600)
    guard descriptor >= 0 else { throw Running.Failure(description: String(cString: strerror(errno))) }
    defer { close(descriptor) }
    let page = [UInt8](repeating: 1, count: 512)
    while write(descriptor, page, page.count) > 0 {}
  }

  private static func call(_ program: String, _ arguments: [String]) throws {
    let run = try Running("/usr/bin/env", [program] + arguments, in: nil).wait()
    guard run.code == 0 else { throw Running.Failure(description: run.errors) }
  }
}
#endif
