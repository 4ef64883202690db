import Foundation
import PosteriorFiles
import RobustnessCore
import TestSupport
import Testing

@testable import TrainingHarness

/// A training as a value: from the command line, written down, read again, and done.
@Suite(.inTurn) struct `A request for a training` {
  /// A value that is not the default, for every option that there is.
  static let samples: [(name: String, text: String)] = {
    let defaults = (try? RunOptions().described()) ?? []
    let numbers: Set = [
      "training-examples", "draws", "chains", "members", "threads", "seed", "data-seed", "evaluation-examples",
      "map-iterations",
    ]
    return defaults.map { name, value in
      switch name {
      case "prior": (name, "fan-in")
      case "precision": (name, "bfloat16")
      case _ where RunOptions.flags.contains(name): (name, "true")
      case _ where numbers.contains(name): (name, "17")
      case _ where value.flatMap(Double.init) != nil && name != "prior-scale": (name, "0.25")
      default: (name, "some/text of '\(name)', Ω")
      }
    }
  }()

  static func request(_ words: [String]) throws -> TrainingRequest {
    let job = TrainJob(words: words, samplers: [RandomWalkMetropolis.self])
    return try job.request(try TrainCommandLine(words, job.samplers)).request
  }

  /// Words that say the same as values.
  static func words(_ samples: [(name: String, text: String)]) -> [String] {
    samples.flatMap { RunOptions.flags.contains($0.name) ? ["--\($0.name)"] : ["--\($0.name)", $0.text] }
  }

  @Test func `has the options of every run, no more and no fewer`() throws {
    #expect(try TrainingRequest.Options().described().map(\.name) == RunOptions.names)
    #expect(Self.samples.map(\.name) == RunOptions.names)
    #expect(TrainingRequest.Options().texts.isEmpty)
    #expect(RunOptions.unrecorded.union(RunOptions.renewable).union(RunOptions.flags).isSubset(of: RunOptions.names))
  }

  @Test(arguments: samples.map(\.name))
  func `gets an option from the command line, and survives writing and reading`(_ name: String) throws {
    let sample = try #require(Self.samples.first { $0.name == name })
    let request = try Self.request(["walk"] + Self.words([sample]))
    #expect(request.options.texts == [name: sample.text])
    #expect(request != TrainingRequest(sampler: "walk"))
    let read = try TrainingRequest(canonicalText: request.canonicalText)
    #expect(read == request && read.hashValue == request.hashValue)
    #expect(try JSONDecoder().decode(TrainingRequest.self, from: JSONEncoder().encode(request)) == request)
    // The run takes the value as it is.
    #expect(try RunOptions(request.options).values[name] == sample.text)
    #expect(try RunOptions(TrainingRequest.Options()).values[name] != sample.text)
  }

