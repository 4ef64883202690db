import Foundation
import TestSupport
import Testing

/// What every program says about the words that it is given.
@Suite(.inTurn) struct CommandLineTests {
  private static let quick = ["--model", Sample.main, "--examples", "5", "--attack", "fgsm", "--format", "json"]

  @Test(arguments: [Program.evaluate, .train, .posterior, .benchmark, .reproduce, .datasets])
  func `every program says its version`(_ program: Program) throws {
    let run = try program.run(["--version"])
    #expect(run.code == 0, "\(run.errors)")
    #expect(run.output.wholeMatch(of: /\d+\.\d+\.\d+\n/) != nil, "\(run.output)")
  }

  @Test(arguments: [Program.evaluate, .train, .posterior, .benchmark, .reproduce, .datasets])
  func `every program says what is wrong with its words in the same way`(_ program: Program) throws {
    let run = try program.run(["--nonsense"])
    #expect(run.code == 64)
    #expect(run.errors.hasPrefix("error: "), "\(run.errors)")
    #expect(run.output.isEmpty)
  }

  @Test func `a folder that cannot be made is said before the work, in the system's words`() throws {
    try withFolder { folder in
      try Data("x".utf8).write(to: folder.appending(path: "file"))
      for (program, words) in [
        (Program.reproduce, ["figure1", "--scale", "smoke", "--quiet", "--output", "file/x"]),
        (
          .benchmark,
          [
            "run", "--suite", Fixtures.url("suites/standard.json").path, "--models", Sample.main,
            "--results", "file/x",
          ]
        ),
      ] {
        let run = try program.run(words, in: folder)
        #expect(run.code == 70)
        #expect(run.errors == "error: file/x cannot be made: Not a directory\n", "\(run.errors)")
      }
      #expect(try names(in: folder) == ["file"])
    }
  }

  @Test func `train names the file of its data as it was typed`() throws {
    try withFolder { folder in
      let words = ["hmc", "--architecture", "dense:2,tanh", "--output", "x.h5", "--data", "nowhere.h5"]
      let run = try Program.train.run(words, in: folder)
      #expect(run.code == 65)
      #expect(run.errors.hasPrefix("error: nowhere.h5: cannot be opened: No such file or directory"), "\(run.errors)")
    }
  }

  @Test func `a fraction is a radius, and a step`() throws {
    let fraction = try Program.evaluate.run(Self.quick + ["--epsilon", "8/255", "--attack", "pgd:steps=2,step=4/255"])
    #expect(fraction.code == 0, "\(fraction.errors)")
    #expect(fraction.output.contains("\"epsilon\": 0.03137254901960784"))
    #expect(fraction.output.contains("\"step\": \"0.01568627450980392\""))
  }

  @Test func `a ball that holds the box is a warning`() throws {
    let large = try Program.evaluate.run(Self.quick + ["--epsilon", "8", "--format", "table"])
    #expect(large.code == 0)
    #expect(large.output.contains("nothing of the input is left"), "\(large.output)")
    #expect(large.output.contains("8/255"))
    let small = try Program.evaluate.run(Self.quick + ["--epsilon", "0.99", "--format", "table"])
    #expect(!small.output.contains("nothing of the input is left"))
  }

  @Test func `errors name files as they were typed, without control characters`() throws {
    try withFolder { folder in
      try FileManager.default.createDirectory(at: folder.appending(path: "a"), withIntermediateDirectories: true)
      let broken = try Data(contentsOf: URL(filePath: Sample.malformed("weight-infinite")))
      for name in ["a/post.h5", "p\u{1B}[31m.h5"] { try broken.write(to: folder.appending(path: name)) }
      let plain = try Program.posterior.run(["verify", "a/post.h5"], in: folder)
      #expect(plain.code == 65)
      #expect(plain.errors.hasPrefix("error: a/post.h5: /posterior/output.bias holds inf"), "\(plain.errors)")
      let coloured = try Program.evaluate.run(["--model", "p\u{1B}[31m.h5"], in: folder)
      #expect(coloured.errors.hasPrefix("error: p [31m.h5: "), "\(coloured.errors)")
      #expect(!coloured.errors.contains("\u{1B}"))
    }
  }

  @Test func `an empty name of an output gets a sentence`() throws {
    for option in ["--output", "--save-adversarial"] {
      let run = try Program.evaluate.run(Self.quick + [option, ""])
      #expect(run.code == 70)
      #expect(run.errors == "error: an output has an empty name: give the name of a file\n")
    }
  }

  #if os(Linux)
  @Test func `a name that is not UTF-8 gets a sentence`() throws {
    let run = try Running(
      "/bin/bash", ["-c", #""$0" --model $'m\xff.h5'"#, Program.evaluate.executable.path], in: nil
    ).wait()
    #expect(run.code == 64)
    #expect(run.errors.contains("m\u{FFFD}.h5' is not UTF-8: rename the file"), "\(run.errors)")
  }
  #endif

  @Test func `a suite may have fractions`() throws {
    try withFolder { folder in
      let suite = """
        {"name": "s", "version": 1, "seed": 0, "decision": "predictive", "examples": 5,
         "threats": [{"norm": "linf", "relativeRadius": RADIUS}], "gradientsPerExample": 100,
         "queriesPerExample": 1000, "attacks": [{"attack": "fgsm", "objective": "predictive"}]}
        """
      func run(_ radius: String) throws -> Program.Run {
        let path = folder.appending(path: "suite.json")
        try Data(suite.replacing("RADIUS", with: radius).utf8).write(to: path)
        return try Program.benchmark.run([
          "run", "--suite", path.path, "--models", Sample.main, "--results", folder.appending(path: "results").path,
        ])
      }
      let fraction = try run("\"8/255\"")
      #expect(fraction.code == 0, "\(fraction.errors)")
      // The same suite: nothing is run again, and the table is the same.
      #expect(try run("0.03137254901960784").output == fraction.output)
      let wrong = try run("\"8/0\"")
      #expect(wrong.code == 65)
      #expect(wrong.errors.contains("'8/0' is neither a number nor a fraction"), "\(wrong.errors)")
    }
  }
}
