import Foundation
import PaperExperiments
import RobustnessCore
import TestSupport
import Testing

/// Gradients whose draws are chains of first-order autoregression around a mean.
private func autoregressive(
  dimension: Int, chains: Int, draws: Int, correlation: Double, mean: [Double]? = nil, seed: UInt64
) -> DrawGradients {
  var values: [Double] = []
  for chain in 0..<chains {
    var stream = RandomStreams(seed: seed, purpose: "test/autoregressive").stream(example: chain)
    var state = stream.normals(dimension)
    for _ in 0..<draws {
      let noise = stream.normals(dimension)
      for i in 0..<dimension {
        state[i] = correlation * state[i] + (1 - correlation * correlation).squareRoot() * noise[i]
        values.append(state[i] + (mean?[i] ?? 0))
      }
    }
  }
  return DrawGradients(values, dimension: dimension, chainCount: chains)
}

private let random = RandomStreams(seed: 8, purpose: "test/flips")

@Suite("Statistics of gradients over draws", .inTurn)
struct GradientStatisticsTests {
  @Test("equal gradients have R = 1, cosine 1 and agreement 1")
  func equal() {
    let one: [Double] = [0.3, -2, 1e-3]
    let gradients = DrawGradients((0..<40).flatMap { _ in one }, dimension: 3, chainCount: 4)
    for areDrawsIndependent in [true, false] {
      let signal = MeanGradientSignal(gradients, areDrawsIndependent: areDrawsIndependent)
      #expect(abs(signal.ratio - 1) < 1e-12)
      #expect(signal.ratioError < 1e-12)
      #expect(abs(signal.cancellation - 1) < 1e-12)
      #expect(abs(gradients.meanPairwiseCosine(areDrawsIndependent: areDrawsIndependent) - 1) < 1e-12)
    }
    #expect(gradients.splitHalfSignAgreement == 1)
    #expect(SignFlipTest([gradients], blockLength: 1, random: random).pValue == 0.001)
  }

  @Test("U by its definition: the mean product of two draws, of different chains where they are correlated")
  func definition() {
    let gradients = autoregressive(dimension: 3, chains: 3, draws: 4, correlation: 0.5, seed: 1)
    func mean(_ isPair: (Int, Int) -> Bool) -> Double {
      var sum = 0.0
      var count = 0.0
      for s in 0..<12 {
        for t in 0..<12 where isPair(s, t) {
          sum += zip(gradients[draw: s], gradients[draw: t]).reduce(0) { $0 + $1.0 * $1.1 }
          count += 1
        }
      }
      return sum / count
    }
    let independent = MeanGradientSignal(gradients, areDrawsIndependent: true)
    let chains = MeanGradientSignal(gradients, areDrawsIndependent: false)
    #expect(abs(independent.unbiasedSquaredMean - mean { $0 != $1 }) < 1e-12)
    #expect(abs(chains.unbiasedSquaredMean - mean { $0 / 4 != $1 / 4 }) < 1e-12)
    let square = (0..<12).reduce(0.0) { $0 + gradients[draw: $1].reduce(0) { $0 + $1 * $1 } } / 12
    #expect(abs(chains.meanSquare - square) < 1e-12)
    #expect(abs(chains.ratio - chains.unbiasedSquaredMean / square) < 1e-12)
    // The jackknife by hand: R without each chain.
    let without = (0..<3).map { left -> Double in
      let kept = (0..<3).filter { $0 != left }.flatMap { Array(gradients.values[$0 * 12..<($0 + 1) * 12]) }
      return MeanGradientSignal(
        DrawGradients(kept, dimension: 3, chainCount: 2), areDrawsIndependent: false
      ).ratio
    }
    let average = without.reduce(0, +) / 3
    let error = (2.0 / 3 * without.reduce(0) { $0 + ($1 - average) * ($1 - average) }).squareRoot()
    #expect(abs(chains.ratioError - error) < 1e-12)
  }

  @Test("independent random signs: U is zero within its error, p-values are uniform")
  func nullHypothesis() {
    var deviates: [Double] = []
    var pValues: [Double] = []
    for seed in 0..<UInt64(runsLongTests ? 400 : 100) {
      let gradients = autoregressive(dimension: 20, chains: 1, draws: 50, correlation: 0, seed: seed)
      let signal = MeanGradientSignal(gradients, areDrawsIndependent: true)
      deviates.append(signal.ratio / signal.ratioError)
      pValues.append(
        SignFlipTest([gradients], blockLength: 1, flips: 199, random: random.streams(for: "\(seed)")).pValue)
    }
    let count = Double(deviates.count)
    #expect(abs(deviates.reduce(0, +) / count) < 4 / count.squareRoot() * 1.3)
    // Kolmogorov and Smirnov's distance, beyond its 1 in 10,000 value.
    let sorted = pValues.sorted()
    let distance = sorted.enumerated().map { abs($1 - (Double($0) + 0.5) / count) }.max()!
    #expect(distance < 2.23 / count.squareRoot())
  }

