import Datasets
import Foundation
import NeuralNetworks
import RobustnessCore
import SGDEnsemble
import TestSupport
import Testing

@Suite("Trained networks", .inTurn)
struct SGDEnsembleTests {
  private let streams = RandomStreams(seed: 31, purpose: "test/sgd")
  private func chain(_ number: Int) -> RandomStreams { streams.streams(for: "chain-\(number)") }

  @Test(
    "the logistic regression ends at the maximum a posteriori that Newton's method finds",
    arguments: TrainingOptions.Optimizer.allCases, [60, 20])
  func maximum(optimizer: TrainingOptions.Optimizer, batchSize: Int) throws {
    let problem = try LogisticRegression()
    var options = TrainingOptions()
    options.optimizer = optimizer
    options.batchSize = batchSize
    options.epochs = 3000
    options.learningRate = optimizer == .adam ? 0.02 : 0.05
    options.schedule = .cosine
    let sampler = try SingleNetwork(options)
    let state = try sampler.warmedUp(problem.posterior, random: chain(0))
    let exact = problem.maximum()
    let furthest = zip(sampler.draw(of: state), exact).map { abs(Double($0) - $1) }.max()!
    #expect(furthest < 1e-3)
  }

  @Test("without the prior the weights are larger, and the loss smaller")
  func regularization() throws {
    let problem = try LogisticRegression()
    func train(_ regularization: TrainingOptions.Regularization) throws -> (norm: Double, loss: Double) {
      var options = TrainingOptions()
      options.regularization = regularization
      options.epochs = 1000
      options.learningRate = 0.02
      let sampler = try SingleNetwork(options)
      let state = try sampler.warmedUp(problem.posterior, random: chain(0))
      return (sampler.draw(of: state).reduce(0) { $0 + Double($1 * $1) }, try #require(state.loss))
    }
    let (with, without) = (try train(.prior), try train(.none))
    #expect(without.norm > 1.2 * with.norm)
    #expect(without.loss < with.loss)
  }

  private let layers: [Architecture.Layer] = [
    .flatten, .dense(name: "a", units: 16, activation: .leakyReLU),
    .dense(name: "b", units: 10, activation: .identity),
  ]

  @Test("members differ, a seed repeats its bits, and threads change none")
  func members() throws {
    var options = TrainingOptions()
    options.epochs = 2
    options.batchSize = 64
    let sampler = try DeepEnsemble(options)
    func member(_ number: Int, threads: Int = 1) throws -> [Float] {
      let posterior = try randomPosterior(layers, inputShape: [1, 28, 28], count: 300, threads: threads)
      return sampler.draw(of: try sampler.warmedUp(posterior, chain: number, random: chain(number)))
    }
    let first = try member(0)
    #expect(try member(0) == first)
    #expect(try member(0, threads: 2) == first)
    #expect(try member(1) != first)
    #expect(DeepEnsemble.yield == .networks && BootstrapEnsemble.yield == .resampledNetworks)
  }

  @Test("a given start is where a network begins; otherwise its weights have the scale of the inputs' number")
  func start() throws {
    let posterior = try randomPosterior(layers, inputShape: [1, 28, 28], count: 30)
    let sampler = try SingleNetwork()
    let given = (0..<posterior.dimension).map { Float($0) }
    #expect(
      sampler.draw(of: try sampler.initialState(of: posterior, at: given, chain: 0, random: chain(0))) == given)
    let own = sampler.draw(of: try sampler.initialState(of: posterior, at: [], chain: 0, random: chain(0)))
    let weights = own[..<(784 * 16)].map { Double($0) }
    let variance = weights.reduce(0) { $0 + $1 * $1 } / Double(weights.count)
    #expect(abs(variance / (2 / 1.0001 / 784) - 1) < 4 * (2 / Double(weights.count)).squareRoot())
    #expect(own[(784 * 16)..<(785 * 16)].allSatisfy { $0 == 0 })
    #expect(SingleNetwork.defaultStart == .own)
  }

