import BuiltInPlugins
import SharedBenchmark

try await Benchmark.run(attacks: .builtIn, companions: .builtIn)
