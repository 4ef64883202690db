import BuiltInPlugins
import EvaluationHarness
import OutsideLab
import RobustnessCore

let posterior = LogisticPosterior(mean: [4, -3, 2, 1], spread: 1, drawCount: 20)
var stream = RandomStreams(seed: 2, purpose: "outside-lab/inputs").stream(example: 0)
let inputs = Tensor(shape: [200, 4], elements: stream.uniforms(800))
let labels = try posterior.predict(inputs, draws: .all).classes(.predictive)

try await Evaluate.run(
  attacks: .builtIn + [Momentum.self], metrics: .builtIn + [LabelProbability.self], companions: .builtIn,
  ensemble: posterior, data: Examples(inputs: inputs, labels: labels), name: "logistic posterior")
