extension Template {
  /// A metric that works: how much probability the label loses.
  var metricSource: String {
    """
    public import RobustnessCore

    #if canImport(Darwin)
    import Darwin
    #elseif canImport(Glibc)
    import Glibc
    #elseif canImport(Musl)
    import Musl
    #endif

    /// How much probability of the label the attack takes away. (Say what your metric is: authors, venue, year, equation.)
    ///
    /// (1/N) Σᵢ p(yᵢ | xᵢ) − p(yᵢ | x′ᵢ): 0 when nothing changes, 1 when certainty of the label becomes certainty of others.
    public struct \(name.type): RobustnessMetric {
      /// `\(name.commandLine)`
      public static let name = "\(name.commandLine)"
      /// One line for `--list-metrics`.
      public static let summary = "mean loss of the predictive probability of the label"

      /// The metric.
      public init() {}

      /// The mean with its interval, unit "probability".
      public func evaluate(_ outcomes: Outcomes) throws -> Estimate {
        let clean = outcomes.clean.prediction.logProbabilities
        let adversarial = outcomes.adversarial.prediction.logProbabilities
        let losses = outcomes.labels.enumerated().map { row, label in
          exp(clean[row, label]) - exp(adversarial[row, label])
        }
        return .mean(of: losses, unit: "probability", within: -1...1)
      }
    }

    """
  }

  var metricReadme: String {
    """
    # \(name.type): `\(name.commandLine)`

    How much probability of the label the attack takes away.

    ## Detailed design
    The mean over all examples, with the interval of the normal approximation. It reads the predictive only, not single draws.

    ## Formula
    (1/N) Σᵢ p(yᵢ | xᵢ) − p(yᵢ | x′ᵢ), where p is the posterior predictive and x′ the input that the attack returned.

    ## Options
    None.

    ## Complexity
    Nothing beside the predictions that the evaluation makes anyway.

    ## Comparison
    `softmax-robustness` takes the class whose probability changes most, whichever it is.

    """
  }

  var metricTest: String {
    """
    \(imports(["RobustnessCore", "RobustnessTesting", "TestSupport", "Testing"]))

    @Suite(.inTurn) struct `The metric \(name.commandLine)` {
      @Test func `keeps every rule`() throws {
        try expectConformance(of: \(name.type).self)
      }

      @Test func `is the mean loss of the label's probability`() throws {
        let sample = try outcomes(
          [0, 1], clean: observed([[0.9, 0.1], [0.2, 0.8]]), adversarial: observed([[0.3, 0.7], [0.4, 0.6]]))
        #expect(isClose(try \(name.type)().evaluate(sample).value, 0.4))
      }
    }

    """
  }
}
