import BuiltInPlugins
import TrainingHarness

Train.run(samplers: .builtIn)
