import TestSupport
import Testing

@testable import Diagnostics

@Suite(.inTurn) struct `Quantiles of distributions` {
  /// By mpmath with 40 digits (700 for the far tail).
  @Test(arguments: [
    (1e-300, -37.047096299361199237), (1e-10, -6.3613409024040562), (0.001, -3.09023230616781354),
    (0.02425, -1.97296105131188485), (0.3, -0.524400512708040784), (0.5, 0), (0.9, 1.28155156554460047),
  ])
  func `of the normal`(_ p: Double, _ expected: Double) {
    #expect(abs(normalQuantile(p) - expected) <= 1e-15 * max(1, abs(expected)) * 2)
  }

  @Test func `of the normal at the ends`() {
    #expect(normalQuantile(0) == -.infinity)
    #expect(normalQuantile(1) == .infinity)
    #expect(normalQuantile(-0.1).isNaN)
  }

  /// By SciPy 1.17.
  @Test(arguments: [
    (0.1586553, 1.5, 20, 0.020382370829610214), (0.8413447, 101, 101, 0.5351797625186538),
    (0.1586553, 1800.2, 94.8, 0.9449732014567984), (0.5, 1, 1, 0.5), (0.01, 0.5, 0.5, 0.00024671981713422146),
  ])
  func `of the beta distribution`(_ p: Double, _ a: Double, _ b: Double, _ expected: Double) {
    #expect(abs(betaQuantile(p, a, b) / expected - 1) < 1e-11)
  }
}
