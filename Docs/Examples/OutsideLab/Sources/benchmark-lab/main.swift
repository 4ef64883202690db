import BuiltInPlugins
import OutsideLab
import SharedBenchmark

try await Benchmark.run(attacks: .builtIn + [Momentum.self], companions: .builtIn)
