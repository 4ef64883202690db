import RobustnessCore
import TestSupport
import Testing

/// Expected values by mpmath with 40 digits.
@Suite(.inTurn) struct `Functions of the log domain` {
  func expect(_ value: Double, _ expected: Double, within relative: Double = 4e-16) {
    #expect(abs(value - expected) <= relative * abs(expected), "\(value) is not \(expected)")
  }

  @Test(arguments: [
    (-37.5, 5.1755550058018684009e-17), (-36.5, 1.4068617124461466683e-16), (-1, 0.31326168751822283405),
    (0, 0.69314718055994530942), (0.5, 0.97407698418010668087), (37, 37.000000000000000085), (800, 800),
  ])
  func `softplus keeps the small and the large end`(_ x: Double, _ expected: Double) {
    expect(softplus(x), expected)
  }

  @Test(arguments: [
    (-800, -800), (-37.5, -37.500000000000000026), (-36.5, -36.50000000000000007), (-1, -1.1607163753888975774),
    (0, -0.36651292058166432701), (0.5, -0.026264939263746709242), (37, 3.6109179126442244467),
    (800, 6.6846117276679272963),
  ])
  func `log softplus does not underflow`(_ x: Double, _ expected: Double) {
    expect(logSoftplus(x), expected, within: 1e-14)
  }

  @Test(arguments: [
    ([1000, 1000.5, 999], 1001.1041306053367283), ([-1000, -1001, -3000], -999.68673831248177717),
    ([0.1, 0.2, 0.3], 1.3019428482292441307),
  ])
  func `logsumexp neither overflows nor underflows`(_ values: [Double], _ expected: Double) {
    expect(logSumExp(values), expected)
    var running = RunningLogSumExp()
    for value in values { running.add(value) }
    expect(running.value, expected)
  }

  @Test func `logsumexp of nothing, of zeros and of an infinity`() {
    #expect(logSumExp([]) == -.infinity)
    #expect(RunningLogSumExp().value == -.infinity)
    #expect(logSumExp([-.infinity, -.infinity]) == -.infinity)
    #expect(logSumExp([0, .infinity]) == .infinity)
  }

  @Test func `log-odds against a label keep what 1 − p rounds away`() {
    expect(logOddsAgainst(0, logits: [500, 0, -1]), -499.68673831248177717)
    expect(logOddsAgainst(1, logits: [0.3, 1.7, -0.4]), -0.99681395111454207719)
  }

  @Test func `log softmax of far logits is their difference`() {
    #expect(logSoftmax([1000, 0, -1000]) == [0, -1000, -2000])
  }
}
