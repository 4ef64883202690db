import BuiltInPlugins
import SharedBenchmark

try await Benchmark.run(attacks: .builtIn, certificates: .builtIn, companions: .builtIn)
