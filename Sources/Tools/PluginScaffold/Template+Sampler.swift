extension Template {
  /// A random-walk Metropolis sampler that works.
  var samplerSource: String {
    """
    import Foundation
    public import RobustnessCore

    /// Random-walk Metropolis (Metropolis et al. 1953). (Say what your sampler does: authors, venue, year, equation.)
    ///
    /// A step proposes q′ = q + s·z with z ~ N(0, I) and accepts it with probability min(1, π(q′)/π(q)); a rejected proposal
    /// repeats the position. During the warm-up s moves towards an acceptance of 0.234 (Roberts, Gelman and Gilks 1997).
    public struct \(name.type): PosteriorSampler {
      /// Any density; its gradient is not needed.
      public typealias Target = any LogDensity

      /// Options of the sampler.
      public struct Options: PluginOptions {
        /// Steps before the first draw, during which the scale adapts.
        public var warmup = 1000
        /// s at the start.
        public var scale = 0.1

        /// The defaults.
        public init() {}
      }

      /// All that the next step needs.
      public struct State: Codable, Sendable {
        var position: [Float]
        var value: LogDensityValue
        var scale: Double
        var steps = 0
      }

      /// What a step tells about itself.
      public struct Info: SamplerInfo {
        /// log π of the position that was kept.
        public var logDensity: Double
        /// min(1, π(q′)/π(q)).
        public var acceptanceRate: Double
        /// s of the step.
        public var scale: Double

        /// Under ArviZ's names.
        public var statistics: [(name: String, value: Double)] {
          [("lp", logDensity), ("acceptance_rate", acceptanceRate), ("step_size", scale)]
        }
      }

      /// `\(name.commandLine)`
      public static let name = "\(name.commandLine)"
      /// One line for `--list-samplers`.
      public static let summary = "random-walk Metropolis"

      private let options: Options

      /// The sampler.
      ///
      /// - Throws: `CoreError` when options are out of range.
      public init(_ options: Options) throws {
        guard options.warmup >= 0, options.scale.isFinite, options.scale > 0 else {
          throw CoreError("\(name.commandLine): warmup must not be negative, and scale must be positive")
        }
        self.options = options
      }

      /// The state at `start`.
      public func initialState(
        of target: any LogDensity, at start: [Float], chain: Int, random: RandomStreams
      ) throws -> State {
        State(position: start, value: try value(of: target, at: start.map(Double.init)), scale: options.scale)
      }

      /// One proposal. Its random numbers are keyed by the step, so that a saved state goes on with the same bits.
      public func step(
        _ state: State, of target: any LogDensity, random: RandomStreams
      ) throws -> (state: State, info: Info) {
        var normals = random.stream(example: state.steps)
        var uniform = random.stream(example: state.steps, restart: 1)
        // Rounded before it is judged: the draw in the file is the state of the chain.
        let proposal = zip(state.position, normals.normals(state.position.count)).map {
          Float(Double($0) + state.scale * $1)
        }
        let old = state.position.map(Double.init)
        let new = proposal.map(Double.init)
        let newValue = try value(of: target, at: new)
        let logRatio = new.withUnsafeBufferPointer { new in
          old.withUnsafeBufferPointer { old in
            target.logRatio(
              of: LocatedValue(position: new, value: newValue), to: LocatedValue(position: old, value: state.value))
          }
        }
        let acceptance = logRatio.isNaN ? 0 : min(1, exp(logRatio))
        var next = state
        if uniform.uniforms(1)[0] < acceptance {
          next.position = proposal
          next.value = newValue
        }
        if state.steps < options.warmup {
          next.scale *= exp((acceptance - 0.234) / pow(Double(state.steps + 1), 0.6))
        }
        next.steps += 1
        return (next, Info(logDensity: next.value.total, acceptanceRate: acceptance, scale: state.scale))
      }

      /// Until the last step of the warm-up.
      public func warmup(of state: State) -> WarmupProgress? {
        state.steps < options.warmup ? WarmupProgress(done: state.steps, total: options.warmup) : nil
      }

      /// The position.
      public func draw(of state: State) -> [Float] { state.position }

      private func value(of target: any LogDensity, at position: [Double]) throws -> LogDensityValue {
        try position.withUnsafeBufferPointer { try target.evaluate($0, gradient: nil) }
      }
    }

    """
  }

  var samplerReadme: String {
    """
    # \(name.type): `\(name.commandLine)`

    Steps of a random walk, accepted or rejected so that the draws are of the posterior.

    ## Detailed design
    One evaluation of the log-density for each step, no gradient. Proposals are rounded to single precision before they are judged. The scale adapts during the warm-up and is then fixed.

    ## Formula and paper
    q′ = q + s·z with z ~ N(0, I), accepted with probability min(1, π(q′)/π(q)).

    Metropolis, Rosenbluth, Rosenbluth, Teller and Teller, *Equation of state calculations by fast computing machines*, 1953.

    ## Options and defaults

    | option | default | meaning |
    |---|---|---|
    | `warmup` | 1000 | steps before the first draw |
    | `scale` | 0.1 | s at the start |

    ## Complexity
    One pass over the data for each step. The number of steps for one independent draw grows with the number of parameters: for networks of more than a few hundred weights a gradient is needed.

    ## Comparison with other samplers
    `hmc` follows the gradient and moves much farther with each draw.

    """
  }

  var samplerTest: String {
    """
    \(imports(["Diagnostics", "RobustnessCore", "RobustnessTesting", "TestSupport", "Testing"]))

    @Suite(.inTurn) struct `The sampler \(name.commandLine)` {
      @Test func `keeps every rule`() throws {
        try expectConformance(of: \(name.type).self)
      }

      @Test func `draws from a normal density with its mean and standard deviations`() throws {
        let deviations = [1.0, 2.5]
        let target = NormalDensity(deviations: deviations)
        let sampler = try \(name.type)(.init())
        let chains = try (0..<4).map { chain in
          try sampler.run(target, start: [Float(chain), -1], draws: 5000, chain: chain).draws
        }
        for (parameter, deviation) in deviations.enumerated() {
          let values = chains.map { $0.map { Double($0[parameter]) } }
          #expect(RHat(values).value < 1.05)
          let all = values.flatMap { $0 }
          let mean = all.reduce(0, +) / Double(all.count)
          let spread = (all.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(all.count - 1)).squareRoot()
          #expect(abs(mean) < 4 * MonteCarloError.mean(values))
          #expect(abs(spread - deviation) < 4 * MonteCarloError.standardDeviation(values))
        }
      }
    }

    """
  }
}
