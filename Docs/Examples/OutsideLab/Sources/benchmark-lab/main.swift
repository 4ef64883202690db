import BuiltInPlugins
import OutsideLab
import SharedBenchmark

try await Benchmark.run(attacks: .builtIn + [Momentum.self], certificates: .builtIn, companions: .builtIn)
