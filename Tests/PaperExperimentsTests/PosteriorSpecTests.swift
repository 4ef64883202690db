import NeuralNetworks
import TestSupport
import Testing
import TrainingHarness

@testable import PaperExperiments

@Suite(.inTurn) struct PosteriorSpecTests {
  private let spec: PosteriorSpec = {
    var options = TrainingRequest.Options()
    options.draws = 10
    options.chains = 2
    options.architecture = "dense:8,relu"
    return PosteriorSpec(name: "a", data: .named("mnist"), making: .trained(sampler: "hmc"), options: options)
  }()

  // A change in these makes cached posteriors anew: it must be meant.
  @Test func theHashIsTheSameForEver() {
    #expect(spec.hash(dataDigest: "d") == "f3795ca400")
  }

  /// Hashes of posteriors that people may have, over data of the digest `d`.
  @Test(arguments: [
    (PaperExperiments.Scale.smoke, "figure2", "mnist-hmc", "28e3e7f3e0"), (.smoke, "figure2", "mnist-vi", "8af5fd4c47"),
    (.smoke, "audit", "mnist-hmc-last-batch-resampled", "14d0cad1d3"),
    (.laptop, "table1", "mnist-hmc", "3879208df8"), (.laptop, "figure1", "moons-w256-n5000-b200", "60f314cced"),
    (.laptop, "theorem", "spheres-in-10-bootstrap-w64-n2000", "c0f009d23e"),
    (.laptop, "audit", "mnist-prior-1-wide", "54d4aa5814"),
    (.laptop, "audit", "mnist-hmc-last-batch-resampled", "783b2a846f"),
    (.laptop, "figure4", "grid-fashion-mnist-hmc-10", "471dbc030d"),
    (.laptop, "figure4", "grid-mnist-sgd-3", "2876d700b8"),
    (.smoke, "certificates", "mnist-hmc", "28e3e7f3e0"), (.smoke, "certificates", "mnist-vi-matched", "224b5f3423"),
    (.smoke, "certificates", "mnist-ensemble-matched", "76196f6d81"),
    (.laptop, "certificates", "mnist-hmc", "3879208df8"), (.laptop, "certificates", "mnist-vi-matched", "405f33b850"),
    (.laptop, "certificates", "mnist-ensemble-matched", "0a3f796a34"),
  ]) func posteriorsKeepTheirNames(
    _ scale: PaperExperiments.Scale, _ experiment: String, _ name: String, _ hash: String
  ) throws {
    let type = try #require(Experiments.all.first { $0.name == experiment })
    let spec = try #require(type.init(scale: scale, seed: 0).posteriors.first { $0.name == name })
    #expect(spec.hash(dataDigest: "d") == hash)
  }

  /// The same of all posteriors of all experiments but `certificates`, whose are all above: FNV-1a over their hashes,
  /// one after the other.
  @Test(arguments: [
    (PaperExperiments.Scale.smoke, UInt64(0), 38, UInt64(0xcc98_ba68_fe00_9c31)),
    (.smoke, 7, 38, 0x8b9b_9d5e_3326_f6e0),
    (.laptop, 0, 130, 0x3251_01f0_6997_0dcb), (.laptop, 7, 130, 0x5854_a21f_932d_a294),
    (.paper, 0, 6126, 0xe42e_e847_1588_010d), (.paper, 7, 6126, 0xc7cd_2d83_2181_1d93),
  ]) func allPosteriorsKeepTheirNames(_ scale: PaperExperiments.Scale, _ seed: UInt64, _ count: Int, _ digest: UInt64) {
    let experiments = Experiments.all.filter { $0 != Certificates.self }
    let hashes = experiments.flatMap { $0.init(scale: scale, seed: seed).posteriors }.map {
      $0.hash(dataDigest: "d")
    }
    #expect(hashes.count == count)
    #expect(hashes.joined().utf8.reduce(0xcbf2_9ce4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 } == digest)
  }

