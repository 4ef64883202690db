import TestSupport
import Testing

@testable import RobustnessCore

/// What a sampler recorded, and what room was made for only.
@Suite(.inTurn) struct RecordedStatisticsTests {
  /// Log-densities of two chains of six draws.
  private static let sound = [-3.2, -2.9, -3.8, -3.1, -2.7, -3.3, -3.0, -3.5, -2.8, -3.6, -3.4, -2.6]

  private func absences(_ statistics: [String: [Double]], chains: Int = 2) -> [String] {
    RecordedStatistics(statistics, chainCount: chains).absences.map { "\($0.name) \($0.sentence)" }
  }

  @Test func `what was recorded is kept`() {
    let recorded = RecordedStatistics(
      ["lp": Self.sound, "step_size": [Double](repeating: 0.1, count: 12), "tree": [Double](repeating: 0, count: 12)],
      chainCount: 2)
    #expect(recorded.absences.isEmpty)
    #expect(recorded.values.keys.sorted() == ["lp", "step_size", "tree"])
  }

  @Test(
    arguments: [
      (0.0, "is 0 in every draw"), (-0.0, "is 0 in every draw"), (.nan, "is NaN in every draw"),
      (RecordedStatistics.netCDFFill, "is 9.969209968386869e+36 in every draw"),
    ], ["lp", "energy", "acceptance_rate", "step_size", "n_steps", "energy_error"])
  func `a statistic of nothing but zeros, NaN or netCDF's filling was not recorded`(
    _ blank: (value: Double, sentence: String), _ name: String
  ) {
    let recorded = RecordedStatistics([name: [Double](repeating: blank.value, count: 12)], chainCount: 2)
    #expect(recorded.absences.map { "\($0.name) \($0.sentence)" } == ["\(name) \(blank.sentence)"])
    #expect(recorded.values.isEmpty)
  }

  @Test func `a chain that recorded nothing takes the statistic with it`() {
    let half = Array(Self.sound.prefix(6)) + [Double](repeating: 0, count: 6)
    #expect(absences(["lp": half]) == ["lp is 0 in every draw of chain 1"])
    #expect(absences(["acceptance_rate": half]) == ["acceptance_rate is 0 in every draw of chain 1"])
  }

  @Test func `a chain that stopped recording is told from one draw at zero`() {
    var energies = Self.sound
    for draw in 4..<6 { energies[draw] = 0 }
    #expect(absences(["energy": energies]) == ["energy is 0 from draw 4 of chain 0 on"])
    // Log-densities that are relative to the best are zero there.
    #expect(absences(["lp": Self.sound.map { $0 + 2.6 }]).isEmpty)
    // Proposals that all are rejected at the end are no missing numbers.
    #expect(absences(["acceptance_rate": [0.9, 0.8, 0, 0, 0.7, 0.9, 1, 1, 0.8, 0, 0, 0]]).isEmpty)
  }

  @Test func `a log-density that is not a number here and there was recorded`() {
    var lp = Self.sound
    lp[3] = .nan
    #expect(absences(["lp": lp]).isEmpty)
  }

  @Test func `netCDF's filling is no number wherever it stands`() {
    var lp = Self.sound
    lp[7] = Double(Float(9.969_209_968_386_869e36))
    #expect(
      absences(["lp": lp]) == ["lp is 9.969209968386869e+36, which netCDF fills with, in draw 1 of chain 1"])
  }

  @Test func `no divergence counts where something else was recorded, or nothing else was to be`() {
    let none = [Double](repeating: 0, count: 12)
    #expect(absences(["diverging": none]).isEmpty)
    #expect(absences(["diverging": none, "lp": Self.sound]).isEmpty)
    #expect(absences(["diverging": none, "lp": none, "step_size": [Double](repeating: 0.1, count: 12)]).count == 1)
    #expect(
      absences(["diverging": none, "lp": none, "energy": none]) == [
        "diverging is 0 in every draw, as is what else was to be recorded", "energy is 0 in every draw",
        "lp is 0 in every draw",
      ])
  }
}
