import BuiltInPlugins
import EvaluationHarness
import OutsideLab

try await Evaluate.run(attacks: .builtIn + [Momentum.self], metrics: .builtIn, companions: .builtIn)
