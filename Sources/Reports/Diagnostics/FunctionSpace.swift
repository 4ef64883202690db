public import RobustnessCore

/// What Markov chains say about some inputs: the log-probability of one class at each of them, as chains × draws.
///
/// Weights can be permuted without changing the function, so that chains may disagree in every weight and agree in
/// everything they say. Convergence is judged here.
public struct FunctionSpace: Sendable {
  /// Inputs whose predictions are compared between draws: as many as a diagnosis needs, whatever the size of the data.
  public static let exampleLimit = 100

  /// For each input, chains × draws of the log-probability, in nat.
  public let logProbabilities: [[[Double]]]

  /// Reads the log-probabilities of one class for each input.
  ///
  /// - Parameters:
  ///   - members: Log-probabilities, shape (draws, inputs, classes).
  ///   - classes: For each input, the class to look at: the label, where there is one.
  ///   - chains: For each chain, the positions of its draws in `members`, in order; equally many.
  public init(_ members: Tensor, classes: [Int], chains: [[Int]]) {
    let inputs = members.shape[1]
    let classCount = members.shape[2]
    logProbabilities = (0..<inputs).map { input in
      chains.map { chain in chain.map { members.elements[($0 * inputs + input) * classCount + classes[input]] } }
    }
  }

  init(logProbabilities: [[[Double]]]) { self.logProbabilities = logProbabilities }

  /// R-hat at each input.
  public var rHats: RHatSummary { RHatSummary(logProbabilities) }

  /// R-hat with chains and draws exchanged, the ninth decile; NaN where there are no more chains than draws, and where
  /// it is not defined.
  public var exchangedAxes: Double {
    guard let chains = logProbabilities.first, let length = chains.map(\.count).min(), chains.count > length else {
      return .nan
    }
    return RHatSummary(logProbabilities.map { chains in (0..<length).map { draw in chains.map { $0[draw] } } })
      .ninthDecile
  }
}