  @Test func `with every option says what its canonical text says`() throws {
    let words = ["walk", "--step-size", "0.125", "--careful"] + Self.words(Self.samples)
    let request = try Self.request(words)
    #expect(request.options.texts.count == Self.samples.count)
    #expect(request.beginning == .sampler(named: "walk", options: ["step-size": "0.125", "careful": "true"]))
    #expect(try TrainingRequest(canonicalText: request.canonicalText) == request)
    #expect(try Self.request(words).canonicalText == request.canonicalText)
    #expect(throws: DecodingError.self) {
      try TrainingRequest(canonicalText: request.canonicalText.replacing("\"seed\"", with: "\"sead\""))
    }
    var other = request
    other.options.seed = 18
    #expect(other != request && other.canonicalText != request.canonicalText)
    #expect(!request.canonicalText.contains("\n"))
  }

  @Test func `is the same for options in another order, of which the file keeps the order`() throws {
    let folder = try TestFolder()
    let options = [["--draws", "3"], ["--step-size", "0.25"], ["--seed", "5"], ["--chains", "2"]]
    let (one, other) = (Array(options.joined()), Array(options.reversed().joined()))
    #expect(try Self.request(["walk"] + one) == Self.request(["walk"] + other))
    #expect(try Self.request(["walk"] + one).hashValue == Self.request(other + ["walk"]).hashValue)
    #expect(try Self.request(["walk"] + one).canonicalText == Self.request(other + ["walk"]).canonicalText)
    for (name, words) in [("a.h5", one), ("b.h5", other)] {
      try train(
        ["walk", "--architecture", "dense:2,tanh"] + words
          + ["--data", folder.path("data.h5"), "--output", folder.path(name)])
      let file = try PosteriorFile.open(folder.path(name), probe: nil)
      #expect(
        file.provenance["command_line"]
          == "train walk --architecture dense:2,tanh \(words.joined(separator: " ")) --data data.h5")
    }
  }

  @Test func `is written without what has its default`() throws {
    #expect(
      TrainingRequest(sampler: "walk").canonicalText == #"{"beginning":{"sampler":{"named":"walk","options":{}}}}"#)
    #expect(
      try Self.request(["walk", "--draws", "3", "--careful"]).canonicalText
        == #"{"beginning":{"sampler":{"named":"walk","options":{"careful":"true"}}},"options":{"draws":3}}"#)
    #expect(
      try TrainingRequest(canonicalText: #"{"beginning": {"journal": {"of": "x.h5"}}, "options": {"draws": null}}"#)
        == TrainingRequest(resuming: "x.h5"))
  }

  @Test(arguments: [
    #"{"beginning":{"sampler":{"named":"walk","options":{},"optoins":{}}}}"#, #"{"options":{"drwas":3}}"#,
    #"{"commandLine":"train walk"}"#, #"{"beginning":{"smapler":{}}}"#, "[]",
  ]) func `of another text is refused`(_ text: String) {
    #expect(throws: DecodingError.self) { try TrainingRequest(canonicalText: text) }
  }

  @Test func `is the same from a configuration`() throws {
    let folder = try TestFolder()
    let path = folder.path("run.json")
    var values: [String: Any] = ["sampler": "walk", "step-size": 0.125]
    for (name, text) in Self.samples { values[name] = text }
    try JSONSerialization.data(withJSONObject: values).write(to: URL(fileURLWithPath: path))
    let expected = try Self.request(["walk", "--step-size", "0.125"] + Self.words(Self.samples))
    #expect(try Self.request(["--config", path]) == expected)
    // The command line wins.
    #expect(try Self.request(["walk", "--seed", "3", "--config", path]).options.seed == 3)
  }

  @Test func `shows people a command that asks for the same`() throws {
    let samples = Self.samples.filter { !$0.text.contains(" ") } + [("data", "half-moons"), ("output", "x.h5")]
    let request = try Self.request(["walk", "--careful", "--step-size", "0.5"] + Self.words(samples))
    let again = try Self.request(request.command().split(separator: " ").dropFirst().map(String.init))
    #expect(again == request)
    #expect(TrainingRequest(resuming: "a b.h5").command() == "train --resume 'a b.h5'")
  }

  @Test func `for going on has the renewable options only`() throws {
    let request = try Self.request(["--resume", "x.h5", "--threads", "2", "--quiet"])
    #expect(request.beginning == .journal(of: "x.h5"))
    #expect(request.options.threads == 2 && request.options.quiet == true)
    #expect(try TrainingRequest(canonicalText: request.canonicalText) == request)
    let all = try Self.request(["walk"] + Self.words(Self.samples)).options
    #expect(Set(all.renewable.texts.keys) == RunOptions.renewable)
    var wrong = TrainingRequest(resuming: "x.h5")
    wrong.options.draws = 3
    #expect(throws: (any Error).self) { try wrong.run([RandomWalkMetropolis.self]) }
  }

  @Test func `of a package makes the file that the command line makes`() throws {
    let folder = try TestFolder()
    // In the order in which a request lists its options.
    try train([
      "walk", "--data", folder.path("data.h5"), "--architecture", "dense:2,tanh", "--chains", "2", "--draws", "5",
      "--step-size", "0.25", "--output", folder.path("a.h5"),
    ])
    var request = TrainingRequest(sampler: "walk", samplerOptions: ["step-size": "0.25"])
    request.options.data = folder.path("data.h5")
    request.options.architecture = "dense:2,tanh"
    request.options.draws = 5
    request.options.chains = 2
    request.options.output = folder.path("b.h5")
    request.options.quiet = true
    var environment = TrainingEnvironment()
    environment.probe = nil
    try request.run([RandomWalkMetropolis.self], environment)
    #expect(try contentSHA256(folder.path("a.h5")) == contentSHA256(folder.path("b.h5")))
    var typed = RandomWalkMetropolis.Options()
    typed.stepSize = 0.25
    let other = try TrainingRequest(sampler: RandomWalkMetropolis.self, samplerOptions: typed, options: request.options)
    guard case .sampler("walk", let options) = other.beginning else { throw Killed() }
    #expect(options["step-size"] == "0.25" && options["warmup"] != nil)
  }

  @Test func `refuses what no run and no sampler has`() throws {
    func failure(_ request: TrainingRequest) -> String {
      do {
        try request.run([RandomWalkMetropolis.self])
        return ""
      } catch {
        #expect(Train.exitCode(of: error) == 64)
        return "\(error)"
      }
    }
    #expect(failure(TrainingRequest(sampler: "walc")).contains("Did you mean 'walk'?"))
    #expect(
      failure(TrainingRequest(sampler: "walk", samplerOptions: ["stpe-size": "1"])).contains("no option 'stpe-size'"))
    #expect(
      failure(TrainingRequest(sampler: "walk", samplerOptions: ["draws": "1"])).contains(
        "'draws' is an option of every"))
    var request = TrainingRequest(sampler: "walk")
    request.options.temperature = .nan
    #expect(failure(request) == "walk: option 'temperature' takes a number, not 'nan'")
    #expect(try TrainingRequest(canonicalText: request.canonicalText).options.temperature?.isNaN == true)
  }

  @Test func `the journal of a run before requests is read with every option`() throws {
    let folder = try TestFolder()
    let path = folder.path("run.h5.journal")
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    try Self.oldDescription.write(toFile: path + "/run.json", atomically: true, encoding: .utf8)
    let description = try RunDescription.read(path).description
    #expect(
      description.commandLine == "train walk --data half-moons --architecture dense:2,tanh --draws 3 --careful true")
    let options = try TrainingRequest.Options(assignments: description.options)
    #expect(options.texts == description.options)
    let (resolved, request) = try SamplerRequest.resolve(
      RandomWalkMetropolis.self, description.samplerOptions, options)
    #expect(resolved.draws == 3 && resolved.dataFolder == "/data/images" && resolved.priorScale == "0.5,2")
    #expect(request.values == description.samplerOptions)
  }

  static let oldDescription = """
    {
      "architecture" : "{\\"input_shape\\":[2],\\"class_count\\":2,\\"layers\\":[{\\"type\\":\\"dense\\",\\"name\\":\\"dense1\\",\\"units\\":2,\\"activation\\":\\"tanh\\"},{\\"type\\":\\"dense\\",\\"name\\":\\"output\\",\\"units\\":2,\\"activation\\":\\"identity\\"}]}",
      "commandLine" : "train walk --data half-moons --architecture dense:2,tanh --draws 3 --careful true",
      "dataName" : "half-moons",
      "evaluationOrigin" : "test",
      "inputHigh" : 1.25,
      "inputLow" : -0.25,
      "journalVersion" : 1,
      "kernels" : "portable kernels",
      "options" : {
        "architecture" : "dense:2,tanh",
        "chains" : "4",
        "compress" : "false",
        "data" : "half-moons",
        "data-folder" : "/data/images",
        "data-seed" : "0",
        "draws" : "3",
        "evaluation-examples" : "500",
        "map-iterations" : "500",
        "map-learning-rate" : "0.01",
        "output" : "run.h5",
        "overwrite" : "false",
        "precision" : "float32",
        "prior" : "global",
        "prior-scale" : "0.5,2",
        "quiet" : "true",
        "seed" : "0",
        "start" : "prior",
        "temperature" : "1.0",
        "threads" : "2"
      },
      "programVersion" : "0.1.0",
      "sampler" : "walk",
      "samplerOptions" : {
        "careful" : "true",
        "step-size" : "0.3",
        "warmup" : "6"
      },
      "shape" : {
        "chains" : 4,
        "draws" : 3,
        "kind" : "mcmc"
      },
      "start" : "prior",
      "trainCount" : 10000,
      "trainSHA256" : "00"
    }

    """
}
