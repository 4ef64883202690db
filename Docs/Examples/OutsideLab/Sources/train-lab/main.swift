import BuiltInPlugins
import OutsideLab
import TrainingHarness

Train.run(samplers: .builtIn + [RandomWalk.self])
