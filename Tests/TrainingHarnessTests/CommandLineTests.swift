import ArgumentParser
import Foundation
import NeuralNetworks
import PosteriorFiles
import Shell
import TestSupport
import Testing

@testable import TrainingHarness

/// What is wrong with a command line is said in one sentence, before anything is done.
@Suite(.inTurn) struct `The command line of train` {
  @Test(arguments: [
    (["walc"], "no sampler named 'walc'. Did you mean 'walk'?"),
    ([], "which sampler?"),
    (["walk", "--stpe-size", "1"], "walk has no option 'stpe-size'. Did you mean 'step-size'?"),
    (["walk", "--step-size", "fast"], "takes a number, not 'fast'"),
    (["walk", "--step-size", "-1"], "step-size is -1.0; it must be positive"),
    (["walk", "--step-size"], "--step-size needs a value"),
    (["walk", "--draws", "1.5"], "takes a whole number, not '1.5'"),
    (["walk", "--draws", "0"], "--draws must be at least 1"),
    (["walk", "--draws", "1", "--draws", "2"], "--draws is given twice"),
    (["walk", "half-moons"], "'half-moons' is one word too many"),
    (["walk", "-x"], "'-x' is no option"),
    (["walk", "--prior", "wide"], "it takes global, fan-in"),
    (["walk", "--prior-scale", "1,2,3"], "3 scales for 2 layers"),
    (["walk", "--prior-scale", "wide"], "--prior-scale takes a number"),
    (["walk", "--prior-scale", "0"], "must be positive"),
    (["walk", "--temperature", "0"], "--temperature must be positive"),
    (["walk", "--start", "nowhere"], "there is no file 'nowhere'"),
    (["walk", "--members", "3"], "walk does not take --members"),
    (["gaussian", "--chains", "3"], "leave out --chains"),
    (["standstill", "--draws", "3"], "standstill does not take --draws"),
    (["walk", "--training-examples", "13"], "data.h5 has 12"),
    (["walk", "--resume", "x.h5"], "--resume goes without a sampler"),
    (["--resume", "x.h5", "--draws", "3"], "--resume goes without --draws"),
  ]) func `wrong usage`(_ words: [String], _ part: String) throws {
    let folder = try TestFolder()
    var words = words
    if words.first != nil, words.first != "walc", !words.contains("--resume") {
      words += ["--data", folder.path("data.h5"), "--architecture", "dense:2,tanh", "--output", folder.path("a.h5")]
    }
    let failure = try #require(failureOf(words))
    #expect(failure.text.contains(part), "\(failure.text)")
    #expect(failure.code == 64)
    #expect(try folder.names == ["data.h5"])
  }

  @Test func `values are given apart or after a sign, and flags have opposites`() throws {
    let folder = try TestFolder()
    try train([
      "walk", "--data=\(folder.path("data.h5"))", "--architecture=dense:", "--draws=3", "--chains", "1", "--careful",
      "--warmup=0", "--no-compress", "-o", folder.path("a.h5"),
    ])
    let file = try PosteriorFile.open(folder.path("a.h5"), probe: nil)
    #expect(file.drawsPerChain == 3)
    #expect(file.provenance["settings"]?.contains(#""careful":true"#) == true)
    #expect(file.provenance["settings"]?.contains(#""warmup":0"#) == true)
  }

  @Test func `a configuration gives options, and the command line wins`() throws {
    let folder = try TestFolder()
    let text = """
      {"sampler": "walk", "draws": 4, "chains": 3, "step-size": 0.25, "prior-scale": [0.5, 2], "careful": true, "members": null,
       "data": "\(folder.path("data.h5"))", "architecture": {"input_shape": [2], "class_count": 2, "layers": [
       {"type": "dense", "name": "a", "units": 3, "activation": "tanh"}, {"type": "dense", "name": "b", "units": 2, "activation": "identity"}]}}
      """
    try text.write(toFile: folder.path("run.json"), atomically: true, encoding: .utf8)
    try train(["--config", folder.path("run.json"), "--chains", "2", "--output", folder.path("a.h5")])
    let file = try PosteriorFile.open(folder.path("a.h5"), probe: nil)
    #expect(file.drawsPerChain == 4 && file.chainCount == 2)
    #expect(file.architecture.summary == "2-3-2 tanh")
    let settings = try #require(file.provenance["settings"])
    #expect(settings.contains(#""step-size":0.25"#) && settings.contains(#""prior-scale":"0.5,2""#))
    #expect(file.provenance["command_line"] == "train walk --chains 2")
  }

