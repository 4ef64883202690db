import BuiltInPlugins
import EvaluationHarness

try await Evaluate.run(attacks: .builtIn, metrics: .builtIn, certificates: .builtIn, companions: .builtIn)
