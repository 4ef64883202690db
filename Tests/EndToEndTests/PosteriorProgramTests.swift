import Foundation
import TestSupport
import Testing

/// `posterior`, beside `evaluate`.
@Suite(.inTurn) struct PosteriorProgramTests {
  @Test func `a copy has the same posterior and the same result`() throws {
    try withFolder { folder in
      let copy = folder.appendingPathComponent("copy.h5").path
      #expect(try Program.posterior.run(["copy", "--compress", Sample.main, copy]).code == 0)
      #expect(try Program.posterior.run(["verify", copy]).output == "\(copy): valid\n")
      let original = try report(["--model", Sample.main, "--examples", "20", "--attack", "fgsm"])
      let copied = try report(["--model", copy, "--examples", "20", "--attack", "fgsm"])
      #expect(copied.posteriorSHA256 == original.posteriorSHA256)
      #expect(copied.dataSHA256 == original.dataSHA256)
      #expect(copied.runs.map(\.softmaxRobustness) == original.runs.map(\.softmaxRobustness))
      #expect(try names(in: folder) == ["copy.h5"])
    }
  }

  @Test func `inspect and evaluate name the posterior alike`() throws {
    let inspected = try Program.posterior.run(["inspect", Sample.main])
    let digest = try #require(
      try report(["--model", Sample.main, "--examples", "5", "--attack", "fgsm"]).posteriorSHA256)
    #expect(inspected.code == 0)
    #expect(inspected.output.contains("posterior SHA-256  \(digest)\n"))
    #expect(inspected.output.contains("evaluation data    500 examples of 1 × 28 × 28, 10 classes\n"))
  }

  @Test func `verify tells good files from bad ones`() throws {
    let run = try Program.posterior.run(["verify", Sample.main, Sample.malformed("weight-nan")])
    #expect(run.code == 65)
    #expect(run.output == "\(Sample.main): valid\n")
    #expect(run.errors.contains("error: \(Sample.malformed("weight-nan")): /posterior/"))
  }

  @Test func `networks in ONNX become a file that is valid`() throws {
    try withFolder { folder in
      let output = folder.appendingPathComponent("p.h5").path
      let graphs = (0..<2).map { Fixtures.url("import/strided-gn-gelu/draw\($0).onnx").path }
      let run = try Program.posterior.run(["import"] + graphs + ["--kind", "ensemble", "-o", output])
      #expect(run.code == 0)
      #expect(run.output.hasPrefix("\(output): ensemble · normalize, conv 16·3×3/2, group norm, GELU"))
      #expect(run.output.contains("  reference   none: nothing shows that this is the network"))
      #expect(try Program.posterior.run(["verify", output]).output.hasPrefix("\(output): valid"))
      let before = try Data(contentsOf: URL(fileURLWithPath: output))
      let there = try Program.posterior.run(["import"] + graphs + ["--kind", "ensemble", "-o", output])
      #expect(there.code == 64)
      #expect(there.errors.hasPrefix("error: \(output) is there already: give another --output, or --overwrite"))
      #expect(try Data(contentsOf: URL(fileURLWithPath: output)) == before)
      let refused = try Program.posterior.run(["import"] + graphs + ["-o", output, "--overwrite"])
      #expect(refused.code == 64)
      #expect(refused.errors.hasPrefix("error: --kind is needed for 2 draws"))
      let missing = try Program.posterior.run(["import", "nothing.onnx", "-o", output, "--overwrite"])
      #expect(missing.code == 65)
      #expect(missing.errors == "error: nothing.onnx: cannot be opened: No such file or directory\n")
    }
  }

  @Test func `an InferenceData of ArviZ becomes a file, read by a process of its own first`() throws {
    try withFolder { folder in
      let network = folder.appendingPathComponent("network.json")
      let layers = [("hidden", "tanh"), ("output", "identity")].map { name, activation in
        #"{"type": "dense", "name": "\#(name)", "units": 2, "activation": "\#(activation)"}"#
      }
      try #"{"input_shape": [3], "class_count": 2, "layers": [\#(layers.joined(separator: ","))]}"#.write(
        to: network, atomically: true, encoding: .utf8)
      let output = folder.appendingPathComponent("p.h5").path
      let data = Fixtures.url("import/inference-data/arviz1-netcdf4.nc").path
      let named = ["import", "--network", network.path, "--posterior", data, "-o", output, "--map"]
      let map = ["hidden.weight=w1,hidden.bias=b1", "output.bias=b2"]
      let run = try Program.posterior.run(named + map + ["output.weight=w2.T"])
      #expect(run.code == 0)
      #expect(run.output.hasPrefix("\(output): mcmc · 3-2-2 tanh"))
      #expect(run.output.contains("  draws       2 chains × 3\n"))
      #expect(try Program.posterior.run(["verify", output]).output.hasPrefix("\(output): valid"))
      let unsaid = try Program.posterior.run(named + map + ["output.weight=w2", "--overwrite"])
      #expect(unsaid.code == 65)
      #expect(unsaid.errors.contains("say --map output.weight=w2,as-is or --map output.weight=w2,transposed"))
      let verified = try Program.posterior.run(["verify", data])
      #expect(verified.code == 65)
      #expect(
        verified.errors.contains("`posterior import --network net.onnx --posterior \(data) --output posterior.h5`"))
    }
  }

  @Test func `the Python example is a program that names the format`() throws {
    let run = try Program.posterior.run(["export-python-example"])
    #expect(run.code == 0)
    #expect(run.output.contains("import h5py"))
    #expect(run.output.contains("bnn-posterior"))
    let graph = try Program.posterior.run(["export-python-example", "--graph"])
    #expect(graph.code == 0 && graph.output != run.output)
    #expect(graph.output.contains("\"batch_norm\"") && graph.output.contains("shared/"))
  }

  @Test(arguments: ["torch", "flax", "numpyro", "laplace", "bayesian-torch"])
  func `the module for a framework is Python that begins with the lines that call it`(framework: String) throws {
    let run = try Program.posterior.run(["export-python-example", "--framework", framework])
    #expect(run.code == 0)
    #expect(run.output.hasPrefix("\"\"\"Writes ") && run.output.hasSuffix("\n"))
    let begin = try #require(run.output.range(of: "from export_posterior import ")?.upperBound)
    let names = run.output[begin...].prefix { $0 != "\n" }.split(separator: ", ")
    #expect(!names.isEmpty)
    for name in names { #expect(run.output.contains("\ndef \(name)(")) }
    try withFolder { folder in
      let module = folder.appendingPathComponent("export_posterior.py")
      try run.output.write(to: module, atomically: true, encoding: .utf8)
      let python = Process()
      python.executableURL = URL(fileURLWithPath: "/usr/bin/env")
      python.arguments = ["python3", "-m", "py_compile", module.path]
      try python.run()
      python.waitUntilExit()
      // 127: this machine has no Python.
      #expect([0, 127].contains(python.terminationStatus))
    }
  }

  @Test func `a framework that is not known is told with those that are`() throws {
    let run = try Program.posterior.run(["export-python-example", "--framework", "keras"])
    #expect(run.code == 64)
    #expect(run.errors.contains("bayesian-torch") && run.errors.contains("numpyro"))
    #expect(try Program.posterior.run(["export-python-example", "--graph", "--framework", "torch"]).code == 64)
  }
}
