import Foundation
import HDF5
import NeuralNetworks
import PosteriorFiles
import Shell
import TestSupport
import Testing

@testable import NetworkImport

/// Draws as ArviZ saves them: Tests/Python/make_inference_data.py wrote the files with the real package.
@Suite("InferenceData of ArviZ", .inTurn)
struct InferenceDataTests {
  static let files = ["arviz0-netcdf4", "arviz0-h5netcdf", "arviz1-netcdf4", "arviz1-h5netcdf", "arviz1-float64"]

  private static func path(_ name: String) -> String { Fixtures.url("import/inference-data/\(name).nc").path }

  /// Three inputs, two units, two classes.
  static let network = """
    {"input_shape": [3], "class_count": 2, "layers": [
      {"type": "dense", "name": "hidden", "units": 2, "activation": "tanh"},
      {"type": "dense", "name": "output", "units": 2, "activation": "identity"}]}
    """
  static let map = ["hidden.weight=w1,hidden.bias=b1", "output.weight=w2,transposed", "output.bias=b2"]

  private func described(_ folder: URL) throws -> String {
    let file = folder.appendingPathComponent("network.json")
    try Self.network.write(to: file, atomically: true, encoding: .utf8)
    return file.path
  }

  private func read(_ source: some WeightSource, _ draw: Int) throws -> [Float] {
    var values = [Float](repeating: 0, count: source.architecture.parameterCount)
    try values.withUnsafeMutableBufferPointer { try source.read(draw: draw, into: $0) }
    return values
  }

  /// What the script gave a draw, weights (out, in).
  private func expected(_ draw: Int) -> [Float] {
    func own(_ size: Int, _ seed: Int) -> [Float] {
      Array(TensorWriter.numbers(6 * size, seed)[draw * size..<(draw + 1) * size])
    }
    let (w1, w2) = (own(6, 1), own(4, 3))
    return [w1[0], w1[2], w1[4], w1[1], w1[3], w1[5]] + own(2, 2) + [w2[0], w2[2], w2[1], w2[3]] + own(2, 4)
  }

  @Test(arguments: files) func `draws are those that were saved, transposed where they are (in, out)`(
    _ name: String
  ) throws {
    try withFolder { folder in
      let file = try InferenceDataFile(Self.path(name), probe: nil)
      #expect(file.chainCount == 2 && file.drawsPerChain == 3)
      let source = try DrawSource(network: described(folder), posterior: file, map: Self.map)
      for draw in 0..<6 { #expect(try read(source, draw) == expected(draw)) }
      #expect(source.notes.contains(#""w1" [3, 2] was transposed to [2, 3] for tensor "hidden.weight""#))
      #expect(source.notes.contains(#"no tensor of the network is "sigma""#))
      #expect(source.notes.contains { $0.contains("float64") } == (name == "arviz1-float64"))
    }
  }

  @Test(arguments: files) func `chains, statistics and the library come from the file`(_ name: String) throws {
    try withFolder { folder in
      var request = ImportRequest()
      request.network = try described(folder)
      request.posterior = Self.path(name)
      request.map = Self.map
      let imported = try PosteriorImport(request)
      let output = folder.appendingPathComponent("p.h5").path
      let file = try PosteriorWriter.write(imported.contents, to: output)
      #expect(file.kind == .mcmc && file.chainCount == 2 && file.drawsPerChain == 3)
      #expect(file.inferenceLibrary == "numpyro")
      let statistics = try file.sampleStatistics()
      #expect(statistics.map(\.name) == ["diverging", "energy", "lp", "n_steps"])
      #expect(statistics[0].values == [0, 0, 0, 0, 0, 1])
      #expect(statistics[2].values == TensorWriter.numbers(6, 7).map(Double.init))
      request.chains = 3
      #expect(throws: UsageError.self) { try PosteriorImport(request) }
      request.chains = nil
      request.kind = .independent
      #expect(try PosteriorImport(request).contents.chainCount == 1)
    }
  }

  static let refused = [
    (
      "classic",
      "is a netCDF-3 file, not HDF5, and has no groups. Save the whole InferenceData as netCDF-4: idata.to_netcdf"
    ),
    ("draws-alone", "has chains and draws at its root, and no group posterior"),
    ("stacked", #"has the dimensions (b1_dim_0, sample), not (chain, draw, …): unstack("sample")"#),
    ("turned", #"has the dimensions (draw, chain, b1_dim_0), not (chain, draw, …): transpose("chain", "draw", ...)"#),
    ("packed", "/posterior/w1@scale_factor is 0.001: it changes what the numbers mean, and is not applied"),
  ]

  @Test(arguments: refused) func `what means something else is refused`(_ name: String, _ sentence: String) throws {
    try withFolder { folder in
      let network = try described(folder)
      let error = #expect(throws: (any Error).self) {
        _ = try DrawSource(
          network: network, posterior: InferenceDataFile(Self.path(name), probe: nil), map: Self.map)
      }
      #expect("\(error.map { "\($0)" } ?? "")".contains(sentence))
    }
  }

  // MARK: - Files made here

  private func refusal(
    _ weight: [Float], _ folder: URL, statistics: [(String, [Int], [Float])] = [],
    further: (String, [Int], [Float])? = nil, attributes: [(path: String, name: String, value: Double)] = []
  ) throws -> String {
    let path = try TensorWriter.inferenceData(
      [("a", [1, 2, 3, 2], weight), ("b", [1, 2, 2], TensorWriter.numbers(4, 2))] + [further].compactMap(\.self),
      statistics: statistics,
      attributes: attributes, folder, "\(UUID()).nc")
    let network = folder.appendingPathComponent("network.json")
    let text =
      #"{"input_shape": [3], "class_count": 2, "layers": [{"type": "dense", "name": "fc", "units": 2, "activation": "identity"}]}"#
    try text.write(to: network, atomically: true, encoding: .utf8)
    var request = ImportRequest()
    (request.network, request.posterior, request.map) = (network.path, path, ["fc.weight=a", "fc.bias=b"])
    do {
      _ = try PosteriorImport(request)
      return ""
    } catch {
      return "\(error)"
    }
  }

  @Test func `numbers that are none, and draws that count differently`() throws {
    try withFolder { folder throws in
      let good = TensorWriter.numbers(12, 1)
      #expect(try refusal(good, folder) == "")
      #expect(try refusal(good, folder, attributes: [("/posterior/a", "scale_factor", 1)]) == "")
      var broken = good
      broken[7] = .nan
      #expect(try refusal(broken, folder).contains("/posterior/a has nan in draw 1 of chain 0, which is no number"))
      broken[7] = -99
      #expect(
        try refusal(broken, folder, attributes: [("/posterior/a", "_FillValue", -99)])
          .contains("which the attribute _FillValue or missing_value declares missing"))
      #expect(
        try refusal(good, folder, statistics: [("log_weight", [1, 2], [0, -1])])
          .contains("/sample_stats/log_weight says that draws have weights"))
      #expect(try refusal(good, folder, further: ("c", [1, 2, 1], [.nan, 0])) == "")
      // Nothing of it concerns a network that does not have it.
      #expect(try refusal(good, folder, statistics: [("divergences", [1, 2], [.nan, 0])]) == "")
    }
  }
}
