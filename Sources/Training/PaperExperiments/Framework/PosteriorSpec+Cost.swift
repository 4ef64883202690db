import NeuralNetworks
import TrainingHarness

extension PosteriorSpec {
  /// The network of the draws.
  ///
  /// - Throws: A sentence about an architecture that does not fit the data.
  func network(inputShape: [Int], classCount: Int) throws -> Architecture {
    try Train.architecture(options.architecture ?? "dense:512,512,relu", inputShape: inputShape, classCount: classCount)
  }

  /// Seconds that making it takes on two cores, roughly: floating-point operations over the speed of small matrix
  /// products.
  ///
  /// - Throws: What ``network(inputShape:classCount:)`` throws.
  func expectedSeconds(inputShape: [Int], classCount: Int, trainingExamples: Int) throws -> Double {
    guard case .trained(let sampler) = making else { return 0.1 }
    func number(_ name: String, _ fallback: Double) -> Double { samplerOptions[name].flatMap(Double.init) ?? fallback }
    let network = try network(inputShape: inputShape, classCount: classCount)
    let examples = Double(min(options.trainingExamples ?? .max, trainingExamples))
    let units = network.hiddenUnits
    // Forward, and the gradient twice that, of weights and of biases.
    var operations = 3 * network.operationsPerExample + 6 * Double(units + classCount)
    // Narrow layers spend their time on everything but products: so much for each example, and for each unit.
    operations += 7500 + 120 * Double(units)
    let pass = operations * examples / Self.operationsPerSecond
    switch sampler {
    case "hmc":
      // Where the number of steps follows from a length, it stays below its bound.
      let steps = number("leapfrog-steps", 0.8 * number("max-leapfrog-steps", 60))
      let map = options.start == "prior" ? 0 : options.mapIterations ?? 500
      let transitions = number("warmup", 200) + Double(options.draws ?? 250)
      return pass * Double(options.chains ?? 4) * (Double(map) + transitions * steps) + 0.5
    case "vi": return pass * 3 * number("epochs", 50) + 0.5
    default: return pass * Double(options.members ?? 1) * number("epochs", 10) * 1.5 + 0.3
    }
  }

  /// Of small single-precision products on two cores, with everything around them.
  private static let operationsPerSecond = 4e11
}

extension Architecture {
  /// Numbers that hidden layers with weights put out for an example.
  fileprivate var hiddenUnits: Int {
    zip(layers, layerShapes).dropLast().reduce(0) { total, entry in
      entry.0.kind is Dense || entry.0.kind is Convolution ? total + entry.1.reduce(1, *) : total
    }
  }
}