  @Test("a mean gradient of a tenth and of three tenths of the noise, as simulated elsewhere")
  func power() {
    // 784 dimensions, noise of length 1, mean of length 0.1: R = 0.0099.
    let d = 784
    let scale = 1 / Double(d).squareRoot()
    func gradients(_ length: Double) -> DrawGradients {
      // In a random direction.
      var stream = RandomStreams(seed: 5, purpose: "test/direction").stream(example: 0)
      let mean = stream.normals(d).map { length * $0 }
      let raw = autoregressive(dimension: d, chains: 1, draws: 100, correlation: 0, mean: mean, seed: 3)
      return DrawGradients(raw.values.map { $0 * scale }, dimension: d, chainCount: 1)
    }
    for (length, truth) in [(0.1, 0.01 / 1.01), (0.3, 0.09 / 1.09)] {
      let sample = gradients(length)
      let signal = MeanGradientSignal(sample, areDrawsIndependent: true)
      #expect(abs(signal.ratio - truth) < 4 * signal.ratioError)
      #expect(signal.ratioError < 0.3 * truth)
      #expect(SignFlipTest([sample], blockLength: 1, random: random).pValue <= 0.003)
    }
    let none = gradients(0)
    #expect(abs(MeanGradientSignal(none, areDrawsIndependent: true).ratio) < 0.004)
    #expect(abs(none.splitHalfSignAgreement - 0.5) < 0.07)
    // The usual plot cannot tell them apart: 0.1 against √(0.01 + 1/100) = 0.14.
    let signal = MeanGradientSignal(none, areDrawsIndependent: true)
    #expect(abs(signal.cancellation - signal.cancellationWithoutSignal) < 0.01)
    #expect((0.77...0.85).contains(gradients(0.3).splitHalfSignAgreement))
  }

  @Test("autocorrelated draws of zero mean: a test at 5 % rejects 3 to 8 %, and 1 draw a block rejects far more")
  func autocorrelation() {
    let repetitions = runsLongTests ? 2000 : 400
    var rejected = (blocks: 0, single: 0)
    for seed in 0..<UInt64(repetitions) {
      let gradients = autoregressive(dimension: 6, chains: 4, draws: 150, correlation: 0.8, seed: 1000 + seed)
      let length = SignFlipTest.blockLength(gradients)
      let streams = random.streams(for: "auto/\(seed)")
      if SignFlipTest([gradients], blockLength: length, flips: 199, random: streams).pValue <= 0.05 {
        rejected.blocks += 1
      }
      if SignFlipTest([gradients], blockLength: 1, flips: 199, random: streams).pValue <= 0.05 { rejected.single += 1 }
    }
    let rate = Double(rejected.blocks) / Double(repetitions)
    #expect((0.03...0.08).contains(rate))
    #expect(Double(rejected.single) / Double(repetitions) > 0.3)
  }

  @Test("chains: pairs within a chain would call autocorrelation a signal")
  func chains() {
    var within = 0.0
    var between = 0.0
    for seed in 0..<UInt64(60) {
      let gradients = autoregressive(dimension: 10, chains: 4, draws: 50, correlation: 0.95, seed: seed)
      within += MeanGradientSignal(gradients, areDrawsIndependent: true).ratio / 60
      between += MeanGradientSignal(gradients, areDrawsIndependent: false).ratio / 60
    }
    #expect(within > 0.08)
    #expect(abs(between) < 0.03)
  }

  @Test("tangent and normal parts on a sphere are exact")
  func sphere() {
    // Points x on the unit sphere of ℝ⁴: the normal is x. Gradient a·x + b·t with a known tangent t.
    var stream = RandomStreams(seed: 2, purpose: "test/sphere").stream(example: 0)
    func unit(_ v: [Double]) -> [Double] {
      let norm = v.reduce(0) { $0 + $1 * $1 }.squareRoot()
      return v.map { $0 / norm }
    }
    let x = unit(stream.normals(4))
    // An orthonormal basis of the tangent space by Gram and Schmidt.
    var basis: [[Double]] = []
    while basis.count < 3 {
      var v = stream.normals(4)
      for other in [x] + basis {
        let product = zip(v, other).reduce(0) { $0 + $1.0 * $1.1 }
        v = zip(v, other).map { $0 - product * $1 }
      }
      basis.append(unit(v))
    }
    let gradients = DrawGradients(
      (0..<5).flatMap { draw in (0..<4).map { 2 * x[$0] + Double(draw) * basis[1][$0] } }, dimension: 4, chainCount: 1)
    let (tangent, normal) = gradients.split(tangents: basis)
    for draw in 0..<5 {
      for i in 0..<4 {
        #expect(abs(normal[draw: draw][draw * 4 + i] - 2 * x[i]) < 1e-12)
        #expect(abs(tangent[draw: draw][draw * 4 + i] - Double(draw) * basis[1][i]) < 1e-12)
      }
    }
  }

