import Datasets
import Foundation
import RobustnessCore
import TestSupport
import Testing

@testable import PaperExperiments

@Suite(.inTurn) struct RankCorrelationTests {
  private let random = RandomStreams(seed: 1, purpose: "test")

  @Test func byHand() {
    // Ranks 1 2 3 4 5 and 2 1 4 3 5: ρ = 1 − 6·(1+1+1+1)/(5·24) = 0.8.
    let one = RankCorrelation([1, 2, 3, 4, 5], [20, 10, 40, 30, 500], random: random)
    #expect(abs(one.value - 0.8) < 1e-12)
    #expect(one.low.isNaN && one.count == 5)
  }

  @Test func equalValuesShareTheirRanks() {
    #expect(RankCorrelation.ranks([3, 1, 3, 2]) == [3.5, 1, 3.5, 2])
  }

  @Test func theIntervalHoldsTheValueAndNarrows() {
    var stream = RandomStreams(seed: 2, purpose: "test").stream(example: 0)
    let x = stream.normals(200)
    let noise = stream.normals(200)
    let y = zip(x, noise).map { $0 + $1 }
    let all = RankCorrelation(x, y, random: random)
    let few = RankCorrelation(Array(x.prefix(20)), Array(y.prefix(20)), random: random)
    #expect(all.low < all.value && all.value < all.high)
    #expect(all.low > 0.5 && all.high < 0.85)
    #expect(few.high - few.low > all.high - all.low)
  }

  @Test func whatDoesNotVaryHasNone() {
    #expect(RankCorrelation([1, 2, 3, 4], [5, 5, 5, 5], random: random).value.isNaN)
    #expect(RankCorrelation([1, 2, .nan, 4], [1, 2, 3, 4], random: random).count == 3)
  }
}

@Suite(.inTurn) struct SignalIntervalTests {
  @Test func studentsQuantiles() {
    for (freedom, value) in [(1, 12.706), (3, 3.182), (10, 2.228), (20, 2.086), (99, 1.984)] {
      #expect(abs(SignalInterval.studentQuantile(freedom) - value) < 2e-3)
    }
  }
}

@Suite(.inTurn) struct SoftmaxRobustnessTests {
  private func prediction(_ p: [Double]) -> Prediction {
    Prediction(
      logProbabilities: Tensor(shape: [1, p.count], elements: p.map { log($0) }), votes: Tensor(zeros: [1, p.count]))
  }

  @Test func byHand() {
    let clean = prediction([0.7, 0.2, 0.1])
    let adversarial = prediction([0.3, 0.5, 0.2])
    #expect(abs(SoftmaxRobustness.once(clean, adversarial).value - 0.6) < 1e-12)
  }

  @Test func aSecondSoftmaxHidesAFlip() {
    let e = 1e-300
    let clean = prediction([1] + Array(repeating: e, count: 9))
    let adversarial = prediction([e, 1] + Array(repeating: e, count: 8))
    #expect(SoftmaxRobustness.once(clean, adversarial).value < 1e-12)
    #expect(abs(SoftmaxRobustness.twice(clean, adversarial).value - (1 - (M_E - 1) / (M_E + 9))) < 1e-12)
  }
}

@Suite(.inTurn) struct QuantityBandsTests {
  @Test func aNumberLeavesItsBandBeyondFourErrorsOfTheDifference() {
    let reference = [Quantity("a/x", 1, error: 0.3), Quantity("b/x", 5, error: 0)]
    func departures(_ a: Double) -> Int {
      QuantityBands.departures(of: [Quantity("a/x", a, error: 0.4)], from: reference).count
    }
    #expect(departures(1 + 1.99) == 0)
    #expect(departures(1 + 2.01) == 1)
    #expect(departures(1 - 2.01) == 1)
    #expect(departures(.nan) == 1)
  }

  @Test func aNumberWithoutReferenceIsADeparture() {
    #expect(QuantityBands.departures(of: [Quantity("c", 1, error: 1)], from: []).count == 1)
  }