  @Test func theHashKnowsEverythingButTheName() {
    var other = spec
    other.name = "b"
    #expect(other.hash(dataDigest: "d") == spec.hash(dataDigest: "d"))
    other.options.draws = 11
    #expect(other.hash(dataDigest: "d") != spec.hash(dataDigest: "d"))
    other = spec
    other.samplerOptions["warmup"] = "11"
    #expect(other.hash(dataDigest: "d") != spec.hash(dataDigest: "d"))
    other = spec
    other.making = .trained(sampler: "vi")
    #expect(other.hash(dataDigest: "d") != spec.hash(dataDigest: "d"))
    other = spec
    other.making = .resampled(spec, count: 10)
    #expect(other.hash(dataDigest: "d") != spec.hash(dataDigest: "d"))
    #expect(spec.hash(dataDigest: "e") != spec.hash(dataDigest: "d"))
  }

  @Test func whatIsAskedOfTrainIsACommandForPeople() throws {
    var spec = spec
    spec.samplerOptions = ["warmup": "20", "step-size": "0.1"]
    var request = try #require(spec.request(data: "mnist"))
    request.options.threads = 2
    request.options.output = "x.h5"
    #expect(
      request.command()
        == "train hmc --data mnist --architecture dense:8,relu --chains 2 --draws 10 --step-size 0.1 --warmup 20 --threads 2 --output x.h5"
    )
    spec.making = .prior
    #expect(spec.request(data: "mnist") == nil)
  }

  @Test func theNetworkAndItsOperationsAreThoseOfTrain() throws {
    let dense = try spec.network(inputShape: [784], classCount: 10)
    #expect(dense.parameterCount == 785 * 8 + 9 * 10)
    #expect(dense.operationsPerExample == 12_704)
    // Two convolutions over 24 × 24 and 8 × 8 positions, and a dense layer, with as many filters as are asked for.
    let images = ImagePosteriors.vi("fashion-mnist", .paper, 0)
    let convolutional = try images.network(inputShape: [1, 28, 28], classCount: 10)
    let products = [32 * 25 * 576, 1024 * 32 * 25 * 64, 10 * 1024 * 49]
    #expect(convolutional.operationsPerExample == Double(2 * products.reduce(0, +)))
    #expect(
      try images.expectedSeconds(inputShape: [1, 28, 28], classCount: 10, trainingExamples: 60_000)
        > 3
        * ImagePosteriors.vi("mnist", .paper, 0).expectedSeconds(
          inputShape: [1, 28, 28], classCount: 10, trainingExamples: 60_000))
  }
}

@Suite(.inTurn) struct GridTests {
  @Test func theGridsAreThoseOfTheSupplement() {
    #expect(Figure4Grid.hmc.count == 972)
    #expect(Figure4Grid.sgd.count == 1080)
    #expect(Figure4Grid.vi.count == 960)
    #expect(Figure1.paperGrid.count == 36)
    for grid in [Figure4Grid.hmc, Figure4Grid.sgd, Figure4Grid.vi] { #expect(Set(grid).count == grid.count) }
  }

  @Test func aLaptopTakesAtLeastSixtyNetworksAndSmokeSix() {
    #expect(Figure4(scale: .laptop, seed: 0).cells.count >= 60)
    #expect(Figure4(scale: .smoke, seed: 0).cells.count == 6)
    #expect(Figure4(scale: .paper, seed: 0).cells.count == 2 * (972 + 1080 + 960))
    #expect(Figure1(scale: .paper, seed: 0).posteriors.count == 36)
  }

  @Test func aSampleHasAsManyOfEachWidth() {
    let sample = Figure4Grid.stratified(Figure4Grid.sgd, count: 15, seed: 3)
    let widths = Dictionary(grouping: sample, by: \.width).mapValues(\.count)
    #expect(widths == [64: 3, 128: 3, 256: 3, 512: 3, 1024: 3])
    #expect(Set(sample).count == 15)
    #expect(sample == Figure4Grid.stratified(Figure4Grid.sgd, count: 15, seed: 3))
    #expect(sample != Figure4Grid.stratified(Figure4Grid.sgd, count: 15, seed: 4))
  }

  @Test func posteriorsOfAnExperimentHaveNamesOfTheirOwn() {
    for scale in PaperExperiments.Scale.allCases {
      for experiment in Experiments.all {
        let specs = experiment.init(scale: scale, seed: 0).posteriors
        #expect(Set(specs.map(\.name)).count == specs.count, "\(experiment.name) at \(scale)")
      }
    }
  }
}