  @Test("gradients of 10⁻¹⁰⁰ have the ratios of gradients of 1, and exponents are brought together")
  func tiny() {
    let large = autoregressive(dimension: 5, chains: 2, draws: 10, correlation: 0, mean: [1, 0, 0, 0, 0], seed: 4)
    let tensor = Tensor(shape: [20, 5], elements: large.values)
    let exponents = (0..<20).map { $0 % 2 == 0 ? -300 : -298 }
    let scaled = Tensor(
      shape: [20, 5], elements: large.values.enumerated().map { $1 * ($0 / 5 % 2 == 0 ? 1 : 0.25) })
    let tiny = DrawGradients(ScaledGradient(values: scaled, exponents: exponents), chainCount: 2)
    let plain = DrawGradients(ScaledGradient(tensor), chainCount: 2)
    #expect(
      abs(
        MeanGradientSignal(tiny, areDrawsIndependent: false).ratio
          - MeanGradientSignal(plain, areDrawsIndependent: false).ratio) < 1e-12)
    #expect(tiny.exponent == -298)
  }

  @Test("where every gradient is zero nothing is claimed")
  func zeros() {
    let zeros = DrawGradients([Double](repeating: 0, count: 30), dimension: 3, chainCount: 2)
    #expect(MeanGradientSignal(zeros, areDrawsIndependent: true).ratio.isNaN)
    #expect(SignFlipTest([zeros], blockLength: 1, random: random).pValue.isNaN)
  }

  @Test("mean squares of inputs with scales of their own are brought together; parts keep the scale")
  func scales() {
    // The first input's gradients are 2⁴⁰ times those of the second, across the manifold ten times as large as along
    // it.
    func gradients(_ exponent: Int, across: Double) -> DrawGradients {
      let rows = (0..<6).flatMap { _ -> [Double] in [1, across] }
      return DrawGradients(
        ScaledGradient(
          values: Tensor(shape: [6, 2], elements: rows), exponents: Array(repeating: exponent, count: 6)), chainCount: 1
      )
    }
    let inputs = [gradients(40, across: 10), gradients(0, across: 1000)]
    let whole = MeanGradientSignal(pooling: inputs, areDrawsIndependent: true)
    let truth = (101 * exp2(80.0) + 1_000_001) / 2
    #expect(abs(whole.plainMeanSquare / truth - 1) < 1e-12)
    let parts = inputs.map { $0.split(tangents: [[1, 0]]) }
    let tangent = MeanGradientSignal(pooling: parts.map(\.tangent), areDrawsIndependent: true)
    let normal = MeanGradientSignal(pooling: parts.map(\.normal), areDrawsIndependent: true)
    let ratio = (100 * exp2(80.0) + 1e6) / (exp2(80.0) + 1)
    #expect(abs(normal.meanSquareRatio(to: tangent) / ratio - 1) < 1e-12)
    let small = gradients(-600, across: 10)
    #expect(abs(MeanGradientSignal(small, areDrawsIndependent: true).meanSquareRatio(to: tangent)) < 1e-300)
  }

  @Test("chains of 25 draws, thinned to their effective size: a test at 5 % does not reject more often")
  func thinned() {
    let count = runsLongTests ? 1000 : 300
    var rejected = 0
    for seed in 0..<UInt64(count) {
      let whole = autoregressive(dimension: 6, chains: 4, draws: 125, correlation: 0.5, seed: 10_000 + seed)
      let kept = (0..<4).flatMap { chain in (0..<25).map { chain * 125 + 5 * $0 } }
      let values: [Double] = kept.flatMap { Array(whole[draw: $0]) }
      let gradients = DrawGradients(values, dimension: 6, chainCount: 4)
      let test = SignFlipTest(
        [gradients], blockLength: SignFlipTest.blockLength(gradients), flips: 99,
        random: random.streams(for: "t\(seed)"))
      if test.pValue <= 0.05 { rejected += 1 }
    }
    // 5 % and four standard errors of the count.
    let rate = Double(rejected) / Double(count)
    #expect(rate <= 0.05 + 4 * (0.05 * 0.95 / Double(count)).squareRoot() && rate > 0.005, "\(rate)")
  }
}
