import Foundation
import HDF5
import TestSupport
import Testing

/// What users of other tools write, and the words that they are answered with: each names the fault and the way out.
@Suite(.inTurn) struct `Messages about files` {
  private struct Case {
    var title: String
    var file = WrittenFile()
    var add: (HDF5File) throws -> Void = { _ in }
  }

  private func layers(_ text: String) -> WrittenFile {
    var file = WrittenFile()
    file.architecture = "{\"input_shape\": [4], \"class_count\": 3, \"layers\": [\(text)]}"
    return file
  }

  private func of(_ kind: String, _ chains: Int, _ draws: Int) -> Case {
    var file = WrittenFile()
    (file.kind, file.chains, file.draws) = (kind, chains, draws)
    return Case(title: "\(kind) of \(chains) × \(draws)", file: file)
  }

  private var cases: [Case] {
    let output = #"{"type": "dense", "name": "output", "units": 3, "activation": "identity"}"#
    var doubles = WrittenFile()
    doubles.weightElement = .float64
    var oneLogit = WrittenFile()
    oneLogit.labels = [0, 1, 0, 1, 0, 1]
    oneLogit.architecture = """
      {"input_shape": [4], "class_count": 1, "layers": [
        {"type": "dense", "name": "output", "units": 1, "activation": "identity"}]}
      """
    return [
      Case(
        title: "an activation as PyTorch writes it",
        file: layers(output.replacing("identity", with: "ReLU"))),
      Case(title: "an unknown activation", file: layers(output.replacing("identity", with: "maxout"))),
      Case(title: "an activation of format 1.1", file: layers(output.replacing("identity", with: "gelu"))),
      Case(title: "batch normalisation", file: layers(#"{"type": "batch_norm"}, "# + output)),
      Case(title: "dropout", file: layers(#"{"type": "dropout", "p": 0.5}, "# + output)),
      Case(title: "a linear layer", file: layers(output.replacing("dense", with: "linear"))),
      Case(
        title: "an unknown key", file: layers(output.replacing("\"units\"", with: "\"in_features\": 4, \"units\""))),
      Case(
        title: "a key of format 1.1", file: layers(output.replacing("\"units\"", with: "\"bias\": true, \"units\""))),
      Case(title: "one logit for two classes", file: oneLogit),
      Case(title: "a step size for each chain") {
        try $0.createGroup("/sample_stats")
        try $0.put("/sample_stats/step_size", [0.1, 0.2], [2], .float64)
      },
      Case(title: "weights in double precision", file: doubles), of("single", 2, 1), of("ensemble", 1, 20),
      of("variational", 2, 5), of("mcmcmc", 2, 5),
      of("independent", 1, 5),
    ]
  }

  @Test func `are those of the snapshot`() throws {
    var text = ""
    try withFolder { folder in
      for item in cases {
        let path = folder.appendingPathComponent("v.h5").path
        try item.file.write(to: path, item.add)
        let run = try Program.posterior.run(["verify", "v.h5"], in: folder)
        let words = (run.errors.isEmpty ? run.output : run.errors).split(separator: "\n")
        text += "# \(item.title)\n\(words.first ?? "")\n"
        try FileManager.default.removeItem(atPath: path)
      }
    }
    let url = Fixtures.packageRoot.appending(path: "Tests/PosteriorFilesTests/Snapshots/messages.txt")
    #expect(text == (try? String(contentsOf: url, encoding: .utf8)) ?? "", "\(text)")
  }
}