  @Test("a bootstrap member trains on as many examples, drawn with replacement")
  func bootstrap() throws {
    let posterior = try randomPosterior(layers, inputShape: [1, 28, 28], count: 2000)
    let sampler = try BootstrapEnsemble()
    let (first, second) = (
      sampler.examples(of: posterior, random: chain(0)), sampler.examples(of: posterior, random: chain(1))
    )
    #expect(first.count == 2000 && first.allSatisfy { (0..<2000).contains($0) })
    #expect(first != second)
    #expect(first == sampler.examples(of: posterior, random: chain(0)))
    // A share of 1 − 1/e of the examples is drawn at least once; its standard deviation is 0.31/√N.
    let (share, error) = (Double(Set(first).count) / 2000, 0.312 / 2000.0.squareRoot())
    #expect(abs(share - 0.632121) < 4 * error)
    // And they are what the network sees: with one batch an epoch, its first loss is theirs.
    var options = TrainingOptions()
    options.batchSize = 2000
    options.regularization = .none
    let full = try BootstrapEnsemble(options)
    let state = try full.initialState(of: posterior, at: [], chain: 0, random: chain(0))
    let step = try full.step(state, of: posterior, random: chain(0))
    let logLikelihood = try full.draw(of: state).withUnsafeBufferPointer {
      try posterior.logLikelihood($0, examples: first, gradient: nil)
    }
    #expect(abs(step.info.loss + logLikelihood / 2000) < 1e-6)
  }

  @Test("a state that was coded goes on with the same bits", arguments: TrainingOptions.Optimizer.allCases)
  func resume(optimizer: TrainingOptions.Optimizer) throws {
    let posterior = try randomPosterior(layers, inputShape: [1, 28, 28], count: 300)
    var options = TrainingOptions()
    options.optimizer = optimizer
    options.epochs = 5
    options.batchSize = 64
    options.schedule = .step
    options.decayEpochs = 2
    let sampler = try BootstrapEnsemble(options)
    let uncut = try sampler.warmedUp(posterior, random: chain(2))
    var state = try sampler.initialState(of: posterior, at: [], chain: 0, random: chain(2))
    while sampler.warmup(of: state) != nil {
      state = try sampler.step(state, of: posterior, random: chain(2)).state
      state = try JSONDecoder().decode(TrainedNetwork.self, from: JSONEncoder().encode(state))
    }
    #expect(sampler.draw(of: state) == sampler.draw(of: uncut))
    // The step after the epochs gives the draw.
    let drawn = try sampler.step(state, of: posterior, random: chain(2))
    #expect(sampler.draw(of: drawn.state) == sampler.draw(of: uncut) && drawn.info.loss == uncut.loss!)
  }

  @Test("a small network tells the half-moons apart", arguments: TrainingOptions.Optimizer.allCases)
  func halfMoons(optimizer: TrainingOptions.Optimizer) throws {
    let moons = HalfMoons(count: 3000).dataset
    let architecture = try Architecture(
      inputShape: [2], classCount: 2,
      layers: [
        .dense(name: "a", units: 32, activation: .leakyReLU), .dense(name: "b", units: 32, activation: .leakyReLU),
        .dense(name: "c", units: 2, activation: .identity),
      ])
    let examples = moons.train.examples()
    let posterior = try BayesianNetwork(
      architecture: architecture, prior: GaussianPrior(.global(1), architecture: architecture),
      examples: TrainingExamples(
        floats: examples.inputs.elements.map { Float($0) }, inputShape: [2], labels: moons.train.labels))
    var options = TrainingOptions()
    options.optimizer = optimizer
    options.learningRate = optimizer == .adam ? 0.01 : 0.1
    options.epochs = 60
    let sampler = try SingleNetwork(options)
    let weights = sampler.draw(of: try sampler.warmedUp(posterior, random: chain(4)))
    let network = try Network(architecture: architecture, parameters: weights)
    let test = try #require(moons.test).examples()
    let logits = try network.logits(test.inputs)
    let correct = test.labels.indices.count { row in
      let row = (logits[row: row], test.labels[row])
      let values = Array(row.0)
      return (values[1] > values[0] ? 1 : 0) == row.1
    }
    #expect(Double(correct) / Double(test.labels.count) > 0.95)
  }

  @Test("the paper's grid can be asked for, and options that make no sense are refused")
  func options() throws {
    for epochs in [3, 5, 7, 9, 12, 15] {
      for batch in [128, 256, 512, 1024] {
        let options = try TrainingOptions(
          assignments: ["learning-rate": "0.001", "epochs": "\(epochs)", "batch-size": "\(batch)", "optimizer": "sgd"])
        #expect(options.epochs == epochs && options.batchSize == batch && options.optimizer == .sgd)
        _ = try DeepEnsemble(options)
      }
    }
    for assignments in [
      ["epochs": "0"], ["momentum": "1"], ["learning-rate": "0"], ["decay": "2"], ["batch-size": "-3"],
      ["optimizer": "lbfgs"],
    ] {
      #expect(throws: CoreError.self, "\(assignments)") {
        try SingleNetwork(TrainingOptions(assignments: assignments))
      }
    }
  }
}
