import BuiltInPlugins
import PaperExperiments

Reproduce.run(samplers: .builtIn)
