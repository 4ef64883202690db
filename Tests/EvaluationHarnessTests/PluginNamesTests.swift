import BuiltInPlugins
import PGD
import RobustnessCore
import TestSupport
import Testing

@testable import EvaluationHarness

@Suite(.inTurn) struct `The plugins that a program offers` {
  /// An attack of a laboratory that has the name of one here but for the case of letters.
  struct Namesake: Attack {
    static let name = "PGD"
    init(_ options: NoOptions) throws {}
    func perturb(
      _ examples: Examples, within threat: ThreatModel, oracle: inout some AttackOracle, random: RandomStreams
    ) throws -> Tensor { examples.inputs }
  }

  @Test func `two of one name are refused, since one could never be run`() throws {
    let error = #expect(throws: PluginConflict.self) {
      try PluginNames.offer(.builtIn + [Namesake.self], .builtIn)
    }
    #expect(
      error?.description.contains("two attacks are named 'PGD', the types ProjectedGradientDescent and Namesake")
        == true)
  }

  @Test func `names are matched without regard to case`() throws {
    let request = try AttackSpecification("PgD", options: ["steps": "3"]).resolve(among: .builtIn)
    #expect(request.attack.name == ProjectedGradientDescent.name)
  }
}
