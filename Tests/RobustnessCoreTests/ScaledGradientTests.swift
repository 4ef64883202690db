import TestSupport
import Testing

@testable import RobustnessCore

@Suite(.inTurn) struct `Scaled gradients` {
  func row(_ values: [Double], _ exponent: Int = 0) -> ScaledGradient {
    var gradient = ScaledGradient(values: Tensor(shape: [1, values.count], elements: values), exponents: [exponent])
    gradient.normalize()
    return gradient
  }

  @Test func `normalising moves the magnitude into the exponent and keeps the value`() {
    let gradient = row([3, -12, 0])
    #expect(gradient.values.elements == [0.1875, -0.75, 0])
    #expect(gradient.exponents == [4])
    #expect(gradient.plain.elements == [3, -12, 0])
  }

  @Test func `rows are divided by their mean magnitude, however small they are`() {
    let rows = ScaledGradient(
      values: Tensor(
        shape: [4, 2], elements: [3, -1, 3 * .leastNonzeroMagnitude, -.leastNonzeroMagnitude, 0, 0, .nan, 1]),
      exponents: [-9000, 0, 0, 0])
    let unit = rows.unitMeanMagnitude
    #expect(unit.elements[0..<6] == [1.5, -0.5, 1.5, -0.5, 0, 0])
    #expect(unit.elements.count { $0.isNaN } == 2)
  }

  @Test func `subnormal rows are normalised too`() {
    let gradient = row([0x1p-1074, -0x1p-1073])
    #expect(gradient.values.elements == [0.25, -0.5])
    #expect(gradient.exponents == [-1072])
  }

  /// Log-probabilities of members are as large as logits, which weights of 10²⁰ make: no machine integer holds their
  /// exponent.
  @Test(arguments: [-1e20, -1e300, 1e20])
  func `a weight beyond any exponent keeps the direction, and adds nothing to what is larger`(_ weight: Double) {
    var alone = row([0, 0], 0)
    alone.accumulate(row([3, -4], 7), logWeights: [weight])
    #expect(alone.values[0, 0] * -4 == alone.values[0, 1] * 3 && alone.values[0, 0] > 0)
    guard weight < 0 else { return }
    var sum = row([1, 2], 0)
    sum.accumulate(row([3, -4], 7), logWeights: [weight])
    #expect(sum == row([1, 2], 0))
  }

  @Test(arguments: [5000, -5000]) func `sums keep digits at 2^±5000`(_ exponent: Int) {
    var sum = row([0, 0])
    sum.accumulate(row([1, 2], exponent), logWeights: [0])
    sum.accumulate(row([3, -1], exponent), logWeights: [0])
    // (4, 1) · 2^exponent
    #expect(sum.values.elements == [0.5, 0.125])
    #expect(sum.exponents == [exponent + 3])
  }

  @Test func `the larger of two far rows wins whatever their order`() {
    for reversed in [false, true] {
      var sum = row([0, 0])
      let far = [row([1, 0], 5000), row([0, 1], -5000)]
      for other in reversed ? far.reversed() : far { sum.accumulate(other, logWeights: [0]) }
      #expect(abs(sum.log2Norms[0] - 5000) < 1e-9)
      #expect(sum.values.elements[0] == 0.5)
    }
  }

  @Test func `weights beyond the range of numbers cancel opposite exponents`() {
    var sum = row([0, 0])
    // e^(5000 ln 2) · 2⁻⁵⁰⁰⁰ = 1
    sum.accumulate(row([3, 4], -5000), logWeights: [5000 * 0.6931471805599453])
    #expect(abs(sum.log2Norms[0] - 2.321928094887362) < 1e-9)
  }

  @Test func `a weight of zero adds nothing`() {
    var sum = row([1, 1])
    sum.accumulate(row([5, 5], 900), logWeights: [-.infinity])
    #expect(sum.plain.elements == [1, 1])
  }

  @Test func `exact zeros are told from tiny rows`() {
    let values = Tensor(shape: [2, 2], elements: [0, 0, 0, 0.5])
    let gradient = ScaledGradient(values: values, exponents: [0, -100_000])
    #expect(gradient.isExactlyZero == [true, false])
    #expect(gradient.log2Norms == [-.infinity, -100_001])
    #expect(gradient.plain.elements == [0, 0, 0, 0])
  }

  @Test func `negation keeps exponents`() {
    #expect(row([1, -2], 7).negated == row([-1, 2], 7))
  }
}

@Suite("Weights and logits that are not numbers", .inTurn)
struct NotANumberTests {
  @Test("show in the sum of gradients instead of ending the program", arguments: [Double.nan, .infinity])
  func accumulate(weight: Double) {
    var sum = ScaledGradient(Tensor(shape: [2, 2], elements: [1, 2, 3, 4]))
    sum.accumulate(ScaledGradient(Tensor(shape: [2, 2], elements: [1, 1, 1, 1])), logWeights: [weight, 0])
    let first = Array(sum.values[row: 0])
    #expect(first.count { $0.isNaN } == 2)
    #expect(Array(sum.plain[row: 1]) == [4, 5])
  }

  @Test("make a logarithm of a sum that is not a number, wherever they stand")
  func logSum() {
    #expect(logSumExp([.nan, 1, 2]).isNaN)
    #expect(logSumExp([1, .nan, 2]).isNaN)
    #expect(logSumExp([1, 2, .nan]).isNaN)
  }
}
