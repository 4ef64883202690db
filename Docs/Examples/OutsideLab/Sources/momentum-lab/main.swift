import BuiltInPlugins
import EvaluationHarness
import OutsideLab

try await Evaluate.run(attacks: .builtIn + [Momentum.self])
