import TestSupport
import Testing

@testable import PaperExperiments

@Suite(.inTurn) struct PosteriorSpecTests {
  private let spec = PosteriorSpec(
    name: "a", data: .named("mnist"), making: .trained(sampler: "hmc"),
    options: ["draws": "10", "chains": "2", "architecture": "dense:8,relu"])

  @Test func theHashIsTheSameForEver() {
    // A change here makes every cached posterior anew: it must be meant.
    #expect(spec.hash(dataDigest: "d") == "f3795ca400")
  }

  @Test func theHashKnowsEverythingButTheName() {
    var other = spec
    other.name = "b"
    #expect(other.hash(dataDigest: "d") == spec.hash(dataDigest: "d"))
    other.options["draws"] = "11"
    #expect(other.hash(dataDigest: "d") != spec.hash(dataDigest: "d"))
    other = spec
    other.making = .trained(sampler: "vi")
    #expect(other.hash(dataDigest: "d") != spec.hash(dataDigest: "d"))
    other = spec
    other.making = .resampled(spec, count: 10)
    #expect(other.hash(dataDigest: "d") != spec.hash(dataDigest: "d"))
    #expect(spec.hash(dataDigest: "e") != spec.hash(dataDigest: "d"))
  }

  @Test func theWordsAreATrainCommand() {
    #expect(
      spec.words(data: "mnist", dataFolder: nil, threads: 2, output: "x.h5") == [
        "hmc", "--data", "mnist", "--architecture", "dense:8,relu", "--chains", "2", "--draws", "10", "--threads", "2",
        "--output", "x.h5", "--quiet",
      ])
  }

  @Test func parametersAreCountedAsTheNetworkHasThem() {
    #expect(spec.parameterCount(inputSize: 784, classCount: 10) == 785 * 8 + 9 * 10)
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
    for scale in Scale.allCases {
      for experiment in Experiments.all {
        let specs = experiment.init(scale: scale, seed: 0).posteriors
        #expect(Set(specs.map(\.name)).count == specs.count, "\(experiment.name) at \(scale)")
      }
    }
  }
}
