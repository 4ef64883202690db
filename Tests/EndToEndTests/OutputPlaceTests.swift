import Foundation
import TestSupport
import Testing

/// Outputs whose names lead to what is no file: it stays what it is.
@Suite(.inTurn) struct OutputPlaceTests {
  private static let quick = ["--model", Sample.main, "--examples", "5", "--attack", "fgsm", "--format", "json"]

  private func kind(_ url: URL) -> mode_t {
    var status = stat()
    return lstat(url.path, &status) == 0 ? status.st_mode & S_IFMT : 0
  }

  @Test func `the shell's own file for a process receives the result`() throws {
    try withFolder { folder in
      let run = try Running(
        "/bin/bash",
        ["-c", #""$0" "$@" --output >(cat > through); rc=$?; wait $!; exit $rc"#, Program.evaluate.executable.path]
          + Self.quick, in: folder
      ).wait()
      #expect(run.code == 0, "\(run.text)")
      // The receiver ends after the program.
      for _ in 0..<100
      where (try? String(contentsOf: folder.appending(path: "through"), encoding: .utf8))?.isEmpty != false {
        usleep(20_000)
      }
      let text = try String(contentsOf: folder.appending(path: "through"), encoding: .utf8)
      #expect(text.contains("\"cleanAccuracy\""))
    }
  }

  @Test func `/dev/stdout is standard output`() throws {
    let named = try Program.evaluate.run(Self.quick + ["--output", "/dev/stdout"])
    #expect(named.code == 0, "\(named.errors)")
    #expect(timeless(named.output) == timeless(try Program.evaluate.run(Self.quick).output))
  }

  @Test(arguments: ["--output", "--save-adversarial"]) func `a link stays, and the file behind it is replaced`(
    _ option: String
  ) throws {
    try withFolder { folder in
      let (link, target) = (folder.appending(path: "link"), folder.appending(path: "target"))
      try Data("old".utf8).write(to: target)
      symlink("target", link.path)
      let run = try Program.evaluate.run(Self.quick + [option, "link"], in: folder)
      #expect(run.code == 0, "\(run.errors)")
      #expect(kind(link) == S_IFLNK)
      #expect(try Data(contentsOf: target).count > 100)
      #expect(try names(in: folder) == ["link", "target"])
    }
  }

  @Test func `HDF5 is not written into a pipe, which is said before any work`() throws {
    try withFolder { folder in
      let pipe = folder.appending(path: "pipe")
      #expect(mkfifo(pipe.path, 0o600) == 0)
      let sentence = "error: pipe cannot be written: it is a pipe, and HDF5 needs a regular file\n"
      let training = [
        "hmc", "--data", "half-moons", "--training-examples", "50", "--architecture", "dense:4,tanh", "--draws", "4",
        "--overwrite", "--output", "pipe",
      ]
      for (program, arguments) in [
        (Program.evaluate, ["--model", Sample.main, "--attack", "pgd:steps=1000000", "--save-adversarial", "pipe"]),
        (.posterior, ["copy", Sample.main, "pipe"]), (.train, training),
      ] {
        let run = try program.run(arguments, in: folder)
        #expect(run.code == 70)
        #expect(run.errors == sentence)
        #expect(kind(pipe) == S_IFIFO)
        #expect(try names(in: folder) == ["pipe"])
      }
    }
  }

  @Test func `tables of a benchmark go into devices`() throws {
    try withFolder { folder in
      let path = folder.appending(path: "null").path
      symlink("/dev/null", path)
      let suite = try `The program benchmark`.suite(in: folder, steps: [])
      let words = ["run", "--suite", suite, "--models", try SmallPosterior().write(to: folder), "--results", "results"]
      #expect(try Program.benchmark.run(words, in: folder).code == 0)
      let results = folder.appending(path: "results").path
      let run = try Program.benchmark.run(["table", results, "--csv", path, "--markdown", "/dev/stdout"])
      #expect(run.code == 0, "\(run.errors)")
      #expect(run.output.hasPrefix("# Leaderboard"))
      #expect(kind(URL(filePath: path)) == S_IFLNK)
      #expect(kind(URL(filePath: "/dev/null")) == S_IFCHR)
    }
  }
}
