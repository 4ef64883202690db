import BuiltInPlugins
import RobustnessCore
import RobustnessTesting
import TestSupport
import Testing

@Suite(.inTurnEarly) struct `Built-in plugins conform` {
  /// Attacks that ask thousands of questions ask a few hundred here: no rule is about how many there are.
  static let fewQuestions = [
    "feature-guided": ["queries": "150", "playout": "20"], "nes": ["queries": "200"], "rays": ["queries": "200"],
    "square": ["queries": "200"],
  ]

  @Test(arguments: [any Attack.Type].builtIn.map { $0.name })
  func `attacks keep every rule`(_ name: String) throws {
    let attack = try #require([any Attack.Type].builtIn.first { $0.name == name })
    try expectConformance(of: attack, options: Self.fewQuestions[name] ?? [:])
  }

  @Test(arguments: [
    ("pgd", ["restarts": "2", "keep": "last"]), ("pgd", ["preset": "art"]), ("pgd", ["random-start": "false"]),
    ("mifgsm", ["random-start": "true"]), ("mifgsm", ["keep": "last", "decay": "0.5"]),
    ("random", ["distribution": "uniform"]), ("apgd", ["early-stop": "true", "restarts": "2"]),
    ("apgd", ["random-start": "false", "projection": "exact"]), ("fab", ["restarts": "2", "candidates": "1"]),
    ("fmn", ["projection": "sequential"]),
    ("square", ["queries": "100", "vectors": "runs"]),
    ("square", ["queries": "100", "schedule": "absolute", "loss": "run"]),
    ("nes", ["queries": "100", "samples": "10", "step": "0.05", "momentum": "0"]),
    ("feature-guided", ["queries": "100", "pixels": "1", "relative-step": "0.3"]),
  ])
  func `with other options too`(_ name: String, _ options: [String: String]) throws {
    let attack = try #require([any Attack.Type].builtIn.first { $0.name == name })
    try expectConformance(of: attack, options: options)
  }

  @Test(arguments: [any RobustnessMetric.Type].builtIn.map { $0.name })
  func `metrics keep every rule`(_ name: String) throws {
    let metric = try #require([any RobustnessMetric.Type].builtIn.first { $0.name == name })
    try expectConformance(of: metric)
  }
}

// Apart from the others: both take long, and suites run side by side.
@Suite(.inTurnEarly) struct `Built-in samplers conform` {
  @Test(arguments: [any PosteriorSampler.Type].builtIn.map { $0.name })
  func `samplers keep every rule`(_ name: String) throws {
    let sampler = try #require([any PosteriorSampler.Type].builtIn.first { $0.name == name })
    try expectConformance(of: sampler)
  }

  @Test(arguments: [
    ("hmc", ["mass-matrix": "prior"]), ("hmc", ["mass-matrix": "diagonal"]),
    ("hmc", ["step-size": "0.3", "leapfrog-steps": "7", "warmup": "0"]),
    ("vi", ["epochs": "2000", "learning-rate": "0.01"]), ("ensemble", ["optimizer": "sgd", "learning-rate": "0.05"]),
    ("sgd", ["regularization": "none", "schedule": "step", "decay-epochs": "4"]),
  ])
  func `with other options too`(_ name: String, _ options: [String: String]) throws {
    let sampler = try #require([any PosteriorSampler.Type].builtIn.first { $0.name == name })
    try expectConformance(of: sampler, options: options)
  }
}