  @Test func `settings in a file are a configuration that makes the same draws`() throws {
    let folder = try TestFolder()
    try train(
      folder.words("a.h5", ["--seed", "3", "--start", "map", "--map-iterations", "20", "--temperature", "0.5"]))
    let first = try PosteriorFile.open(folder.path("a.h5"), probe: nil)
    let settings = try #require(first.provenance["settings"])
    try settings.write(toFile: folder.path("again.json"), atomically: true, encoding: .utf8)
    try train([
      "--config", folder.path("again.json"), "--data", folder.path("data.h5"), "--output", folder.path("b.h5"),
    ])
    #expect(try PosteriorFile.open(folder.path("b.h5"), probe: nil).posteriorSHA256 == first.posteriorSHA256)
  }

  @Test(arguments: [
    ("{", "is not a JSON object"), ("[1]", "is not a JSON object"),
    ("{\"drwas\": 1}", "run.json: walk has no option 'drwas'. Did you mean 'draws'?"),
    ("{\"sampler\": \"hmc\"}", "is for the sampler 'hmc'"),
  ]) func `a wrong configuration`(_ text: String, _ part: String) throws {
    let folder = try TestFolder()
    try text.write(toFile: folder.path("run.json"), atomically: true, encoding: .utf8)
    let failure = try #require(failureOf(folder.words("a.h5", ["--config", folder.path("run.json")])))
    #expect(failure.text.contains(part), "\(failure.text)")
  }

  @Test func `help lists the options of the sampler with their defaults`() throws {
    let help = try train(["walk", "--help"])
    #expect(help.contains("--step-size X             standard deviation of a proposal (default: 0.3)"))
    #expect(help.contains("--draws"))
    #expect(try train(["--list-samplers"]).contains("walk        random-walk Metropolis"))
    #expect(try train(["--help"]).contains("train --resume FILE"))
  }

  @Test func `completions know the options of every run and their values`() throws {
    let script = try train(["--generate-completion-script", "bash"])
    for name in RunOptions.names { #expect(script.contains("--\(name)"), "\(name)") }
    #expect(script.contains("fan-in") && script.contains("bfloat16"))
  }

  @Test func `completions without a shell are for the user's own, wherever they are asked for`() throws {
    let bash = try Program.train.run(["--generate-completion-script", "bash"])
    #expect(bash.code == 0 && bash.output.contains("--map-learning-rate"))
    for words in [[], ["hmc"], ["hmc", "--draws", "3", "--step-size", "0.1"]] {
      let own = try Program.train.run(
        words + ["--generate-completion-script"], environment: ["SHELL": "/bin/bash"])
      #expect(own.code == 0 && own.errors.isEmpty, "\(own.errors)")
      #expect(own.output == bash.output)
    }
    let unknown = try Program.train.run(["hmc", "--generate-completion-script", "abacus"])
    #expect(unknown.code == 64 && unknown.errors.contains("abacus"))
  }

  /// What the words of a command line become.
  @Test(
    arguments: [
      (["walk", "--quiet=yes", "--no-compress", "--overwrite=FALSE"], "compress=false overwrite=false quiet=true"),
      (["--careful", "walk", "--no-quiet"], "careful=true quiet=false"),
      (["walk", "--no-careful", "--step-size=0.5"], "careful=false step-size=0.5"),
      (["walk", "--careful=false", "-o", "a=b.h5"], "careful=false output=a=b.h5"),
      (["walk", "--seed", "-1", "--output="], "output= seed=-1"),
      (
        ["walk", "--data=", "--output=", "x.h5"],
        "--'x.h5' is one word too many: the sampler is 'walk', and options begin with --"
      ),
      (["walk", "--unknown", "-3", "--"], "---- needs a value"),
      (["walk", "--", "x"], "=x"),
      (["walk", "--quiet=perhaps"], "--The option '--quiet' does not take any value, but 'perhaps' was specified."),
      (["walk", "--no-quiet=true"], "--The option '--no-quiet' does not take any value, but 'true' was specified."),
      (["walk", "moons", "--draws"], "----draws needs a value"),
      (["walk", "moons", "--quiet", "--no-quiet"], "----quiet is given twice"),
      (
        ["walk", "moons", "-o", "x"], "--'moons' is one word too many: the sampler is 'walk', and options begin with --"
      ),
    ] as [([String], String)])
  func `words become options`(_ words: [String], _ expected: String) {
    let found: String
    do {
      let line = try TrainCommandLine(words, [RandomWalkMetropolis.self])
      #expect(line.sampler == "walk")
      #expect(Set(line.given.map(\.name)) == Set(line.values.keys))
      found = line.values.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: " ")
    } catch {
      found = "--" + ((error as? UsageError)?.description ?? TrainArguments.message(for: error))
    }
    #expect(found == expected)
  }

  @Test func `every option of a run has a line of help, and no help is left over`() throws {
    let help = try train(["walk", "--help"])
    let lines = help.split(separator: "\n")
    for name in RunOptions.names {
      #expect(lines.count { $0.contains("--\(name) <") || $0.contains("--\(name)/--no-") } == 1, "\(name)")
    }
    #expect(Set(RunOptions.describedDefaults.keys).isSubset(of: RunOptions.names))
  }
}
