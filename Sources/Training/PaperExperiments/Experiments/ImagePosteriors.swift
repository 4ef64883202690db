import TrainingHarness

/// The four posteriors of §5.1: HMC and VI on MNIST and Fashion-MNIST, at a scale.
///
/// The paper's networks (supplement, table 9): HMC on 60,000 images with two hidden layers of 1,024 ReLU units, 500
/// draws, step sizes 0.002 and 0.001, ten steps; VI convolutional with leaky ReLU. Smaller scales take smaller dense
/// networks, with a prior and an integrator with which the posteriors are accurate and their chains move.
struct ImagePosteriors: Sendable {
  /// What is left of the paper's sizes at this scale, in words.
  let reduction: String
  /// HMC and VI on every data set, in the order of the paper's table 1.
  let all: [PosteriorSpec]

  init(scale: Scale, seed: UInt64) {
    let names = scale == .smoke ? ["mnist"] : ["mnist", "fashion-mnist"]
    all = names.flatMap { [Self.hmc($0, scale, seed), Self.vi($0, scale, seed)] }
    reduction = scale.pick(
      "MNIST alone, from 2,000 training images of `Fixtures/`, with dense networks of one hidden layer of 16 units.",
      "HMC samples networks of one hidden layer of 32 units, behind a layer that makes the pixels' mean 0 and their deviation 1, given 25,000 training images; VI fits two hidden layers of 128 to all 60,000 (the paper: two layers of 1,024, and a convolutional network, both on all 60,000).",
      "The paper's sizes: 60,000 training images; HMC with two hidden layers of 1,024 units, VI with the convolutional network of the supplement. (The text says three hidden layers of 512 for VI; the supplement's table says convolutional. This is the supplement's.)"
    )
  }

  /// The prior of the smallest scale: N(0, 0.3²) for every weight and bias.
  static let priorScale = "0.3"

  static func hmc(_ data: String, _ scale: Scale, _ seed: UInt64) -> PosteriorSpec {
    var options = TrainingRequest.Options()
    options.seed = Int(seed)
    options.start = "map"
    options.evaluationExamples = scale.pick(500, 10000, 10000)
    options.chains = 4
    options.draws = scale.pick(25, 63, 125)
    options.prior = scale.pick(.global, .global, .fanIn)
    options.priorScale = scale.pick(priorScale, "0.12", "1.4")
    let samplerOptions: [String: String]
    switch scale {
    case .smoke:
      options.architecture = "dense:16,relu"
      options.mapIterations = 150
      samplerOptions = ["warmup": "40", "leapfrog-steps": "20", "target-acceptance": "0.7"]
    case .laptop:
      // Raw pixels share a mean, which makes one direction of the first layer stiff; with so narrow a prior a hundred
      // steps or so cross it.
      options.architecture =
        data == "mnist" ? "normalize:0.1307:0.3081/dense:32,relu" : "normalize:0.286:0.353/dense:32,relu"
      options.mapIterations = 300
      options.trainingExamples = 25000
      samplerOptions = [
        "warmup": "80", "trajectory-length": "0.2", "max-leapfrog-steps": "120", "target-acceptance": "0.65",
      ]
    case .paper:
      options.architecture = "dense:1024,1024,relu"
      samplerOptions = ["warmup": "100", "step-size": data == "mnist" ? "0.002" : "0.001", "leapfrog-steps": "10"]
    }
    return PosteriorSpec(
      name: "\(data)-hmc", data: .named(data), making: .trained(sampler: "hmc"), options: options,
      samplerOptions: samplerOptions)
  }

  static func vi(_ data: String, _ scale: Scale, _ seed: UInt64) -> PosteriorSpec {
    var options = TrainingRequest.Options()
    options.seed = Int(seed)
    options.evaluationExamples = scale.pick(500, 10000, 10000)
    options.architecture = scale.pick(
      "dense:32,relu", "dense:128,128,relu", data == "mnist" ? "carbone-conv:512" : "carbone-conv:1024")
    options.prior = scale.pick(.global, .global, .fanIn)
    options.priorScale = scale.pick(priorScale, "0.2", "1.4")
    options.draws = scale.pick(100, 250, 500)
    let samplerOptions: [String: String] =
      switch scale {
      case .smoke: ["epochs": "20", "learning-rate": "0.005"]
      case .laptop: ["epochs": "100", "learning-rate": "0.001"]
      case .paper:
        [
          "epochs": data == "mnist" ? "5" : "10", "learning-rate": data == "mnist" ? "0.01" : "0.001",
          "schedule": "constant",
        ]
      }
    return PosteriorSpec(
      name: "\(data)-vi", data: .named(data), making: .trained(sampler: "vi"), options: options,
      samplerOptions: samplerOptions)
  }
}
