extension Template {
  /// A one-step gradient attack that works.
  var attackSource: String {
    """
    public import RobustnessCore

    /// One step from the input along the gradient. (Say what your attack does: authors, venue, year, equation.)
    ///
    /// x′ = Π(x + α·ε·u(∇ₓ J(x))), where u(g) = sign(g) for L∞ and g/‖g‖₂ for L2, J is the objective of the run, and Π
    /// brings the step back into ball and box.
    public struct \(name.type): Attack {
      /// Options of the attack.
      public struct Options: PluginOptions {
        /// Length of the step as a multiple of ε.
        public var relativeStep = 1.0

        /// The defaults.
        public init() {}
      }

      /// `\(name.commandLine)`
      public static let name = "\(name.commandLine)"
      /// One line for `--list-attacks`.
      public static let summary = "one step along the gradient"

      private let options: Options

      /// The attack.
      ///
      /// - Throws: `CoreError` when `relative-step` is negative or not finite.
      public init(_ options: Options) throws {
        guard options.relativeStep.isFinite, options.relativeStep >= 0 else {
          throw CoreError("relative-step must be a number ≥ 0, not \\(options.relativeStep)")
        }
        self.options = options
      }

      /// The points after the step, shape of `examples.inputs`. One gradient query.
      public func perturb(
        _ examples: Examples, within threat: ThreatModel, oracle: inout some AttackOracle, random: RandomStreams
      ) throws -> Tensor {
        var points = examples.inputs
        let ascent = try oracle.ascent(points)
        threat.step(&points, along: ascent.gradient.values, by: .relative(options.relativeStep))
        threat.project(&points, around: examples.inputs)
        return points
      }
    }

    """
  }

  var attackReadme: String {
    """
    # \(name.type): `\(name.commandLine)`

    One step of a multiple of ε from the input along the gradient.

    ## Detailed design
    One gradient query at the input, one step, one projection. Gradients arrive as mantissas with an exponent, so the smallest has a direction; an example whose gradient is exactly zero stays where it is.

    ## Formula and paper
    x′ = Π(x + α·ε·u(∇ₓJ(x))) with u(g) = sign(g) for L∞ and g/‖g‖₂ for L2.

    ## Options and defaults

    | option | default | meaning |
    |---|---|---|
    | `relative-step` | 1 | α, the length of the step as a multiple of ε |

    The norm is the threat model's. Negative or non-finite numbers are refused.

    ## Complexity
    1 member-gradient for each draw and example.

    ## Comparison with Foolbox, torchattacks, ART and CleverHans
    With `relative-step=1` it is their one-step attack.

    """
  }

  var attackTest: String {
    """
    \(imports(["RobustnessCore", "RobustnessTesting", "TestSupport", "Testing"]))

    @Suite(.inTurn) struct `The attack \(name.commandLine)` {
      @Test func `keeps every rule`() throws {
        try expectConformance(of: \(name.type).self)
      }

      /// Two classes with logits ±w·x: every gradient of the loss of class 0 is a positive multiple of −w.
      @Test func `moves every feature with a gradient by ε`() throws {
        let w = [2.0, -1, 0.5, 0]
        let ensemble = ListedEnsemble([LinearNetwork(weights: [w, w.map { -$0 }], bias: [0, 0])])
        let examples = Examples(inputs: Tensor(shape: [1, 4], elements: [0.5, 0.5, 0.5, 0.5]), labels: [0])
        let (points, _) = try run(\(name.type).self, on: ensemble, examples, ThreatModel(epsilon: 0.125))
        #expect(points.elements == [0.375, 0.625, 0.375, 0.5])
      }
    }

    """
  }
}
