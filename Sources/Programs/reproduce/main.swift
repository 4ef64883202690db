import BuiltInPlugins
import PaperExperiments

Reproduce.run(samplers: .builtIn, companions: .builtIn)
