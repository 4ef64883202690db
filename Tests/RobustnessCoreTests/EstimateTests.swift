import RobustnessCore
import TestSupport
import Testing

@Suite(.inTurn) struct `Estimates` {
  /// Newcombe (Statistics in Medicine 1998), Table I, method 3: Wilson's score interval without continuity correction,
  /// four digits.
  @Test(arguments: [
    (81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0, 0.1611), (1, 29, 0.0061, 0.1718),
  ])
  func `Wilson's interval is Newcombe's`(_ successes: Int, _ count: Int, _ low: Double, _ high: Double) throws {
    let estimate = Estimate.proportion(successes, of: count)
    #expect(abs(try #require(estimate.low) - low) < 5.1e-5)
    #expect(abs(try #require(estimate.high) - high) < 5.1e-5)
    #expect(estimate.value == Double(successes) / Double(count))
  }

  @Test func `an interval ends at 0 and 1 exactly where the rate does`() {
    #expect(Estimate.proportion(0, of: 500).low == 0)
    #expect(Estimate.proportion(500, of: 500).high == 1)
    #expect(Estimate.proportion(0, of: 0).value.isNaN)
  }

  @Test func `a mean has ± 1.96 standard errors`() throws {
    // Standard deviation of 1…5 is √2.5.
    let estimate = Estimate.mean(of: [1, 2, 3, 4, 5], unit: "nat")
    #expect(estimate.value == 3)
    #expect(abs(try #require(estimate.high) - 4.3859038) < 1e-7)
    #expect(abs(try #require(estimate.low) - 1.6140962) < 1e-7)
  }

  @Test func `a mean's interval is cut where the mean cannot be`() {
    let estimate = Estimate.mean(of: [0, 1, 0, 1], unit: "probability", within: 0...1)
    #expect(estimate.low! >= 0 && estimate.high! <= 1)
    #expect(Estimate.mean(of: [0, 0, 9], unit: "nat", within: 0...(.infinity)).low == 0)
  }

  @Test func `an infinite mean has no interval`() {
    let estimate = Estimate.mean(of: [1, .infinity], unit: "nat")
    #expect(estimate.value == .infinity && estimate.low == nil && estimate.high == nil && estimate.count == 2)
  }
}

@Suite(.inTurn) struct `Paired comparisons` {
  /// Outcomes with the four counts of a table of pairs.
  func compare(both: Int, onlyFirst: Int, onlySecond: Int, neither: Int) -> PairedComparison {
    func pairs(_ a: Bool, _ b: Bool, _ count: Int) -> [(Bool, Bool)] { [(Bool, Bool)](repeating: (a, b), count: count) }
    let all =
      pairs(true, true, both) + pairs(true, false, onlyFirst) + pairs(false, true, onlySecond)
      + pairs(false, false, neither)
    return PairedComparison(all.map(\.0), all.map(\.1))
  }

  /// Approval of the prime minister in two surveys (Agresti, Categorical Data Analysis, 2nd edition, Table 10.1).
  @Test func `Agresti's approval ratings`() {
    let ratings = compare(both: 794, onlyFirst: 150, onlySecond: 86, neither: 570)
    #expect(ratings.difference == 0.04)
    // The book gives (0.02, 0.06); with half an observation in each cell, by mpmath:
    #expect(abs(ratings.low - 0.021217189) < 1e-8)
    #expect(abs(ratings.high - 0.058682936) < 1e-8)
    #expect(abs(ratings.pValue - 3.71593613957e-5) < 1e-15)
  }

  /// Two media for growing tubercle bacilli (Armitage and Berry 1994, p. 127): exact two-sided P = 0.0129.
  @Test func `Armitage and Berry's media`() {
    let media = compare(both: 20, onlyFirst: 12, onlySecond: 2, neither: 16)
    #expect(abs(media.pValue - 0.0129) < 5e-5)
    #expect(media.difference == 0.2)
  }

  @Test func `no discordant pairs are no evidence`() {
    let same = compare(both: 30, onlyFirst: 0, onlySecond: 0, neither: 20)
    #expect(same.pValue == 1 && same.difference == 0)
    #expect(same.low < 0 && same.high > 0)
  }

  @Test func `equally many either way are no evidence`() {
    #expect(compare(both: 0, onlyFirst: 5, onlySecond: 5, neither: 0).pValue == 1)
  }

  @Test func `many pairs do not overflow the binomial`() {
    // By mpmath
    #expect(abs(compare(both: 0, onlyFirst: 500, onlySecond: 400, neither: 0).pValue / 0.000956444136919 - 1) < 1e-9)
  }

  @Test func `the first rate minus the second`() {
    #expect(compare(both: 0, onlyFirst: 1, onlySecond: 3, neither: 0).difference == -0.5)
  }
}

@Suite(.inTurn) struct `The worst case over runs` {
  @Test func `takes the minimum of each example, not of the means`() {
    // Each run leaves half of the examples correct, both together none.
    let worst = WorstCase([[true, false, true, false], [false, true, false, true]])
    #expect(worst.correct == [false, false, false, false])
    #expect(worst.accuracy.value == 0)
  }

  @Test func `has the Wilson interval of its examples`() {
    let runs = [(0..<263).map { $0 < 100 }, (0..<263).map { $0 >= 19 }]
    // 81 of 263: Newcombe 1998.
    let accuracy = WorstCase(runs).accuracy
    #expect(accuracy.value == 81.0 / 263)
    #expect(abs(accuracy.low! - 0.2553) < 5.1e-5 && abs(accuracy.high! - 0.3662) < 5.1e-5)
  }

  @Test func `of no runs is of no examples`() {
    #expect(WorstCase([]).accuracy.count == 0)
  }
}

@Suite(.inTurn) struct `The best points` {
  @Test func `success comes before value, and the earlier of equals stays`() {
    let start = Tensor(shape: [3, 1], elements: [0, 0, 0])
    var best = BestPoints(fallback: start)
    let tensor = { (x: Double) in Tensor(repeating: x, shape: [3, 1]) }
    best.consider(tensor(1), values: [5, 5, 5], successes: [false, true, false])
    best.consider(tensor(2), values: [1, 9, 5], successes: [true, false, false])
    best.consider(tensor(3), values: [0.5, 6, .nan], successes: [true, true, false])
    #expect(best.points.elements == [2, 3, 1])
    #expect(best.values == [1, 6, 5])
    #expect(best.successes == [true, true, false])
  }

  @Test func `a point of no value still replaces the fallback`() {
    var best = BestPoints(fallback: Tensor(zeros: [1, 1]))
    best.consider(Tensor(repeating: 1, shape: [1, 1]), values: [.nan], successes: [false])
    #expect(best.points.elements == [1])
  }
}