  @Test func aNumberThatTheRunLacksIsADeparture() {
    let reference = ["a/x", "a/y", "b/x"].map { Quantity($0, 1, error: 1) }
    let departures = QuantityBands.departures(of: [Quantity("a/x", 1, error: 1)], from: reference)
    // Of experiments that were run; others need not be.
    #expect(departures.map(\.description) == ["a/y: the run does not have it"])
  }

  @Test func theFileReadsBack() {
    let quantities = [Quantity("a/b c", -3364.805, error: 13.42), Quantity("d", 0.5, error: 0.01)]
    #expect(QuantityBands.parse(QuantityBands.csv(quantities)) == quantities)
  }
}

@Suite(.inTurn) struct FigureTests {
  @Test func theScriptDrawsBothFormatsInOneStyle() {
    var figure = Figure(name: "name", width: 300, height: 200)
    let block = figure.block([[1, 2], [.nan, 0.5]])
    figure.add("plot \(block) using 1:2 with lines")
    let text = """
      # Draws name.svg; with  gnuplot -e "format='png'" name.gp  name.png
      if (!exists("format")) format = "svg"
      if (format eq "png") {
        set terminal pngcairo size 300,200 font "DejaVu Sans,11" background "#ffffff"
        set output "name.png"
      } else {
        set terminal svg size 300,200 font "DejaVu Sans,11" background "#ffffff"
        set output "name.svg"
      }
      set encoding utf8
      set border 3 linecolor rgb "#444444"
      set tics nomirror textcolor rgb "#222222"
      set grid ytics linecolor rgb "#dddddd" linetype 1 linewidth 0.5
      set key font ",10" spacing 1.1
      set style fill solid 0.8 noborder
      set bars small
      $data1 << EOD
      1 2
      NaN 0.5
      EOD
      plot $data1 using 1:2 with lines

      """
    #expect(figure.script == text)
  }
}

@Suite(.inTurn) struct ManifoldTests {
  private let folder: String

  init() throws { folder = try makeFolder().path }

  @Test func embeddedMoonsKeepDistancesAndTangents() throws {
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let catalog = DataCatalog(folder: folder, dataFolder: nil)
    let flat = try catalog.load(.named("half-moons-noise-free"))
    let lifted = try catalog.load(.embeddedMoons(dimension: 10))
    let a = flat.dataset.test!.examples([0, 1, 2, 3]).inputs
    let b = lifted.dataset.test!.examples([0, 1, 2, 3]).inputs
    for (i, j) in [(0, 1), (1, 2), (2, 3)] {
      func distance(_ t: Tensor) -> Double {
        zip(t[row: i], t[row: j]).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }.squareRoot()
      }
      #expect(abs(distance(a) - distance(b)) < 1e-6)
    }
    // The tangent in the plane, lifted: its product with a lifted difference is that in the plane.
    let difference = zip(b[row: 0], b[row: 1]).map { $0 - $1 }
    let plane = zip(a[row: 0], a[row: 1]).map { $0 - $1 }
    let product = zip(difference, lifted.frames![0].vectors[0]).reduce(0) { $0 + $1.0 * $1.1 }
    let expected = zip(plane, flat.frames![0].vectors[0]).reduce(0) { $0 + $1.0 * $1.1 }
    #expect(abs(product - expected) < 1e-6)
  }

  @Test func theSplitIsExactOnASphere() throws {
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let data = try DataCatalog(folder: folder, dataFolder: nil).load(.spheres(dimension: 5))
    let frame = data.frames![7]
    let x = Array(data.dataset.test!.examples([7]).inputs.elements)
    let radius = x.reduce(0) { $0 + $1 * $1 }.squareRoot()
    #expect(abs(radius - 1.3) < 1e-6)
    let gradient = DrawGradients([0.3, -1, 2, 0.5, 0.1], dimension: 5, chainCount: 1)
    let (normal, tangent) = gradient.split(tangents: frame.vectors)
    let along = zip(tangent.values, frame.vectors[0]).reduce(0) { $0 + $1.0 * $1.1 }
    #expect(abs(along) < 1e-12)
    #expect(zip(zip(normal.values, tangent.values), gradient.values).allSatisfy { abs($0.0 + $0.1 - $1) < 1e-12 })
    #expect(zip(frame.vectors[0], x).allSatisfy { abs($0 * radius - $1) < 1e-6 })
  }
}
